// SPDX-License-Identifier: BSD-2-Clause
/* Taking a snapshot: each map is read, written and closed before the next one is opened. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include "image/contents.h"
#include "image/dump.h"
#include "image/dumper.h"
#include "image/incremental.h"
#include "image/manifest.h"
#include "image/output.h"
#include "image/reader.h"
#include "image/report.h"

int dump_fault(struct fault *fault, int error, const char *label, const char *what)
{
	if (error == -ECANCELED)
		return fault_set(fault, ECANCELED, "interrupted");
	return fault_set(fault, -error, "%s: %s: %s", label, what, strerror(-error));
}

/* Values that BTF says hold a lock are read under it. */
static bool is_locked(struct handle *map)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;

	return !codec_open(map, NULL, &codec, NULL) && codec_has_lock(codec);
}

int dump_chunk(struct dumper *dumper, struct image_map *map, const char *label,
	       const struct walk_chunk *chunk, struct digest *digest, uint64_t *elements,
	       bool write, struct fault *fault)
{
	struct collector *collector = &dumper->collector;
	int error = 0;

	contents_clear_padding(&map->info, collector->image->possible_cpus,
			       (unsigned char *)chunk->values, chunk->count);
	digest_add(digest, chunk->keys, chunk->key_size, chunk->values, chunk->value_size,
		   chunk->count, *elements);
	*elements += chunk->count;
	if (progress_report(&dumper->options->progress, label, *elements, map->info.max_entries))
		return dump_fault(fault, -ECANCELED, label, "");
	if (write)
		error = collect_references(collector, &map->info, chunk->values, chunk->value_size,
					   chunk->count, fault);
	if (!error && write)
		error = writer_map_add(dumper->writer, chunk->keys, chunk->values, chunk->count,
				       false, fault);
	return error;
}

static int walk_elements(struct dumper *dumper, struct handle *handle, struct image_map *map,
			 const char *label, unsigned flags, struct digest *digest,
			 uint64_t *elements, bool write, struct fault *fault)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int more = 0, error = walk_open(handle, flags, &walk);

	*digest = (struct digest){0};
	*elements = 0;
	if (error)
		return dump_fault(fault, error, label, "its elements cannot be read");
	while (!error && (more = walk_next(walk, &chunk)) > 0)
		error = dump_chunk(dumper, map, label, &chunk, digest, elements, write, fault);
	if (!error && more < 0)
		error = dump_fault(fault, more, label, "its elements cannot be read");
	return error;
}

/* Equal digests of two passes: nothing changed between them. */
int dump_promise(struct dumper *dumper, struct handle *handle, struct image_map *map,
		 const char *label, unsigned flags, struct fault *fault)
{
	struct digest again;
	uint64_t elements;
	int error;

	map->promise = map->state.frozen ? PROMISE_EXACT : PROMISE_FUZZY;
	if (map->promise == PROMISE_EXACT || !dumper->options->verify)
		return 0;
	error = walk_elements(dumper, handle, map, label, flags, &again, &elements, false, fault);
	if (!error && elements == map->elements && digest_equal(&again, &map->digest))
		map->promise = PROMISE_EXACT;
	return error;
}

/* How often a map is read that shows more elements than it can hold. */
#define READ_MAX 24

bool dump_again(const struct image_map *map, uint64_t elements, unsigned *times)
{
	return map->info.max_entries && elements > map->info.max_entries && ++*times < READ_MAX;
}

/*
 * A full map whose elements come and go can show more of them, one after the other, than it holds
 * at a time; they could not be put back. It is read until there are no more than that.
 */
static int elements_write(struct dumper *dumper, struct handle *handle, struct image_map *map,
			  const char *label, unsigned flags, struct fault *fault)
{
	unsigned times = 0;
	uint64_t elements;
	int error;

	do {
		error = writer_map_begin(dumper->writer, map, fault);
		if (!error)
			error = walk_elements(dumper, handle, map, label, flags, &map->digest,
					      &elements, true, fault);
	} while (!error && dump_again(map, elements, &times) && !writer_map_forget(dumper->writer));
	if (!error && elements > map->info.max_entries && map->info.max_entries)
		error = fault_set(fault, EAGAIN,
				  "%s: is full, and changes faster than it can be read: %" PRIu64
				  " elements were met, and it holds %" PRIu32 " at a time",
				  label, elements, map->info.max_entries);
	return error ? error : writer_map_end(dumper->writer, map, fault);
}

static int dump_plain(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		      bool locked, struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];
	unsigned flags = WALK_VALUES | (locked ? WALK_LOCKED : 0);
	int error = elements_write(dumper, handle, map, label, flags, fault);

	map->has_digest = true;
	return error ? error : dump_promise(dumper, handle, map, label, flags, fault);
}

/* --- any map --- */

static int dump_contents(struct dumper *dumper, struct handle *handle, size_t index,
			 const char *label, struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];
	const struct map_type *type = map_type_get(map->info.type);
	const char *why = contents_unreadable(&map->info);
	bool locked;
	int done;

	if (why) {
		map->contents = false;
		return image_omit(dumper->collector.image, label, why);
	}
	if (type->access == MAP_QUEUE)
		return dump_queue(dumper, handle, index, label, fault);
	locked = is_locked(handle);
	done = dumper->decision ? dump_drained(dumper, handle, index, label, locked, fault) : 0;
	if (done)
		return done < 0 ? done : 0;
	if (type->value == VALUE_MAP)
		return dump_outer(dumper, handle, index, label, fault);
	return dump_plain(dumper, handle, index, label, locked, fault);
}

/* Its device went while it was read: the map is in the snapshot without elements, and says so. */
static int map_lose(struct dumper *dumper, size_t index)
{
	struct image_map *map = &dumper->collector.image->maps[index];

	map->contents = false;
	map->has_digest = false;
	map->elements = 0;
	return writer_map_forget(dumper->writer) ? -EIO : -ENODEV;
}

static int dump_map(struct collector *collector, struct handle *handle, const char *label,
		    struct fault *fault)
{
	struct dumper *dumper = (struct dumper *)collector;
	size_t index;
	int result = collect_map(collector, handle, label, &index, fault);

	if (result)
		return result < 0 ? result : 0;
	result = dump_contents(dumper, handle, index, label, fault);
	return result == -ENODEV ? map_lose(dumper, index) : result;
}

/* --- the whole --- */

/* The manifest of the snapshot that is mounted and saved again; NULL: there is none. */
static json_t *origin_manifest(const struct backend *backend)
{
	cleanup_close int directory =
		backend->origin ? open(backend->origin, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	json_t *manifest = NULL;

	if (directory >= 0)
		manifest_load(directory, &manifest, NULL);
	return manifest;
}

static int dump_describe(struct dumper *dumper, const struct snapshot_source *sources, size_t count,
			 struct fault *fault)
{
	struct image *image = dumper->collector.image;
	json_t *paths = json_array(), *origin = origin_manifest(dumper->collector.backend);
	struct manifest_facts facts = {
		.label = dumper->options->label,
		.backend = dumper->collector.backend->ops->name,
		.paths = paths,
		.drained = dumper->options->drain,
		.drain_token = dumper->decision ? decision_token(dumper->decision) : NULL,
		.time = time(NULL),
	};
	int error;

	if (!facts.label)
		facts.label = json_string_value(json_object_get(origin, "label"));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(paths, json_string(sources[i].name));
	error = manifest_build(image, &facts, fault);
	if (!error && origin)
		manifest_keep(image->manifest, origin);
	json_decref(paths);
	json_decref(origin);
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

/* What was taken out stays out from here on, or goes back. */
static int dump_decide(struct dumper *dumper, bool complete, struct fault *fault)
{
	struct fault later = FAULT_INIT;
	int error = 0, settled;

	if (!dumper->decision)
		return 0;
	/* the snapshot in its place has decided already, where it is not to be delivered */
	if (complete && dumper->options->deliver)
		error = decision_take(dumper->decision, fault);
	settled = dump_settle(dumper, complete && !error, &later);
	if (settled)
		report_note(dumper->collector.report, "journal", later.text);
	decision_end(dumper->decision, !settled);
	return error;
}

static int dump_start(struct dumper *dumper, const struct snapshot_source *sources, size_t count,
		      const char *directory, struct fault *fault)
{
	const struct snapshot_dump_options *options = dumper->options;
	int error = 0;

	if (options->drain)
		error = dump_drain_check(dumper->collector.backend, sources, count, fault);
	if (!error && options->drain)
		error = decision_begin(dumper->collector.backend, options->state,
				       options->deliver ? NULL : directory, &dumper->decision,
				       fault);
	return error;
}

static int dump_full(struct backend *backend, const struct snapshot_source *sources, size_t count,
		     const char *directory, const struct snapshot_dump_options *options,
		     snapshot_report *report, struct fault *fault)
{
	struct dumper dumper = {
		.collector = {.backend = backend, .report = report, .map = dump_map},
		.options = options,
	};
	int decided, error = image_new(&dumper.collector.image);

	if (error)
		return fault_set(fault, ENOMEM, "out of memory");
	error = dump_start(&dumper, sources, count, directory, fault);
	if (!error)
		error = dump_run(&dumper, sources, count, directory, fault);
	if (!error && options->deliver)
		error = options->deliver(options->deliver_context, directory, fault);
	decided = dump_decide(&dumper, !error, fault);
	error = error ? error : decided;
	if (!error)
		report_maps(report, dumper.collector.image);
	writer_close(dumper.writer);
	image_free(dumper.collector.image);
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
	cleanup_free char *path = NULL;
	int error = output_beside(directory, &path, fault);

	if (error)
		return error;
	full_options.replace = true;
	error = dump_full(backend, sources, count, path, &full_options, report, fault);
	if (!error)
		error = image_read_and_remove(path, SNAPSHOT_HEADS, &options->progress, &full,
					      fault);
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
	return dump_full(backend, sources, count, directory, options, *report, fault);
}

/* --- for others of the room --- */

int image_read_and_remove(const char *directory, enum snapshot_check check,
			  const struct snapshot_progress *progress, struct image **image,
			  struct fault *fault)
{
	int error = image_read(directory, check == SNAPSHOT_HEADS ? IMAGE_HEADS : IMAGE_ELEMENTS,
			       progress, image, fault);

	output_remove(AT_FDCWD, directory);
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
	return error ? error : image_read_and_remove(directory, SNAPSHOT_HEADS, NULL, image, fault);
}
