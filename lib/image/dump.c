// SPDX-License-Identifier: BSD-2-Clause
/* Taking a snapshot: each map is read, written and closed before the next one is opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include <bpfuse/walk.h>
#include "image/collect.h"
#include "image/contents.h"
#include "image/dump.h"
#include "image/incremental.h"
#include "image/manifest.h"
#include "image/owner.h"
#include "image/queue.h"
#include "image/reader.h"
#include "image/report.h"
#include "image/undo.h"
#include "image/writer.h"

struct dumper {
	struct collector collector; /* first: its callback gets the whole */
	struct writer *writer;
	const struct snapshot_dump_options *options;
	struct drained_queue *drained;
};

static int errno_fault(struct fault *fault, int error, const char *label, const char *what)
{
	if (error == -ECANCELED)
		return fault_set(fault, ECANCELED, "interrupted");
	return fault_set(fault, -error, "%s: %s: %s", label, what, strerror(-error));
}

/* Values that BTF says hold a lock are read under it. */
static unsigned walk_flags_for(struct handle *map)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	unsigned flags = WALK_VALUES;

	if (!codec_open(map, NULL, &codec, NULL) && codec_has_lock(codec))
		flags |= WALK_LOCKED;
	return flags;
}

/* One walk; `take` gets each chunk, with the padding of per-CPU slots cleared. */
static int walk_elements(struct dumper *dumper, struct handle *map, const struct map_info *info,
			 const char *label, unsigned flags, struct digest *digest,
			 uint64_t *elements, bool write, struct fault *fault)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int error = walk_open(map, flags, &walk);

	*digest = (struct digest){0};
	*elements = 0;
	while (!error && (error = walk_next(walk, &chunk)) > 0) {
		contents_clear_padding(info, map->backend->possible_cpus,
				       (unsigned char *)chunk.values, chunk.count);
		digest_add(digest, chunk.keys, chunk.key_size, chunk.values, chunk.value_size,
			   chunk.count, *elements);
		*elements += chunk.count;
		error = progress_report(&dumper->options->progress, label, *elements,
					info->max_entries)
				? -ECANCELED
				: 0;
		if (!error && write)
			error = collect_references(&dumper->collector, info, chunk.values,
						   chunk.value_size, chunk.count, fault);
		if (!error && write)
			error = writer_map_add(dumper->writer, chunk.keys, chunk.values,
					       chunk.count, false, fault);
		if (error && error != -ECANCELED)
			return error;
	}
	return error ? errno_fault(fault, error, label, "its elements cannot be read") : 0;
}

/* Equal digests of two passes: nothing changed between them. */
static int promise_find(struct dumper *dumper, struct handle *handle, struct image_map *map,
			const char *label, unsigned flags, struct fault *fault)
{
	struct digest again;
	uint64_t elements;
	int error;

	map->promise = map->state.frozen ? PROMISE_EXACT : PROMISE_FUZZY;
	if (map->promise == PROMISE_EXACT || !dumper->options->verify)
		return 0;
	error = walk_elements(dumper, handle, &map->info, label, flags, &again, &elements, false,
			      fault);
	if (!error && elements == map->elements && digest_equal(&again, &map->digest))
		map->promise = PROMISE_EXACT;
	return error;
}

/* Only plain elements are taken out: what others refer to might be gone with the reference. */
static bool drain_wanted(struct dumper *dumper, const struct image_map *map, const char *label)
{
	const struct map_type *type = map_type_get(map->info.type);

	if (!dumper->options->drain)
		return false;
	if (type->value == VALUE_PLAIN && !type->indexed && !contents_unwritable(&map->info))
		return true;
	report_note(dumper->collector.report, label,
		    "elements of this type stay in the map; they were only copied");
	return false;
}

static int dump_plain(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		      struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];
	unsigned flags = walk_flags_for(handle);
	bool drain = drain_wanted(dumper, map, label);
	uint64_t elements;
	int error = writer_map_begin(dumper->writer, map, fault);

	if (!error)
		error = walk_elements(dumper, handle, &map->info, label,
				      flags | (drain ? WALK_DRAIN : 0), &map->digest, &elements,
				      true, fault);
	if (!error)
		error = writer_map_end(dumper->writer, map, fault);
	map->has_digest = true;
	if (drain) /* what was taken out is what there was, each element once */
		map->promise = PROMISE_EXACT;
	return error || drain ? error : promise_find(dumper, handle, map, label, flags, fault);
}

/* --- maps of maps: what they hold is taken first --- */

struct outer_elements {
	struct buffer keys;
	struct buffer ids; /* uint32_t each */
};

static void outer_free(struct outer_elements *outer)
{
	buffer_free(&outer->keys);
	buffer_free(&outer->ids);
}

static int outer_read(struct handle *handle, struct outer_elements *outer)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int error = walk_open(handle, WALK_VALUES, &walk);

	while (!error && (error = walk_next(walk, &chunk)) > 0) {
		buffer_append(&outer->keys, chunk.keys, chunk.count * chunk.key_size);
		buffer_append(&outer->ids, chunk.values, chunk.count * chunk.value_size);
		error = buffer_error(&outer->keys) ? -ENOMEM : buffer_error(&outer->ids);
	}
	return error;
}

/* An inner map that is gone by now takes its element with it. */
static int outer_take_inner(struct dumper *dumper, struct outer_elements *outer, uint32_t key_size,
			    uint32_t *kept, struct fault *fault)
{
	uint32_t count = (uint32_t)(outer->ids.length / sizeof(uint32_t));

	*kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t id;
		int error;

		memcpy(&id, outer->ids.data + i * sizeof(id), sizeof(id));
		error = collect_inner_map(&dumper->collector, id, fault);
		if (error == -ENOENT)
			continue;
		if (error)
			return error;
		memmove(outer->keys.data + (size_t)*kept * key_size,
			outer->keys.data + (size_t)i * key_size, key_size);
		memcpy(outer->ids.data + *kept * sizeof(id), &id, sizeof(id));
		++*kept;
	}
	return 0;
}

static int outer_write(struct dumper *dumper, const struct outer_elements *outer, uint32_t count,
		       struct image_map *map, struct fault *fault)
{
	int error = writer_map_begin(dumper->writer, map, fault);

	digest_add(&map->digest, outer->keys.data, map->info.key_size, outer->ids.data,
		   sizeof(uint32_t), count, 0);
	map->has_digest = true;
	if (count)
		memcpy(&map->inner_id, outer->ids.data, sizeof(map->inner_id));
	if (!error && count)
		error = writer_map_add(dumper->writer, outer->keys.data, outer->ids.data, count,
				       false, fault);
	return error ? error : writer_map_end(dumper->writer, map, fault);
}

static int dump_outer(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		      struct fault *fault)
{
	struct image *image = dumper->collector.image;
	struct outer_elements outer = {BUFFER_INIT, BUFFER_INIT};
	uint32_t kept = 0;
	int error = outer_read(handle, &outer);

	if (error)
		error = errno_fault(fault, error, label, "its elements cannot be read");
	/* The list of maps may move while inner ones are added: index, not pointer. */
	if (!error)
		error = outer_take_inner(dumper, &outer, image->maps[index].info.key_size, &kept,
					 fault);
	if (!error)
		error = outer_write(dumper, &outer, kept, &image->maps[index], fault);
	outer_free(&outer);
	if (!error && !kept)
		error = image_omit(image, label,
				   "is empty, and the kernel does not tell what maps it may hold");
	return error ? error
		     : promise_find(dumper, handle, &image->maps[index], label, WALK_VALUES, fault);
}

/* --- queues and stacks --- */

/* A queue that was emptied for good (--drain): its journal goes when the snapshot is complete. */
struct drained_queue {
	struct queue_journal *journal;
	struct handle *map;
	struct drained_queue *next;
};

/* Back, or noted to stay out once the snapshot is complete. */
static int queue_settle(struct dumper *dumper, const struct image_map *map,
			struct queue_journal *journal, struct handle *handle, bool failed,
			struct fault *fault)
{
	struct drained_queue *drained = NULL;

	if (!failed && dumper->options->drain)
		drained = calloc(1, sizeof(*drained));
	if (drained && !object_open(handle->backend, OBJECT_MAP, map->info.id, 0, &drained->map)) {
		drained->journal = journal;
		drained->next = dumper->drained;
		dumper->drained = drained;
		return 0;
	}
	free(drained);
	return queue_put_back(handle, journal, failed ? NULL : fault);
}

static void queues_settle(struct dumper *dumper, bool complete)
{
	struct drained_queue *drained;

	while ((drained = dumper->drained)) {
		dumper->drained = drained->next;
		if (complete)
			queue_drop(drained->journal);
		else
			queue_put_back(drained->map, drained->journal, NULL);
		handle_close(drained->map);
		free(drained);
	}
}

static int dump_queue_elements(struct dumper *dumper, struct handle *handle, struct image_map *map,
			       const char *label, struct fault *fault)
{
	struct queue_journal *journal;
	int settled, error = queue_take(handle, label, dumper->options->state, &journal, fault);

	if (error)
		return error;
	error = writer_map_begin(dumper->writer, map, fault);
	if (!error && queue_count(journal))
		error = writer_map_add(dumper->writer, NULL, queue_values(journal),
				       queue_count(journal), false, fault);
	if (!error)
		error = writer_map_end(dumper->writer, map, fault);
	digest_add(&map->digest, NULL, 0, queue_values(journal), map->value_bytes,
		   queue_count(journal), 0);
	map->has_digest = true;
	settled = queue_settle(dumper, map, journal, handle, error, fault);
	return error ? error : settled;
}

/* An empty one needs no journal to be read. */
static int dump_empty(struct dumper *dumper, struct image_map *map, struct fault *fault)
{
	int error = writer_map_begin(dumper->writer, map, fault);

	map->has_digest = true;
	return error ? error : writer_map_end(dumper->writer, map, fault);
}

static bool queue_is_empty(struct handle *handle, const struct image_map *map)
{
	cleanup_free void *value = malloc(map->value_bytes + 1);

	return value && map_lookup(handle, NULL, value, 0) == -ENOENT;
}

static int dump_queue(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		      struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];

	if (queue_is_empty(handle, map))
		return dump_empty(dumper, map, fault);
	if (dumper->options->queues || dumper->options->drain)
		return dump_queue_elements(dumper, handle, map, label, fault);
	map->contents = false;
	return image_omit(
		dumper->collector.image, label,
		"its elements can be read only by taking them out: say --queues for that");
}

/* --- any map --- */

static int dump_contents(struct dumper *dumper, struct handle *handle, size_t index,
			 const char *label, struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];
	const struct map_type *type = map_type_get(map->info.type);
	const char *why = contents_unreadable(&map->info);

	if (why) {
		map->contents = false;
		return image_omit(dumper->collector.image, label, why);
	}
	if (type->access == MAP_QUEUE)
		return dump_queue(dumper, handle, index, label, fault);
	if (type->value == VALUE_MAP)
		return dump_outer(dumper, handle, index, label, fault);
	return dump_plain(dumper, handle, index, label, fault);
}

static int dump_map(struct collector *collector, struct handle *handle, const char *label,
		    struct fault *fault)
{
	struct dumper *dumper = (struct dumper *)collector;
	size_t index;
	int result = collect_map(collector, handle, label, &index, fault);

	if (result)
		return result < 0 ? result : 0;
	return dump_contents(dumper, handle, index, label, fault);
}

/* --- the whole --- */

static int dump_describe(struct dumper *dumper, const struct snapshot_source *sources, size_t count,
			 struct fault *fault)
{
	struct image *image = dumper->collector.image;
	json_t *paths = json_array();
	struct manifest_facts facts = {
		.label = dumper->options->label,
		.backend = dumper->collector.backend->ops->name,
		.paths = paths,
		.drained = dumper->options->drain,
		.time = time(NULL),
	};
	int error;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(paths, json_string(sources[i].name));
	error = manifest_build(image, &facts, fault);
	json_decref(paths);
	return error;
}

static int dump_run(struct dumper *dumper, const struct snapshot_source *sources, size_t count,
		    const char *directory, struct fault *fault)
{
	const struct snapshot_dump_options *options = dumper->options;
	struct image *image = dumper->collector.image;
	int error = writer_open(directory, options->replace, options->entry_bytes, &dumper->writer,
				fault);

	image->possible_cpus = dumper->collector.backend->possible_cpus;
	for (size_t i = 0; !error && i < count; i++)
		error = collect_tree(&dumper->collector, &sources[i], fault);
	if (!error)
		error = dump_describe(dumper, sources, count, fault);
	if (!error)
		error = writer_commit(dumper->writer, image, options->criu, fault);
	return error;
}

/* What is told of each map, for the user's eyes. */
static void report_maps(snapshot_report *report, const struct image *image)
{
	uint64_t elements = 0;
	size_t exact = 0;

	for (size_t i = 0; i < image->map_count; i++) {
		elements += image->maps[i].elements;
		exact += image->maps[i].promise == PROMISE_EXACT;
	}
	json_object_set_new(report, "maps", json_integer((json_int_t)image->map_count));
	json_object_set_new(report, "pins", json_integer((json_int_t)image->node_count));
	json_object_set_new(report, "elements", json_integer((json_int_t)elements));
	json_object_set_new(report, "exact", json_integer((json_int_t)exact));
	report_omit_all(report, image->omitted);
}

static int dump_full(struct backend *backend, const struct snapshot_source *sources, size_t count,
		     const char *directory, const struct snapshot_dump_options *options,
		     snapshot_report *report, struct fault *fault)
{
	struct dumper dumper = {
		.collector = {.backend = backend, .report = report, .map = dump_map},
		.options = options,
	};
	int error = image_new(&dumper.collector.image);

	if (error)
		return fault_set(fault, ENOMEM, "out of memory");
	error = dump_run(&dumper, sources, count, directory, fault);
	queues_settle(&dumper, !error);
	if (!error)
		report_maps(report, dumper.collector.image);
	writer_close(dumper.writer);
	image_free(dumper.collector.image);
	return error;
}

/* The elements are copied first, so that they can be put back if this does not come to its end. */
static int dump_drain(struct backend *backend, const struct snapshot_source *sources, size_t count,
		      const char *directory, const struct snapshot_dump_options *options,
		      snapshot_report *report, struct fault *fault)
{
	struct fault later = FAULT_INIT;
	struct undo *undo;
	int undone, error = undo_begin(backend, sources, count, options->state, &options->progress,
				       &undo, fault);

	if (error)
		return error;
	error = dump_full(backend, sources, count, directory, options, report, fault);
	undone = undo_end(undo, !error, &later);
	if (undone)
		report_note(report, "undo", later.text);
	return error;
}

/* Everything into a directory beside the wanted one, and from there only what differs. */
static int dump_incremental(struct backend *backend, const struct snapshot_source *sources,
			    size_t count, const char *directory,
			    const struct snapshot_dump_options *options, snapshot_report *report,
			    struct fault *fault)
{
	struct snapshot_dump_options full_options = *options;
	cleanup_with(image_freep) struct image *full = NULL;
	char owner[OWNER_TEXT_SIZE];
	cleanup_free char *path = NULL;
	int error;

	owner_print(owner);
	if (asprintf(&path, "%s.bpfsnap-%s", directory, owner) < 0)
		return fault_set(fault, ENOMEM, "out of memory");
	full_options.replace = true;
	error = dump_full(backend, sources, count, path, &full_options, report, fault);
	if (!error)
		error = image_read_and_remove(path, SNAPSHOT_HEADS, &full, fault);
	if (!error)
		error = incremental_write(full, options->base, directory, options, fault);
	return error;
}

int snapshot_dump(struct backend *backend, const struct snapshot_source *sources, size_t count,
		  const char *directory, const struct snapshot_dump_options *options,
		  snapshot_report **report, struct fault *fault)
{
	*report = report_new();
	if (!*report)
		return fault_set(fault, ENOMEM, "out of memory");
	if (options->base && options->drain)
		return fault_set(fault, EINVAL,
				 "an incremental dump cannot drain: what stays in the base would "
				 "be taken out here");
	if (options->base)
		return dump_incremental(backend, sources, count, directory, options, *report,
					fault);
	if (options->drain)
		return dump_drain(backend, sources, count, directory, options, *report, fault);
	return dump_full(backend, sources, count, directory, options, *report, fault);
}

/* --- for others of the room --- */

int image_read_and_remove(const char *directory, enum snapshot_check check, struct image **image,
			  struct fault *fault)
{
	int error = image_read(directory, check == SNAPSHOT_HEADS ? IMAGE_HEADS : IMAGE_ELEMENTS,
			       image, fault);

	writer_remove(AT_FDCWD, directory);
	return error;
}

int dump_one_map(struct handle *handle, const char *directory, struct image **image,
		 struct fault *fault)
{
	static const struct snapshot_dump_options options = {.replace = true};
	struct dumper dumper = {
		.collector = {.backend = handle->backend, .map = dump_map},
		.options = &options,
	};
	int error = image_new(&dumper.collector.image);

	if (error)
		return fault_set(fault, ENOMEM, "out of memory");
	dumper.collector.image->possible_cpus = handle->backend->possible_cpus;
	error = writer_open(directory, true, 0, &dumper.writer, fault);
	if (!error)
		error = dump_map(&dumper.collector, handle, "the map", fault);
	if (!error)
		error = dump_describe(&dumper, NULL, 0, fault);
	if (!error)
		error = writer_commit(dumper.writer, dumper.collector.image, false, fault);
	writer_close(dumper.writer);
	image_free(dumper.collector.image);
	return error ? error : image_read_and_remove(directory, SNAPSHOT_HEADS, image, fault);
}
