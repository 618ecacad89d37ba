/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of one map of an image, read in chunks of bounded size. */
#ifndef IMAGE_ELEMENTS_H
#define IMAGE_ELEMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <bpfuse/fault.h>
#include "image/image.h"

/* A chunk's keys and values together stay below this, but for a single larger element. */
#define ELEMENTS_CHUNK_BYTES (1u << 20)
#define ELEMENTS_CHUNK_COUNT 16384

struct elements {
	const struct image *image;
	const struct image_map *map;
	bool removed;	/* set by the caller: only the keys that are gone */
	bool all_keys;	/* the keys of both, no values */
	bool backwards; /* from the last to the first */
	size_t run;
	uint32_t at; /* elements of the run that were given */
	uint32_t room;
	unsigned char *keys, *values;
	/* the current chunk */
	uint32_t count;
	uint64_t position; /* of its first element among all, as they stand in the file */
};

/* The image must outlive it. */
int elements_open(const struct image *image, const struct image_map *map, struct elements *elements,
		  struct fault *fault);
void elements_close(struct elements *elements);
/* 1: a chunk of at least one element in keys, values, count; 0: the end; -errno. */
int elements_next(struct elements *elements, struct fault *fault);

#endif
