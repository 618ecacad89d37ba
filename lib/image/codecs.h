/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text codec for maps that exist only in an image: each gets an empty map of its attributes
 * and types in an emulated backend, for the codec to look at.
 */
#ifndef IMAGE_CODECS_H
#define IMAGE_CODECS_H

#include <bpfuse/codec.h>
#include "image/image.h"

struct image_codecs;

int image_codecs_open(struct image *image, struct image_codecs **codecs, struct fault *fault);
void image_codecs_close(struct image_codecs *codecs);

/* Keys and values as text; in hex where the emulation cannot make such a map. */
void image_print_name(struct image_codecs *codecs, const struct image_map *map, const void *key,
		      struct buffer *out);
void image_print_key_json(struct image_codecs *codecs, const struct image_map *map, const void *key,
			  struct buffer *out);
void image_print_value(struct image_codecs *codecs, const struct image_map *map, const void *value,
		       struct buffer *out);

#endif
