// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "image/elements.h"
#include "image/message.h"

int elements_open(const struct image *image, const struct image_map *map, struct elements *elements,
		  struct fault *fault)
{
	size_t size = map->info.key_size + map->value_bytes;
	uint32_t room = size ? (uint32_t)(ELEMENTS_CHUNK_BYTES / size) : ELEMENTS_CHUNK_COUNT;

	if (room > ELEMENTS_CHUNK_COUNT)
		room = ELEMENTS_CHUNK_COUNT;
	if (!room)
		room = 1;
	*elements = (struct elements){.image = image, .map = map, .room = room};
	elements->keys = malloc((size_t)room * map->info.key_size + 1);
	elements->values = malloc((size_t)room * map->value_bytes + 1);
	if (!elements->keys || !elements->values) {
		elements_close(elements);
		return fault_set(fault, ENOMEM, "out of memory");
	}
	return 0;
}

void elements_close(struct elements *elements)
{
	free(elements->keys);
	free(elements->values);
	elements->keys = elements->values = NULL;
}

static const struct image_run *elements_run(const struct elements *elements)
{
	size_t count = elements->map->run_count;

	if (elements->run >= count)
		return NULL;
	return &elements->map
			->runs[elements->backwards ? count - 1 - elements->run : elements->run];
}

static bool run_is_wanted(const struct elements *elements, const struct image_run *run)
{
	return elements->all_keys || run->removed == elements->removed;
}

int elements_next(struct elements *elements, struct fault *fault)
{
	const struct image_run *run = elements_run(elements);
	uint32_t first;
	int error;

	elements->position += elements->count;
	elements->count = 0;
	while (run && (!run_is_wanted(elements, run) || elements->at == run->count)) {
		elements->run++;
		elements->at = 0;
		run = elements_run(elements);
	}
	if (!run)
		return 0;
	elements->count = run->count - elements->at;
	if (elements->count > elements->room)
		elements->count = elements->room;
	first = elements->backwards ? run->count - elements->at - elements->count : elements->at;
	elements->at += elements->count;
	error = message_read_at(elements->image->data_fd, IMAGE_BPFMAP_DATA, elements->keys,
				(size_t)elements->count * elements->map->info.key_size,
				run->keys_at + (uint64_t)first * elements->map->info.key_size,
				fault);
	if (!error && !run->removed && !elements->all_keys)
		error = message_read_at(
			elements->image->data_fd, IMAGE_BPFMAP_DATA, elements->values,
			(size_t)elements->count * elements->map->value_bytes,
			run->values_at + (uint64_t)first * elements->map->value_bytes, fault);
	return error ? error : 1;
}
