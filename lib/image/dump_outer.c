// SPDX-License-Identifier: BSD-2-Clause
/* Maps of maps: what they hold is taken first. */
#include <errno.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/dumper.h"

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

	buffer_reset(&outer->keys);
	buffer_reset(&outer->ids);
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

int dump_outer(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
	       struct fault *fault)
{
	struct image *image = dumper->collector.image;
	struct outer_elements outer = {BUFFER_INIT, BUFFER_INIT};
	uint32_t kept = 0;
	unsigned times = 0;
	int error;

	do
		error = outer_read(handle, &outer);
	while (!error &&
	       dump_again(&image->maps[index], outer.ids.length / sizeof(uint32_t), &times));
	if (error)
		error = dump_fault(fault, error, label, "its elements cannot be read");
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
		     : dump_promise(dumper, handle, &image->maps[index], label, WALK_VALUES, fault);
}
