// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include <bpfuse/walk.h>
#include "image/dump.h"
#include "image/join.h"
#include "image/reader.h"
#include "image/state.h"
#include "image/undo.h"
#include "image/writer.h"

#define UNDO_PREFIX "undo-"
/* What a dump to such a name is written to until it is complete. */
#define UNDO_UNFINISHED ".undo-"
#define CHANGE_BATCH 1024

struct undo {
	struct backend *backend;
	struct image *image;
	int directory;
	char name[96];
	char *path;
};

/* --- changing one map --- */

struct changing {
	struct handle *handle;
	const struct image_map *map;
	uint64_t flags; /* BPF_F_LOCK where the value has a lock */
	unsigned char *keys, *values;
	uint32_t count;
};

static int changes_flush(struct changing *changing)
{
	uint32_t done;
	int error = map_update_many(changing->handle, changing->keys, changing->values,
				    changing->count, changing->flags, &done);

	changing->count = 0;
	return error;
}

static int change_remove(void *context, enum join_change change, const void *key,
			 const void *from_value, const void *to_value)
{
	struct changing *changing = context;
	int error;

	if (change != JOIN_REMOVED)
		return 0;
	error = map_delete(changing->handle, key);
	return error == -ENOENT ? 0 : error;
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

int map_change(struct handle *handle, const struct image *from_image, const struct image_map *from,
	       const struct image *to_image, const struct image_map *to, struct fault *fault)
{
	struct changing changing = {.handle = handle, .map = to, .flags = lock_flag(handle)};
	int error = 0;

	changing.keys = malloc(CHANGE_BATCH * (size_t)to->info.key_size + 1);
	changing.values = malloc(CHANGE_BATCH * to->value_bytes + 1);
	if (!changing.keys || !changing.values)
		error = -ENOMEM;
	if (!error && !map_type_get(to->info.type)->indexed)
		error = image_join(from_image, from, to_image, to, false, change_remove, &changing,
				   fault);
	if (!error)
		error = image_join(from_image, from, to_image, to, false, change_write, &changing,
				   fault);
	if (!error && changing.count)
		error = changes_flush(&changing);
	free(changing.keys);
	free(changing.values);
	if (error)
		return fault_set(fault, -error, "map %u (%.15s): cannot be changed: %s",
				 to->info.id, to->info.name, strerror(-error));
	return 0;
}

/* --- the undo image --- */

static void undo_free(struct undo *undo)
{
	image_free(undo->image);
	if (undo->directory >= 0)
		close(undo->directory);
	free(undo->path);
	free(undo);
}

int undo_begin(struct backend *backend, const struct snapshot_source *sources, size_t count,
	       const char *state, const struct snapshot_progress *progress, struct undo **undo,
	       struct fault *fault)
{
	struct snapshot_dump_options options = {.state = state, .progress = *progress};
	struct undo *made = calloc(1, sizeof(*made));
	snapshot_report *report = NULL;
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->backend = backend;
	made->directory = state_open(state, fault);
	error = made->directory < 0 ? made->directory : 0;
	state_entry_name(UNDO_PREFIX, made->name);
	if (!error &&
	    asprintf(&made->path, "%s/%s", state ? state : SNAPSHOT_STATE, made->name) < 0) {
		made->path = NULL;
		error = fault_set(fault, ENOMEM, "out of memory");
	}
	if (!error)
		error = snapshot_dump(backend, sources, count, made->path, &options, &report,
				      fault);
	json_decref(report);
	if (!error)
		error = image_read(made->path, IMAGE_HEADS, &made->image, fault);
	if (error) {
		fault_prefix(fault, "the undo image");
		if (made->directory >= 0)
			writer_remove(made->directory, made->name);
		undo_free(made);
		return error;
	}
	*undo = made;
	return 0;
}

struct image *undo_image(struct undo *undo)
{
	return undo->image;
}

/* Makes one map what the undo image says; a map that is gone needs no undoing. */
static int map_undo(struct backend *backend, const char *now_path, struct image *image,
		    const struct image_map *map, struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	cleanup_with(image_freep) struct image *now = NULL;
	struct map_info info;
	int error;

	if (!map->contents || map_type_get(map->info.type)->value != VALUE_PLAIN ||
	    map_type_get(map->info.type)->access != MAP_KEYED)
		return 0;
	error = object_open(backend, OBJECT_MAP, map->info.id, 0, &handle);
	if (!error)
		error = map_info(handle, &info);
	if (error)
		return error == -ENOENT ? 0
					: fault_set(fault, -error, "map %u: %s", map->info.id,
						    strerror(-error));
	if (info.type != map->info.type || info.key_size != map->info.key_size ||
	    info.value_size != map->info.value_size)
		return 0;
	error = dump_one_map(handle, now_path, &now, fault);
	if (error)
		return error;
	return map_change(handle, now, &now->maps[0], image, map, fault);
}

static int image_undo(struct backend *backend, const char *path, struct image *image,
		      struct fault *fault)
{
	cleanup_free char *now = NULL;
	int error = 0;

	if (asprintf(&now, "%s.now", path) < 0)
		return fault_set(fault, ENOMEM, "out of memory");
	for (size_t i = 0; !error && i < image->map_count; i++)
		error = map_undo(backend, now, image, &image->maps[i], fault);
	return error;
}

int undo_end(struct undo *undo, bool success, struct fault *fault)
{
	int error = 0;

	if (!success)
		error = image_undo(undo->backend, undo->path, undo->image, fault);
	if (!error)
		writer_remove(undo->directory, undo->name);
	undo_free(undo);
	return error;
}

/* --- after a kill --- */

struct recovery {
	struct backend *backend;
	const char *state;
	json_t *notes;
	struct fault *fault;
};

static bool undo_is_ours(const struct recovery *recovery, const struct image *image, bool *stale)
{
	const char *backend = json_string_value(json_object_get(image->manifest, "backend"));
	const char *boot = json_string_value(json_object_get(image->manifest, "boot_id"));
	char now[BOOT_TEXT_SIZE];

	state_boot(now);
	*stale = !boot || strcmp(boot, now) != 0;
	return backend && !strcmp(backend, recovery->backend->ops->name);
}

static int undo_visit(void *context, int directory, const char *name)
{
	struct recovery *recovery = context;
	cleanup_with(image_freep) struct image *image = NULL;
	cleanup_free char *path = NULL;
	bool stale;
	int error;

	if (asprintf(&path, "%s/%s", recovery->state ? recovery->state : SNAPSHOT_STATE, name) < 0)
		return fault_set(recovery->fault, ENOMEM, "out of memory");
	/* one that is half removed, or of a moment only, has nothing to be undone */
	if (image_read(path, IMAGE_HEADS, &image, NULL) || image->foreign) {
		writer_remove(directory, name);
		return 0;
	}
	if (!undo_is_ours(recovery, image, &stale))
		return 0;
	error = stale ? 0 : image_undo(recovery->backend, path, image, recovery->fault);
	if (error)
		return error;
	if (!stale && recovery->notes)
		json_array_append_new(recovery->notes,
				      json_pack("{s:s, s:s}", "what", name, "why",
						"a run that was killed while it changed maps: "
						"their elements are as before"));
	writer_remove(directory, name);
	return 0;
}

static int unfinished_visit(void *context, int directory, const char *name)
{
	writer_remove(directory, name);
	return 0;
}

int undo_recover(struct backend *backend, const char *state, int directory, json_t *notes,
		 struct fault *fault)
{
	struct recovery recovery = {backend, state, notes, fault};

	state_visit_stale(directory, UNDO_UNFINISHED, unfinished_visit, NULL);
	return state_visit_stale(directory, UNDO_PREFIX, undo_visit, &recovery);
}
