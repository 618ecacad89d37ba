// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/checksum.h"
#include "image/dump.h"
#include "image/elements.h"
#include "image/incremental.h"
#include "image/join.h"
#include "image/manifest.h"
#include "image/message.h"
#include "image/reader.h"
#include "image/writer.h"

/* A base that is incremental itself, and so on: a chain of files that somebody could make a ring.
 */
#define CHAIN_MAX 64

static int base_sum(const char *directory, char sum[SUM_TEXT_SIZE], struct fault *fault)
{
	cleanup_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", directory, strerror(errno));
	return checksum_file(fd, IMAGE_MANIFEST, NULL, sum, fault);
}

/* --- writing --- */

/* The base's map that was pinned where this one is. */
static const struct image_map *base_map(struct image *base, struct image *full,
					const struct image_map *map)
{
	char label[96];
	const struct image_node *node = image_find_node(base, image_map_label(full, map, label));
	const struct image_map *found =
		node && node->kind == NODE_MAP ? image_find_map(base, node->id) : NULL;

	if (!found || found->info.type != map->info.type || !found->contents || !map->contents ||
	    found->info.key_size != map->info.key_size || !map->info.key_size ||
	    found->value_bytes != map->value_bytes)
		return NULL;
	return found;
}

struct difference {
	struct writer *writer;
	struct fault *fault;
	bool removed; /* which half is being written */
};

static int difference_visit(void *context, enum join_change change, const void *key,
			    const void *from_value, const void *to_value)
{
	struct difference *difference = context;

	if ((change == JOIN_REMOVED) != difference->removed)
		return 0;
	return writer_map_add(difference->writer, key, to_value, 1, difference->removed,
			      difference->fault);
}

static int elements_copy(struct writer *writer, struct image *image, const struct image_map *map,
			 struct fault *fault)
{
	struct elements elements;
	int more = 0, error = elements_open(image, map, &elements, fault);

	if (error)
		return error;
	while (!error && (more = elements_next(&elements, fault)) > 0)
		error = writer_map_add(writer, elements.keys, elements.values, elements.count,
				       false, fault);
	elements_close(&elements);
	return error ? error : more;
}

static int map_write(struct writer *writer, struct image *full, struct image *base,
		     struct image_map *map, struct fault *fault)
{
	const struct image_map *from = base_map(base, full, map);
	struct difference difference = {writer, fault, false};
	int error = writer_map_begin(writer, map, fault);

	if (!error && from)
		error = image_join(base, from, full, map, false, difference_visit, &difference,
				   fault);
	difference.removed = true;
	if (!error && from)
		error = image_join(base, from, full, map, false, difference_visit, &difference,
				   fault);
	if (!error && !from)
		error = elements_copy(writer, full, map, fault);
	if (!error)
		error = writer_map_end(writer, map, fault);
	if (!error)
		map->base_id = from ? from->info.id : 0;
	return error;
}

/* The maps were read from the complete dump: what is told of them stays, the runs change. */
static int manifest_rebuild(struct image *image, const struct snapshot_dump_options *options,
			    struct fault *fault)
{
	json_t *old = json_incref(image->manifest);
	struct manifest_facts facts = {
		.label = options->label,
		.backend = json_string_value(json_object_get(old, "backend")),
		.paths = json_object_get(old, "paths"),
		.time = time(NULL),
	};
	int error;

	if (!facts.label)
		facts.label = json_string_value(json_object_get(old, "label"));
	error = manifest_build(image, &facts, fault);

	if (!error)
		manifest_keep(image->manifest, old);
	json_decref(old);
	return error;
}

int incremental_write(struct image *full, const char *base_directory, const char *directory,
		      const struct snapshot_dump_options *options, struct fault *fault)
{
	cleanup_with(image_freep) struct image *base = NULL;
	cleanup_with(writer_closep) struct writer *writer = NULL;
	int error = snapshot_open(base_directory, NULL, SNAPSHOT_ELEMENTS, &options->progress,
				  &base, fault);

	if (!error && base->foreign)
		error = fault_set(fault, EINVAL, "%s: CRIU's images cannot be a base",
				  base_directory);
	if (!error)
		error = base_sum(base_directory, full->base_sum, fault);
	if (!error)
		error = writer_open(directory, options->replace, options->entry_bytes, &writer,
				    fault);
	for (size_t i = 0; !error && i < full->map_count; i++)
		error = map_write(writer, full, base, &full->maps[i], fault);
	if (error)
		return error;
	full->base = realpath(base_directory, NULL);
	if (!full->base)
		return fault_set(fault, errno, "%s: %s", base_directory, strerror(errno));
	error = manifest_rebuild(full, options, fault);
	return error ? error : writer_commit(writer, full, options->criu, fault);
}

/* --- reading --- */

struct completion {
	struct writer *writer;
	struct fault *fault;
};

/* Keys that only the base has are neither changed nor gone: its elements go on. */
static int completion_visit(void *context, enum join_change change, const void *key,
			    const void *from_value, const void *to_value)
{
	struct completion *completion = context;

	if (change != JOIN_ADDED)
		return 0;
	return writer_map_add(completion->writer, key, to_value, 1, false, completion->fault);
}

/*
 * The keys that the difference knows, gone ones too, as a map of an image: a join with it on the
 * older side tells which elements of the base stay.
 */
static int map_complete(struct writer *writer, struct image *image, struct image_map *map,
			struct image *base, struct fault *fault)
{
	const struct image_map *from = map->base_id ? image_find_map(base, map->base_id) : NULL;
	struct completion completion = {writer, fault};
	int error = writer_map_begin(writer, map, fault);

	if (!error && map->base_id &&
	    (!from || from->info.key_size != map->info.key_size ||
	     from->value_bytes != map->value_bytes))
		error = fault_set(fault, EINVAL, "map %u is not in the base as it should be",
				  map->info.id);
	if (!error && from)
		error = image_join_keys(image, map, base, from, completion_visit, &completion,
					fault);
	if (!error)
		error = elements_copy(writer, image, map, fault);
	if (!error)
		error = writer_map_end(writer, map, fault);
	if (!error)
		map->base_id = 0;
	return error;
}

static int complete_into(struct image *image, struct image *base, const char *directory,
			 struct fault *fault)
{
	cleanup_with(writer_closep) struct writer *writer = NULL;
	json_t *old = json_incref(image->manifest);
	struct manifest_facts facts = {
		.label = json_string_value(json_object_get(old, "label")),
		.backend = json_string_value(json_object_get(old, "backend")),
		.paths = json_object_get(old, "paths"),
		.time = time(NULL),
	};
	int error = writer_open(directory, false, 0, &writer, fault);

	for (size_t i = 0; !error && i < image->map_count; i++)
		error = map_complete(writer, image, &image->maps[i], base, fault);
	free(image->base);
	image->base = NULL;
	if (!error)
		error = manifest_build(image, &facts, fault);
	if (!error) {
		manifest_keep(image->manifest, old);
		error = writer_commit(writer, image, false, fault);
	}
	json_decref(old);
	return error;
}

/* The first of the directories that is the base; NULL: none is, as far as can be told. */
static const char *base_find(const struct image *image, const char *const *bases)
{
	char sum[SUM_TEXT_SIZE];

	for (; bases && *bases; bases++)
		if (!base_sum(*bases, sum, NULL) && !strcmp(sum, image->base_sum))
			return *bases;
	return NULL;
}

static int base_check(const struct image *image, const char *directory, struct fault *fault)
{
	char sum[SUM_TEXT_SIZE];
	int error = base_sum(directory, sum, fault);

	if (!error && strcmp(sum, image->base_sum) != 0)
		error = fault_set(fault, EINVAL, "%s: is not the snapshot that this one builds on",
				  directory);
	return error;
}

static int base_open(const struct image *image, const char *const *bases,
		     const struct snapshot_progress *progress, struct image **base,
		     struct fault *fault)
{
	static __thread unsigned chain;
	const char *directory = base_find(image, bases);
	int error = 0;

	if (!directory) {
		directory = image->base;
		error = base_check(image, directory, fault);
	}
	/* of one that was named, it is that which is wrong */
	if (error && !chain && bases && *bases && !bases[1])
		error = base_check(image, *bases, fault);
	if (!error && chain >= CHAIN_MAX)
		error = fault_set(fault, EINVAL, "%s: too long a chain of bases", directory);
	if (error)
		return error;
	chain++;
	error = snapshot_open(directory, bases, SNAPSHOT_ELEMENTS, progress, base, fault);
	chain--;
	return error;
}

int incremental_complete(struct image **image, const char *const *bases,
			 const struct snapshot_progress *progress, struct fault *fault)
{
	cleanup_with(image_freep) struct image *difference = *image;
	cleanup_with(image_freep) struct image *base = NULL;
	struct snapshot_scratch scratch;
	int error = base_open(difference, bases, progress, &base, fault);

	*image = NULL;
	if (error) {
		fault_prefix(fault, "the base");
		return error;
	}
	error = snapshot_scratch_make(&scratch, fault);
	if (error)
		return error;
	error = complete_into(difference, base, scratch.path, fault);
	if (!error)
		error = image_read_and_remove(scratch.path, SNAPSHOT_ELEMENTS, progress, image,
					      fault);
	snapshot_scratch_remove(&scratch);
	if (!error) {
		free((*image)->directory);
		(*image)->directory = move_ptr(difference->directory);
	}
	return error;
}
