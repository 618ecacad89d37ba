// SPDX-License-Identifier: BSD-2-Clause
/* Maps as they were: made, filled, read back, frozen; nobody sees them before they are pinned. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "image/contents.h"
#include "image/elements.h"
#include "image/lru.h"
#include "image/report.h"
#include "image/restore.h"
#include "image/translate.h"

/* --- objects --- */

int restore_load_btfs(struct restore *restore)
{
	const struct image *image = restore->image;
	int error;

	for (size_t i = 0; i < image->btf_count; i++) {
		error = btf_load(restore->backend, image->btfs[i].bytes, image->btfs[i].length,
				 &restore->btfs[i]);
		if (error)
			return fault_set(restore->fault, -error, "BTF %" PRIu32 " is refused: %s",
					 image->btfs[i].id, strerror(-error));
	}
	return 0;
}

/* An element that was dumped serves as well as what the map was once made after. */
static int spec_set_inner(struct restore *restore, const struct image_map *map,
			  struct map_spec *spec)
{
	const struct image_map *inner;
	uint32_t id = map->inner_id;
	struct elements elements;
	int error;

	if (!id) {
		error = elements_open(restore->image, map, &elements, restore->fault);
		if (error)
			return error;
		error = elements_next(&elements, restore->fault);
		if (error > 0)
			memcpy(&id, elements.values, sizeof(id));
		elements_close(&elements);
		if (error < 0)
			return error;
	}
	inner = image_find_map(restore->image, id);
	if (inner && restore->maps[inner - restore->image->maps].handle)
		spec->inner_map_fd = handle_fd(restore->maps[inner - restore->image->maps].handle);
	return 0;
}

static int spec_fill(struct restore *restore, const struct image_map *map, struct map_spec *spec)
{
	const struct map_info *info = &map->info;
	const struct image_btf *btf = image_find_btf(restore->image, info->btf_id);
	struct device_info device;

	*spec = (struct map_spec)MAP_SPEC_INIT;
	spec->type = info->type;
	spec->key_size = info->key_size;
	spec->value_size = info->value_size;
	spec->max_entries = info->max_entries;
	spec->map_flags = info->map_flags;
	spec->map_extra = info->map_extra;
	memcpy(spec->name, info->name, sizeof(info->name));
	/* dev_map_init_map() sets it itself, and refuses who asks for it */
	if (info->type == BPF_MAP_TYPE_DEVMAP || info->type == BPF_MAP_TYPE_DEVMAP_HASH)
		spec->map_flags &= ~(uint32_t)BPF_F_RDONLY_PROG;
	if (info->btf_id && btf) {
		spec->btf_fd = handle_fd(restore->btfs[btf - restore->image->btfs]);
		spec->btf_key_type_id = info->btf_key_type_id;
		spec->btf_value_type_id = info->btf_value_type_id;
	}
	if (map->ifname[0] && !device_find(restore->backend, map->ifname, &device))
		spec->ifindex = device.ifindex;
	if (map_type_get(info->type)->value == VALUE_MAP)
		return spec_set_inner(restore, map, spec);
	return 0;
}

static int map_make(struct restore *restore, size_t index)
{
	const struct image_map *map = &restore->image->maps[index];
	struct restore_map *made = &restore->maps[index];
	struct map_spec spec;
	struct fault why = FAULT_INIT;
	char label[96];
	int error = spec_fill(restore, map, &spec);

	if (error)
		return error;
	error = map_create(restore->backend, &spec, &made->handle);
	if (!error)
		error = object_id(made->handle, &made->id);
	if (!error)
		return 0;
	explain_map_error(&why, MAP_OP_CREATE, &map->info, NULL, 0, error);
	return fault_set(restore->fault, -error, "%s: cannot be made: %s",
			 image_map_label(restore->image, map, label),
			 why.text[0] ? why.text : strerror(-error));
}

/* --- elements --- */

/* One walk over an image's elements, as they are for this target. */
struct filling {
	struct restore *restore;
	const struct image_map *map;
	struct handle *handle;
	struct translation translation;
	struct elements elements;
	struct digest expected;
	uint64_t written;
};

static int filling_open(struct filling *filling, struct restore *restore, size_t index)
{
	int error;

	*filling = (struct filling){.restore = restore,
				    .map = &restore->image->maps[index],
				    .handle = restore->maps[index].handle};
	error = translation_open(restore, filling->map, &filling->translation);
	if (error)
		return error;
	error = elements_open(restore->image, filling->map, &filling->elements, restore->fault);
	if (error)
		translation_close(&filling->translation);
	/* a stack grows from its bottom, and was taken from its top */
	filling->elements.backwards = filling->map->info.type == BPF_MAP_TYPE_STACK;
	return error;
}

static void filling_close(struct filling *filling)
{
	translation_close(&filling->translation);
	elements_close(&filling->elements);
}

static int filling_next(struct filling *filling)
{
	int more = elements_next(&filling->elements, filling->restore->fault);

	if (more > 0)
		translation_apply(&filling->translation, &filling->elements);
	return more;
}

static int fill_fault(struct filling *filling, int error)
{
	struct fault why = FAULT_INIT;
	char label[96];

	explain_map_error(&why, MAP_OP_UPDATE, &filling->map->info, NULL, 0, error);
	return fault_set(filling->restore->fault, -error, "%s: cannot be filled: %s",
			 image_map_label(filling->restore->image, filling->map, label),
			 why.text[0] ? why.text : strerror(-error));
}

/* The elements of a stack come last first, those of one chunk too. */
static int chunk_push_backwards(struct filling *filling)
{
	const struct translation *chunk = &filling->translation;
	int error = 0;

	for (uint32_t i = chunk->count; !error && i; i--)
		error = map_update(filling->handle, NULL,
				   chunk->chunk_in + (i - 1) * chunk->value_bytes, BPF_ANY);
	return error;
}

static int chunk_write(struct filling *filling)
{
	const struct translation *chunk = &filling->translation;
	uint32_t done;
	int error;

	if (filling->elements.backwards)
		error = chunk_push_backwards(filling);
	else
		error = lru_update_many(filling->handle, &filling->map->info, chunk->chunk_keys,
					chunk->chunk_in, chunk->count, filling->written,
					filling->map->elements, &done);
	if (error)
		return fill_fault(filling, error);
	digest_add(&filling->expected, chunk->chunk_keys, filling->map->info.key_size,
		   chunk->chunk_out, chunk->value_bytes, chunk->count, filling->written);
	filling->written += chunk->count;
	return 0;
}

static int fill_progress(struct filling *filling)
{
	char label[96];

	if (progress_report(&filling->restore->options->progress,
			    image_map_label(filling->restore->image, filling->map, label),
			    filling->written, filling->map->elements))
		return fault_set(filling->restore->fault, ECANCELED, "interrupted");
	return 0;
}

/* --- reading back --- */

static int readback_digest(struct filling *filling, struct digest *found, uint64_t *elements)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int error = walk_open(filling->handle, WALK_VALUES, &walk);

	*found = (struct digest){0};
	*elements = 0;
	while (!error && (error = walk_next(walk, &chunk)) > 0) {
		contents_clear_padding(&filling->map->info, filling->handle->backend->possible_cpus,
				       (unsigned char *)chunk.values, chunk.count);
		digest_add(found, chunk.keys, chunk.key_size, chunk.values, chunk.value_size,
			   chunk.count, *elements);
		*elements += chunk.count;
		error = 0;
	}
	return error;
}

/* Is every element there? Those that are not are put in once more (`again`), or counted. */
static int readback_each(struct restore *restore, size_t index, bool again, uint64_t *missing)
{
	struct filling filling;
	cleanup_free unsigned char *value = NULL;
	uint32_t done;
	int more = 0, error = filling_open(&filling, restore, index);

	*missing = 0;
	if (error)
		return error;
	value = malloc(filling.translation.value_bytes + 1);
	error = value ? 0 : fault_set(restore->fault, ENOMEM, "out of memory");
	while (!error && (more = filling_next(&filling)) > 0) {
		const struct translation *chunk = &filling.translation;

		for (uint32_t i = 0; i < chunk->count; i++) {
			const unsigned char *key =
				chunk->chunk_keys + (size_t)i * filling.map->info.key_size;
			const unsigned char *wanted = chunk->chunk_out + i * chunk->value_bytes;

			if (!map_lookup(filling.handle, key, value, 0)) {
				contents_clear_padding(&filling.map->info,
						       restore->backend->possible_cpus, value, 1);
				if (!memcmp(value, wanted, chunk->value_bytes))
					continue;
			}
			++*missing;
			if (again)
				lru_update_many(filling.handle, &filling.map->info, key,
						chunk->chunk_in + i * chunk->value_bytes, 1,
						filling.elements.position + i,
						filling.map->elements, &done);
		}
	}
	filling_close(&filling);
	return error ? error : more;
}

static bool is_lru(const struct map_info *info)
{
	return info->type == BPF_MAP_TYPE_LRU_HASH || info->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int readback_tell(struct restore *restore, size_t index, uint64_t missing)
{
	const struct image_map *map = &restore->image->maps[index];
	char label[96], why[128];

	image_map_label(restore->image, map, label);
	if (!is_lru(&map->info))
		return fault_set(restore->fault, EIO,
				 "%s: %" PRIu64 " of %" PRIu64 " elements did not read back as "
				 "written",
				 image_map_label(restore->image, map, label), missing,
				 map->elements);
	snprintf(why, sizeof(why),
		 "%" PRIu64 " of %" PRIu64 " elements were evicted while the LRU map was filled",
		 missing, map->elements);
	report_omit(restore->report, image_map_label(restore->image, map, label), why);
	if (!restore->options->partial)
		return fault_set(restore->fault, EOPNOTSUPP, "%s: %s (--partial accepts that)",
				 image_map_label(restore->image, map, label), why);
	return 0;
}

/*
 * What the map says it holds is what was written. An array of which only some elements were in
 * the image holds more, and an LRU map may have evicted some: there each element is asked for.
 */
static int readback(struct restore *restore, size_t index, struct filling *filling)
{
	struct digest found;
	uint64_t elements, missing;
	int error = readback_digest(filling, &found, &elements);

	if (error)
		return fill_fault(filling, error);
	if (elements == filling->written && digest_equal(&found, &filling->expected))
		return 0;
	error = readback_each(restore, index, is_lru(&filling->map->info), &missing);
	if (!error && missing && is_lru(&filling->map->info))
		error = readback_each(restore, index, false, &missing);
	if (!error)
		error = readback_digest(filling, &found, &elements);
	if (error)
		return error;
	if (!missing && elements != filling->written &&
	    !map_type_get(filling->map->info.type)->indexed)
		missing = elements > filling->written ? elements - filling->written
						      : filling->written - elements;
	return missing ? readback_tell(restore, index, missing) : 0;
}

static int map_fill(struct restore *restore, size_t index)
{
	const struct image_map *map = &restore->image->maps[index];
	struct filling filling;
	int more, error = filling_open(&filling, restore, index);

	if (error)
		return error;
	while (!error && (more = filling_next(&filling)) != 0) {
		error = more < 0 ? more : chunk_write(&filling);
		if (!error)
			error = fill_progress(&filling);
	}
	if (!error && map_type_get(map->info.type)->access != MAP_QUEUE)
		error = readback(restore, index, &filling);
	lru_update_end();
	filling_close(&filling);
	return error;
}

static int map_finish(struct restore *restore, size_t index)
{
	const struct image_map *map = &restore->image->maps[index];
	char label[96];
	int error = 0;

	if (map->contents && map->elements && !restore->maps[index].empty)
		error = map_fill(restore, index);
	if (!error && map->state.frozen) {
		error = map_freeze(restore->maps[index].handle);
		if (error)
			fault_set(restore->fault, -error, "%s: cannot be frozen: %s",
				  image_map_label(restore->image, map, label), strerror(-error));
	}
	return error;
}

int restore_make_map(struct restore *restore, size_t index)
{
	int error = map_make(restore, index);

	return error ? error : map_finish(restore, index);
}

int restore_make(struct restore *restore)
{
	int error = restore_load_btfs(restore);

	for (size_t i = 0; !error && i < restore->image->map_count; i++) {
		size_t index = restore->order[i];

		if (!restore->maps[index].skip)
			error = restore_make_map(restore, index);
	}
	return error;
}

int restore_make_empty(struct restore *restore)
{
	struct fault *fault = restore->fault;
	int error = restore_load_btfs(restore);

	restore->fault = NULL;
	for (size_t i = 0; !error && i < restore->image->map_count; i++)
		if (map_make(restore, restore->order[i]) == -ENOMEM)
			error = fault_set(fault, ENOMEM, "out of memory");
	restore->fault = fault;
	return error;
}
