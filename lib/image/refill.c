// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "image/join.h"
#include "image/lru.h"
#include "image/refill.h"
#include "image/translate.h"

#define CHANGE_BATCH 1024

struct changing {
	struct handle *handle;
	const struct image_map *map;
	uint64_t flags; /* BPF_F_LOCK where the value has a lock */
	unsigned char *keys, *values;
	uint32_t count;
	uint64_t written;
};

static int change_remove(void *context, enum join_change change, const void *key,
			 const void *from_value, const void *to_value)
{
	struct changing *changing = context;
	int error = map_delete(changing->handle, key);

	return error == -ENOENT ? 0 : error;
}

/* Elements of an array stay: only their values change. */
static bool elements_can_go(const struct map_info *info)
{
	return info->type != BPF_MAP_TYPE_ARRAY && info->type != BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* --- values that are the same bytes here as in the image --- */

static int changes_flush(struct changing *changing)
{
	uint32_t done, count = changing->count;

	changing->count = 0;
	if (changing->flags)
		return map_update_many(changing->handle, changing->keys, changing->values, count,
				       changing->flags, &done);
	changing->written += count;
	return lru_update_many(changing->handle, &changing->map->info, changing->keys,
			       changing->values, count, changing->written - count,
			       changing->map->elements, &done);
}

static int change_remove_only(void *context, enum join_change change, const void *key,
			      const void *from_value, const void *to_value)
{
	return change == JOIN_REMOVED ? change_remove(context, change, key, from_value, to_value)
				      : 0;
}

static int change_write(void *context, enum join_change change, const void *key,
			const void *from_value, const void *to_value)
{
	struct changing *changing = context;
	size_t key_size = changing->map->info.key_size, value_size = changing->map->value_bytes;

	if (change != JOIN_ADDED && change != JOIN_CHANGED)
		return 0;
	memcpy(changing->keys + changing->count * key_size, key, key_size);
	memcpy(changing->values + changing->count * value_size, to_value, value_size);
	return ++changing->count < CHANGE_BATCH ? 0 : changes_flush(changing);
}

static uint64_t lock_flag(struct handle *handle)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;

	return !codec_open(handle, NULL, &codec, NULL) && codec_has_lock(codec) ? BPF_F_LOCK : 0;
}

static int refill_plain(struct restore *restore, struct changing *changing, const struct image *now,
			const struct image_map *from)
{
	const struct image_map *map = changing->map;
	int error = 0;

	changing->flags = lock_flag(changing->handle);
	changing->keys = malloc(CHANGE_BATCH * (size_t)map->info.key_size + 1);
	changing->values = malloc(CHANGE_BATCH * map->value_bytes + 1);
	if (!changing->keys || !changing->values)
		error = -ENOMEM;
	if (!error && elements_can_go(&map->info))
		error = image_join(now, from, restore->image, map, false, change_remove_only,
				   changing, restore->fault);
	if (!error)
		error = image_join(now, from, restore->image, map, false, change_write, changing,
				   restore->fault);
	if (!error && changing->count)
		error = changes_flush(changing);
	lru_update_end();
	free(changing->keys);
	free(changing->values);
	return error;
}

/* --- references, and values of another number of CPUs: each is asked for and compared --- */

static int element_write(struct changing *changing, const struct translation *one, void *now)
{
	if (!map_lookup(changing->handle, one->chunk_keys, now, 0) &&
	    !memcmp(now, one->chunk_out, one->value_bytes))
		return 0;
	return map_update(changing->handle, one->chunk_keys, one->chunk_in, BPF_ANY);
}

static int elements_write(struct changing *changing, struct translation *translation,
			  const struct elements *elements, void *now)
{
	struct elements one = *elements;
	int error = 0;

	one.count = 1;
	for (uint32_t i = 0; !error && i < elements->count; i++) {
		one.keys = elements->keys + (size_t)i * changing->map->info.key_size;
		one.values = elements->values + i * changing->map->value_bytes;
		translation_apply(translation, &one);
		if (translation->count)
			error = element_write(changing, translation, now);
		else
			error = change_remove(changing, JOIN_REMOVED, one.keys, NULL, NULL);
	}
	return error;
}

static int refill_translated(struct restore *restore, struct changing *changing,
			     struct translation *translation)
{
	cleanup_free void *now = malloc(translation->value_bytes + 1);
	struct elements elements;
	int more = 0, error = now ? 0 : -ENOMEM;

	if (!error)
		error = elements_open(restore->image, changing->map, &elements, restore->fault);
	if (error)
		return error;
	while (!error && (more = elements_next(&elements, restore->fault)) > 0)
		error = elements_write(changing, translation, &elements, now);
	elements_close(&elements);
	return error ? error : more;
}

static int refill_any(struct restore *restore, struct changing *changing, const struct image *now,
		      const struct image_map *from)
{
	struct translation translation;
	int error = translation_open(restore, changing->map, &translation);

	if (error)
		return error;
	if (!translation.in) {
		error = refill_plain(restore, changing, now, from);
	} else {
		if (elements_can_go(&changing->map->info))
			error = image_join_keys(restore->image, changing->map, now, from,
						change_remove, changing, restore->fault);
		if (!error)
			error = refill_translated(restore, changing, &translation);
	}
	translation_close(&translation);
	return error;
}

int refill_map(struct restore *restore, const struct image_map *map, struct handle *handle,
	       const struct image *now, const struct image_map *from)
{
	struct changing changing = {.handle = handle, .map = map};
	struct fault why = FAULT_INIT;
	char label[96];
	int error = refill_any(restore, &changing, now, from);

	if (!error)
		return 0;
	explain_map_error(&why, MAP_OP_UPDATE, &map->info, NULL, 0, error);
	return fault_set(restore->fault, -error, "%s: cannot be changed: %s",
			 image_map_label(restore->image, map, label),
			 why.text[0] ? why.text : strerror(-error));
}
