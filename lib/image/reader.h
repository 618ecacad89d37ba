/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a snapshot: ours, or a directory of CRIU's images.
 *
 * Whoever wrote the files is not trusted: what is opened has been checked whole, so that
 * everything after works on an image without contradictions. Nothing is created by it.
 */
#ifndef IMAGE_READER_H
#define IMAGE_READER_H

#include <bpfuse/fault.h>
#include "image/image.h"

enum image_depth {
	IMAGE_HEADS,	/* sums, structure, sizes, references */
	IMAGE_ELEMENTS, /* and every element: doubled keys, the digest */
};

/* `progress` may be NULL. */
int image_read(const char *directory, enum image_depth depth,
	       const struct snapshot_progress *progress, struct image **image, struct fault *fault);

/* The two halves of the check, for images that come from elsewhere. */
int image_check(struct image *image, struct fault *fault);
int image_check_elements(const struct image *image, struct fault *fault);

#endif
