/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of an image as the target takes them: ids become descriptors of the objects that stand
 * for them here, interface indexes those of the devices of the same name, per-CPU slots those of
 * the CPUs here.
 */
#ifndef IMAGE_TRANSLATE_H
#define IMAGE_TRANSLATE_H

#include "image/elements.h"
#include "image/restore.h"

struct translation {
	struct restore *restore;
	const struct image_map *map;
	size_t value_bytes;		/* of the target */
	unsigned char *keys, *in, *out; /* owned; not used where nothing is to be translated */
	uint32_t room;
	/* one chunk: what is written, and what a lookup gives afterwards */
	uint32_t count;
	const unsigned char *chunk_keys, *chunk_in, *chunk_out;
	uint64_t dropped; /* elements whose object does not exist here, so far */
};

int translation_open(struct restore *restore, const struct image_map *map,
		     struct translation *translation);
void translation_close(struct translation *translation);
/* The current chunk of `elements`. */
void translation_apply(struct translation *translation, const struct elements *elements);

#endif
