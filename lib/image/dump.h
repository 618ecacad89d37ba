/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IMAGE_DUMP_H
#define IMAGE_DUMP_H

#include <bpfuse/snapshot.h>
#include "image/image.h"

/*
 * The elements of one open map, as they are now, in a snapshot that has no name in the file
 * system any more once it is open; `directory` is where it is made meanwhile.
 */
int dump_one_map(struct handle *handle, const char *directory, struct image **image,
		 struct fault *fault);

/* Opens a snapshot and takes its directory away; the open image keeps its elements. */
int image_read_and_remove(const char *directory, enum snapshot_check check,
			  const struct snapshot_progress *progress, struct image **image,
			  struct fault *fault);

#endif
