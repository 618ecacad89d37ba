/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changed between two images of one map: each key of either side is looked at once, by
 * hashing shares of the older side's keys, so that memory is bounded whatever the map's size.
 */
#ifndef IMAGE_JOIN_H
#define IMAGE_JOIN_H

#include <bpfuse/fault.h>
#include "image/image.h"

enum join_change {
	JOIN_ADDED,   /* only in `to` */
	JOIN_REMOVED, /* only in `from` */
	JOIN_CHANGED, /* in both, with different values */
	JOIN_SAME,
};

/*
 * from_value and to_value are NULL where that side has none. Anything but 0 ends the join. For
 * queues and stacks the key is the position, a uint32_t. Order is that of `to`, then `removed`.
 */
typedef int join_visit(void *context, enum join_change change, const void *key,
		       const void *from_value, const void *to_value);

/* Maps must have the same key_size and (but for image_join_keys) value_bytes. Calls for JOIN_SAME
 * only with `same`. */
int image_join(const struct image *from_image, const struct image_map *from,
	       const struct image *to_image, const struct image_map *to, bool same,
	       join_visit *visit, void *context, struct fault *fault);

/*
 * With all keys that `from` knows, removed ones too, and without values: JOIN_ADDED for those of
 * `to` that are not among them, and nothing else.
 */
int image_join_keys(const struct image *from_image, const struct image_map *from,
		    const struct image *to_image, const struct image_map *to, join_visit *visit,
		    void *context, struct fault *fault);

#endif
