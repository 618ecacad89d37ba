// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/contents.h"
#include "image/dump.h"
#include "image/output.h"
#include "image/reader.h"
#include "image/refill.h"
#include "image/report.h"
#include "image/restore.h"
#include "image/state.h"
#include "image/undo.h"

#define UNDO_PREFIX "undo-"
/* What a dump to such a name is written to until it is complete. */
#define UNDO_UNFINISHED ".undo-"
struct undo {
	struct backend *backend;
	struct image *image;
	int directory;
	char name[96];
	char *path;
};

/* --- the undo image --- */

int undo_begin(struct backend *backend, const struct snapshot_source *sources, size_t count,
	       const char *state, const struct snapshot_progress *progress,
	       const struct decision *decision, struct undo **undo, struct fault *fault)
{
	struct snapshot_dump_options options = {.state = state, .progress = *progress};
	struct undo *made = calloc(1, sizeof(*made));
	cleanup_free char *place = state_path(state);
	snapshot_report *report = NULL;
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->backend = backend;
	made->directory = state_open(state, fault);
	error = made->directory < 0 ? made->directory : 0;
	snprintf(made->name, sizeof(made->name), UNDO_PREFIX "%s", decision_name(decision));
	if (!error && (!place || asprintf(&made->path, "%s/%s", place, made->name) < 0)) {
		made->path = NULL;
		error = fault_set(fault, ENOMEM, "out of memory");
	}
	if (!error)
		error = snapshot_dump(backend, sources, count, made->path, &options, &report,
				      fault);
	json_decref(report);
	if (!error)
		error = image_read(made->path, IMAGE_HEADS, NULL, &made->image, fault);
	if (error) {
		fault_prefix(fault, "the undo image");
		undo_end(made, made->directory >= 0);
		return error;
	}
	*undo = made;
	return 0;
}

struct image *undo_image(struct undo *undo)
{
	return undo->image;
}

void undo_end(struct undo *undo, bool remove)
{
	if (remove)
		output_remove(undo->directory, undo->name);
	image_free(undo->image);
	if (undo->directory >= 0)
		close(undo->directory);
	free(undo->path);
	free(undo);
}

/* --- putting it back --- */

/* What the image refers to are the objects of the very same ids, as long as they live. */
static void objects_find(struct restore *restore)
{
	const struct image *image = restore->image;

	for (size_t i = 0; i < image->map_count; i++) {
		restore->maps[i].id = image->maps[i].info.id;
		object_open(restore->backend, OBJECT_MAP, image->maps[i].info.id, 0,
			    &restore->maps[i].handle);
	}
	for (size_t i = 0; i < image->prog_count; i++) {
		restore->progs[i].id = image->progs[i].id;
		object_open(restore->backend, OBJECT_PROG, image->progs[i].id, 0,
			    &restore->progs[i].handle);
	}
	for (size_t i = 0; i < image->device_count; i++)
		restore->devices[i] = image->devices[i].ifindex;
}

static bool is_the_map(struct handle *handle, const struct image_map *map)
{
	struct map_info info;

	return handle && !map_info(handle, &info) && info.type == map->info.type &&
	       info.key_size == map->info.key_size && info.value_size == map->info.value_size;
}

/* Makes one map what the undo image says; a map that is gone needs no undoing. */
static int map_undo(struct restore *restore, size_t index, const char *now_path)
{
	const struct image_map *map = &restore->image->maps[index];
	struct handle *handle = restore->maps[index].handle;
	cleanup_with(image_freep) struct image *now = NULL;
	int error;

	if (!map->contents || map_type_get(map->info.type)->access != MAP_KEYED ||
	    contents_unwritable(&map->info) || map->state.frozen || !is_the_map(handle, map))
		return 0;
	error = dump_one_map(handle, now_path, &now, restore->fault);
	return error ? error : refill_map(restore, map, handle, now, &now->maps[0]);
}

static int image_undo(struct backend *backend, const char *path, struct image *image,
		      struct fault *fault)
{
	static const struct snapshot_restore_options options;
	struct restore restore = {.image = image,
				  .backend = backend,
				  .target = "",
				  .options = &options,
				  .fault = fault};
	cleanup_free char *now = NULL;
	int error = restore_begin(&restore);

	if (!error && asprintf(&now, "%s.now", path) < 0) {
		now = NULL;
		error = fault_set(fault, ENOMEM, "out of memory");
	}
	if (!error)
		objects_find(&restore);
	for (size_t i = 0; !error && i < image->map_count; i++)
		error = map_undo(&restore, restore.order[i], now);
	restore_end(&restore);
	return error;
}

int undo_run(struct undo *undo, struct fault *fault)
{
	return image_undo(undo->backend, undo->path, undo->image, fault);
}

/* --- after a kill --- */

struct recovery {
	struct backend *backend;
	const char *state;
	json_t *notes;
	struct fault *fault;
};

static int image_recover(const struct recovery *recovery, const char *name)
{
	cleanup_with(image_freep) struct image *image = NULL;
	cleanup_free char *place = state_path(recovery->state), *path = NULL;
	int error;

	if (!place || asprintf(&path, "%s/%s", place, name) < 0)
		return fault_set(recovery->fault, ENOMEM, "out of memory");
	error = image_read(path, IMAGE_HEADS, NULL, &image, recovery->fault);
	/* one that is half removed has nothing to be undone */
	if (error == -EINVAL || error == -ENOENT || (!error && image->foreign))
		return 0;
	if (error)
		return error;
	error = image_undo(recovery->backend, path, image, recovery->fault);
	if (!error)
		notes_add(recovery->notes, name,
			  "a run that was killed while it changed maps: "
			  "their elements are as before");
	return error;
}

static int undo_visit(void *context, int directory, const char *name)
{
	struct recovery *recovery = context;
	int state = decision_find(recovery->backend, directory, name + strlen(UNDO_PREFIX),
				  recovery->fault);
	int error = state == DECISION_OPEN ? image_recover(recovery, name) : state < 0 ? state : 0;

	if (!error && state != DECISION_FOREIGN)
		output_remove(directory, name);
	return error;
}

static int unfinished_visit(void *context, int directory, const char *name)
{
	output_remove(directory, name);
	return 0;
}

int undo_recover(struct backend *backend, const char *state, int directory, json_t *notes,
		 struct fault *fault)
{
	struct recovery recovery = {backend, state, notes, fault};

	state_visit_stale(directory, UNDO_UNFINISHED, unfinished_visit, NULL);
	return state_visit_stale(directory, UNDO_PREFIX, undo_visit, &recovery);
}
