// SPDX-License-Identifier: BSD-2-Clause
/* Refilling maps that are pinned and in use, so that loaded programs see the elements. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/contents.h"
#include "image/report.h"
#include "image/restore.h"
#include "image/undo.h"

struct refill {
	struct handle *handle;
	const struct image_map *map;
	char name[24]; /* in the undo image */
	char *path;
};

struct refills {
	struct refill *list;
	size_t count;
};

static void refills_free(struct refills *refills)
{
	for (size_t i = 0; i < refills->count; i++) {
		handle_close(refills->list[i].handle);
		free(refills->list[i].path);
	}
	free(refills->list);
}

/* Why the map that is pinned here cannot take the elements; NULL: it can. */
static const char *refill_obstacle(struct restore *restore, const struct image_map *map,
				   struct handle *handle)
{
	const struct map_type *type = map_type_get(map->info.type);
	struct map_state state;
	struct map_info info;

	if (handle->kind != OBJECT_MAP || map_info(handle, &info) || map_state(handle, &state))
		return "what is pinned there is no map that can be queried";
	if (info.type != map->info.type || info.key_size != map->info.key_size ||
	    info.value_size != map->info.value_size)
		return "the map that is pinned there has another type, key or value size";
	if (info.max_entries < map->elements)
		return "the map that is pinned there has not enough room";
	if (state.frozen)
		return "the map that is pinned there is frozen";
	if (type->value != VALUE_PLAIN || type->access != MAP_KEYED)
		return "maps of references, queues and streams are not refilled in place";
	if (contents_unwritable(&map->info))
		return contents_unwritable(&map->info);
	if (!map->contents)
		return "its elements are not in the snapshot";
	if (type->percpu && restore->image->possible_cpus &&
	    restore->image->possible_cpus != restore->backend->possible_cpus)
		return "its values are of another number of CPUs";
	return NULL;
}

static bool refills_have(const struct refills *refills, const struct image_map *map)
{
	for (size_t i = 0; i < refills->count; i++)
		if (refills->list[i].map == map)
			return true;
	return false;
}

static int refill_add(struct restore *restore, struct refills *refills,
		      const struct image_node *node)
{
	const struct image_map *map = image_find_map(restore->image, node->id);
	cleanup_free char *path = restore_path(restore->target, node->path);
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct refill *refill = &refills->list[refills->count];
	const char *why;
	int error;

	if (refills_have(refills, map))
		return 0;
	error = path ? pin_open(restore->backend, path, 0, &handle) : -ENOMEM;
	if (error == -ENOENT)
		why = "nothing is pinned there to be refilled";
	else if (error)
		return fault_set(restore->fault, -error, "%s: %s", node->path, strerror(-error));
	else
		why = refill_obstacle(restore, map, handle);
	if (why) {
		report_omit(restore->report, node->path, why);
		return 0;
	}
	refill->handle = move_ptr(handle);
	refill->path = move_ptr(path);
	refill->map = map;
	snprintf(refill->name, sizeof(refill->name), "m%zu", refills->count++);
	return 0;
}

static int refills_find(struct restore *restore, struct refills *refills)
{
	size_t before = snapshot_report_omissions(restore->report);
	int error = 0;

	refills->list = calloc(restore->image->node_count + 1, sizeof(*refills->list));
	if (!refills->list)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	for (size_t i = 0; !error && i < restore->image->node_count; i++)
		if (restore->image->nodes[i].kind == NODE_MAP)
			error = refill_add(restore, refills, &restore->image->nodes[i]);
	if (!error && snapshot_report_omissions(restore->report) > before &&
	    !restore->options->partial)
		error = fault_set(
			restore->fault, EOPNOTSUPP,
			"not all maps can be refilled in place; --partial goes on without");
	return error;
}

static int refill_run(struct restore *restore, const struct refill *refill, struct image *now)
{
	const struct image_node *node = image_find_node(now, refill->name);
	const struct image_map *from = node ? image_find_map(now, node->id) : NULL;
	char label[96];

	if (!from)
		return fault_set(restore->fault, EIO, "%s: is not in the undo image", refill->path);
	if (progress_report(&restore->options->progress,
			    image_map_label(restore->image, refill->map, label), 0,
			    refill->map->elements))
		return fault_set(restore->fault, ECANCELED, "interrupted");
	if (refill->map->state.frozen)
		report_note(restore->report, refill->path,
			    "was frozen when it was dumped; a map in use is not frozen");
	return map_change(refill->handle, now, from, restore->image, refill->map, restore->fault);
}

static int refills_run(struct restore *restore, const struct refills *refills)
{
	cleanup_free struct snapshot_source *sources = calloc(refills->count + 1, sizeof(*sources));
	struct fault later = FAULT_INIT;
	struct undo *undo;
	int error, undone;

	if (!sources)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	for (size_t i = 0; i < refills->count; i++)
		sources[i] = (struct snapshot_source){refills->list[i].path, refills->list[i].name};
	error = undo_begin(restore->backend, sources, refills->count, restore->options->state,
			   &restore->options->progress, &undo, restore->fault);
	for (size_t i = 0; !error && i < refills->count; i++) {
		error = refill_run(restore, &refills->list[i], undo_image(undo));
		if (!error && i + 1 < refills->count)
			continue;
		undone = undo_end(undo, !error, &later);
		if (undone)
			report_note(restore->report, "undo", later.text);
		break;
	}
	return error;
}

int in_place_run(struct restore *restore)
{
	struct refills refills = {0};
	int error = refills_find(restore, &refills);

	if (!error && refills.count && !restore->options->dry_run)
		error = refills_run(restore, &refills);
	refills_free(&refills);
	return error;
}
