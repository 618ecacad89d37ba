// SPDX-License-Identifier: BSD-2-Clause
/*
 * Refilling maps that are pinned and in use, so that loaded programs see the elements.
 *
 * Keyed maps are changed element by element, after an undo image; queues and stacks are emptied
 * into journals. Then one step decides: from there on the next run would complete it. Queues get
 * their elements, and maps that are to be frozen are frozen last.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/walk.h>
#include <linux/bpf.h>
#include "image/contents.h"
#include "image/decision.h"
#include "image/queue.h"
#include "image/refill.h"
#include "image/report.h"
#include "image/restore.h"
#include "image/undo.h"

struct refill {
	struct handle *handle;
	size_t index;  /* of the image's map */
	uint32_t id;   /* of the map here */
	char name[24]; /* in the undo image */
	char *path;
	/* queues and stacks: what was in it, and what goes in */
	struct queue_journal *before, *after;
};

struct refills {
	struct restore *restore;
	struct refill *list;
	size_t count;
	struct decision *decision;
	struct undo *undo;
};

static void refills_free(struct refills *refills)
{
	for (size_t i = 0; i < refills->count; i++) {
		handle_close(refills->list[i].handle);
		free(refills->list[i].path);
	}
	free(refills->list);
}

static const struct image_map *map_of(const struct refills *refills, const struct refill *refill)
{
	return &refills->restore->image->maps[refill->index];
}

static bool is_keyless(const struct image_map *map)
{
	return map_type_get(map->info.type)->access == MAP_QUEUE;
}

/* --- what can be refilled --- */

/* Why the map that is pinned here cannot take the elements; NULL: it can. */
static const char *refill_obstacle(const struct image_map *map, struct handle *handle)
{
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
	return NULL;
}

/* Maps without elements in the snapshot stay as they are; that was told when it was taken. */
static bool is_left_alone(const struct restore *restore, size_t index)
{
	const struct image_map *map = &restore->image->maps[index];

	return !map->contents || restore->maps[index].skip || restore->maps[index].empty ||
	       contents_unwritable(&map->info);
}

static bool refills_have(const struct refills *refills, size_t index, uint32_t id)
{
	for (size_t i = 0; i < refills->count; i++)
		if (refills->list[i].index == index && refills->list[i].id == id)
			return true;
	return false;
}

/* What other elements refer to by this map of the image is the map that is here. */
static int refill_stand_in(struct restore *restore, size_t index, const char *path, uint32_t id)
{
	struct restore_map *made = &restore->maps[index];

	if (made->handle)
		return 0;
	made->id = id;
	return pin_open(restore->backend, path, 0, &made->handle);
}

static int refill_append(struct refills *refills, size_t index, char *path, struct handle *handle)
{
	struct refill *refill = &refills->list[refills->count];
	uint32_t id = 0;
	int error = object_id(handle, &id);

	if (!error)
		error = refill_stand_in(refills->restore, index, path, id);
	if (error || refills_have(refills, index, id)) {
		handle_close(handle);
		free(path);
		return error;
	}
	*refill = (struct refill){.handle = handle, .index = index, .id = id, .path = path};
	snprintf(refill->name, sizeof(refill->name), "m%zu", refills->count++);
	return 0;
}

static int refill_find(struct refills *refills, const struct image_node *node)
{
	struct restore *restore = refills->restore;
	const struct image_map *map = image_find_map(restore->image, node->id);
	size_t index = (size_t)(map - restore->image->maps);
	cleanup_free char *path = restore_path(restore->target, node->path);
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct stat st;
	const char *why;
	int error;

	if (is_left_alone(restore, index))
		return 0;
	error = path ? pin_open(restore->backend, path, 0, &handle) : -ENOMEM;
	if (error == -ENOENT || error == -ENOTDIR)
		why = "nothing is pinned there to be refilled";
	else if (error && !tree_stat(restore->backend, path, &st) && S_ISDIR(st.st_mode))
		why = "a directory is in its place";
	else if (error)
		return fault_set(restore->fault, -error, "%s: %s", node->path, strerror(-error));
	else
		why = refill_obstacle(map, handle);
	if (why) {
		report_omit(restore->report, node->path, why);
		return 0;
	}
	error = refill_append(refills, index, move_ptr(path), move_ptr(handle));
	return error ? fault_set(restore->fault, -error, "%s: %s", node->path, strerror(-error))
		     : 0;
}

static int refills_find(struct refills *refills)
{
	struct restore *restore = refills->restore;
	size_t before = snapshot_report_omissions(restore->report);
	int error = 0;

	refills->list = calloc(restore->image->node_count + 1, sizeof(*refills->list));
	if (!refills->list)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	for (size_t i = 0; !error && i < restore->image->node_count; i++)
		if (restore->image->nodes[i].kind == NODE_MAP)
			error = refill_find(refills, &restore->image->nodes[i]);
	if (!error && snapshot_report_omissions(restore->report) > before &&
	    !restore->options->partial)
		error = fault_set(
			restore->fault, EOPNOTSUPP,
			"not all maps can be refilled in place; --partial goes on without");
	return error;
}

/* --- keyed maps --- */

/* An LRU map may have evicted something to make room. */
static void eviction_tell(struct refills *refills, const struct refill *refill)
{
	const struct image_map *map = map_of(refills, refill);
	uint64_t count;

	if ((map->info.type == BPF_MAP_TYPE_LRU_HASH ||
	     map->info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH) &&
	    !map_count(refill->handle, &count) && count < map->elements)
		report_omit(refills->restore->report, refill->path,
			    "elements were evicted while the LRU map was filled");
}

static int refill_run(struct refills *refills, const struct refill *refill)
{
	struct restore *restore = refills->restore;
	const struct image_map *map = map_of(refills, refill);
	struct image *now = undo_image(refills->undo);
	const struct image_node *node = image_find_node(now, refill->name);
	const struct image_map *from = node ? image_find_map(now, node->id) : NULL;
	char label[96];
	int error;

	if (!from)
		return fault_set(restore->fault, EIO, "%s: is not in the undo image", refill->path);
	if (progress_report(&restore->options->progress,
			    image_map_label(restore->image, map, label), 0, map->elements))
		return fault_set(restore->fault, ECANCELED, "interrupted");
	error = refill_map(restore, map, refill->handle, now, from);
	if (!error)
		eviction_tell(refills, refill);
	return error;
}

/* Inner maps that are pinned nowhere are made anew, and take the place of those that are there. */
static bool is_needed(const struct refills *refills, size_t index)
{
	const struct restore *restore = refills->restore;
	const struct image *image = restore->image;

	if (restore->maps[index].skip || restore->maps[index].handle)
		return false;
	for (size_t i = 0; i < image->node_count; i++)
		if (image->nodes[i].kind == NODE_MAP &&
		    image->nodes[i].id == image->maps[index].info.id)
			return false;
	return true;
}

static int keyed_run(struct refills *refills)
{
	struct restore *restore = refills->restore;
	int error = restore_load_btfs(restore);

	for (size_t i = 0; !error && i < restore->image->map_count; i++) {
		size_t index = restore->order[i];

		if (is_keyless(&restore->image->maps[index]))
			continue;
		if (is_needed(refills, index))
			error = restore_make_map(restore, index);
		for (size_t at = 0; !error && at < refills->count; at++)
			if (refills->list[at].index == index)
				error = refill_run(refills, &refills->list[at]);
	}
	return error;
}

/* --- queues and stacks --- */

static int queue_out(struct refills *refills, struct refill *refill)
{
	struct restore *restore = refills->restore;
	int error = queue_prepare(refill->handle, restore->image, map_of(refills, refill),
				  restore->options->state, refills->decision, &refill->after,
				  restore->fault);

	return error ? error
		     : queue_take(refill->handle, refill->path, restore->options->state,
				  refills->decision, &refill->before, restore->fault);
}

static int queues_out(struct refills *refills)
{
	int error = 0;

	for (size_t i = 0; !error && i < refills->count; i++)
		if (is_keyless(map_of(refills, &refills->list[i])))
			error = queue_out(refills, &refills->list[i]);
	return error;
}

/* decided: the new elements go in, else the old ones. */
static int queue_in(struct refill *refill, bool decided, struct fault *fault)
{
	struct queue_journal *put = decided ? refill->after : refill->before;
	struct queue_journal *drop = decided ? refill->before : refill->after;

	if (drop)
		queue_drop(drop);
	return put ? queue_put_back(refill->handle, put, fault) : 0;
}

static int queues_in(struct refills *refills, bool decided, struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; i < refills->count; i++) {
		int put = queue_in(&refills->list[i], decided, fault);

		error = error ? error : put;
	}
	return error;
}

/* --- the whole --- */

static int freezes_note(struct refills *refills)
{
	int error = 0;

	for (size_t i = 0; !error && i < refills->count; i++)
		if (map_of(refills, &refills->list[i])->state.frozen)
			error = decision_add_freeze(refills->decision, refills->list[i].id);
	return error ? fault_set(refills->restore->fault, ENOMEM, "out of memory") : 0;
}

static int sources_undo(struct refills *refills)
{
	struct restore *restore = refills->restore;
	cleanup_free struct snapshot_source *sources = calloc(refills->count + 1, sizeof(*sources));

	if (!sources)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	for (size_t i = 0; i < refills->count; i++)
		sources[i] = (struct snapshot_source){refills->list[i].path, refills->list[i].name};
	return undo_begin(restore->backend, sources, refills->count, restore->options->state,
			  &restore->options->progress, refills->decision, &refills->undo,
			  restore->fault);
}

/* Programs and inner maps may live by the elements that are about to change alone. */
static bool needs_holding(const struct image *now)
{
	bool needed = now->prog_count > 0;

	for (size_t i = 0; !needed && i < now->map_count; i++)
		needed = map_type_get(now->maps[i].info.type)->value == VALUE_MAP;
	return needed;
}

static int changes_run(struct refills *refills)
{
	struct restore *restore = refills->restore;
	int error = sources_undo(refills);

	if (!error && needs_holding(undo_image(refills->undo)))
		error = staging_hold(restore, undo_image(refills->undo));
	if (!error)
		error = keyed_run(refills);
	if (!error)
		error = queues_out(refills);
	if (!error)
		error = freezes_note(refills);
	return error ? error : decision_take(refills->decision, restore->fault);
}

/* 0: everything is put back. */
static int changes_undo(struct refills *refills)
{
	struct fault later = FAULT_INIT;
	int error = queues_in(refills, false, &later);
	int undone = refills->undo ? undo_run(refills->undo, &later) : 0;

	error = error ? error : undone;
	if (error)
		report_note(refills->restore->report, "undo", later.text);
	return error;
}

static int changes_finish(struct refills *refills)
{
	struct fault *fault = refills->restore->fault;
	int error = queues_in(refills, true, fault);

	return error ? error : decision_finish(refills->decision, fault);
}

static int refills_run(struct refills *refills)
{
	struct restore *restore = refills->restore;
	int left, error = decision_begin(restore->backend, restore->options->state, NULL,
					 &refills->decision, restore->fault);

	if (error)
		return error;
	error = changes_run(refills);
	left = error ? changes_undo(refills) : changes_finish(refills);
	if (refills->undo)
		undo_end(refills->undo, !left);
	decision_end(refills->decision, !left);
	if (!left)
		staging_release(restore);
	return error ? error : left;
}

int in_place_run(struct restore *restore)
{
	struct refills refills = {.restore = restore};
	int error = refills_find(&refills);

	if (!error && refills.count && !restore->options->dry_run)
		error = refills_run(&refills);
	refills_free(&refills);
	return error;
}
