/* SPDX-License-Identifier: BSD-2-Clause */
/* Making the elements of a map that is in use those of a map of an image. */
#ifndef IMAGE_REFILL_H
#define IMAGE_REFILL_H

#include "image/image.h"
#include "image/restore.h"

/*
 * map: one of restore->image's, whose references restore knows how to find here; from: of the image
 * `now`, what the open map holds at the moment. Elements that go go first, so that a full map
 * has room; those that are the same are not touched: no zero values and no empty map in
 * between. Elements whose object is not here are taken out. Keyed maps only.
 */
int refill_map(struct restore *restore, const struct image_map *map, struct handle *handle,
	       const struct image *now, const struct image_map *from);

#endif
