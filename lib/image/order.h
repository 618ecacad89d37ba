/* SPDX-License-Identifier: BSD-2-Clause */
/* Which maps must be there before which: inner maps before the maps that hold them. */
#ifndef IMAGE_ORDER_H
#define IMAGE_ORDER_H

#include <bpfuse/fault.h>
#include "image/image.h"

/*
 * Indexes into image->maps, inner maps first, in a malloc'ed array of map_count. -EINVAL and a
 * sentence for a map that is nowhere, or that is inside itself.
 */
int image_order(struct image *image, size_t **order, struct fault *fault);

#endif
