/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sum over elements that does not depend on their order.
 *
 * Two walks over a map, or a walk and an image, hold the same elements when their digests are
 * equal: 128 bits of XXH3 of each element, added up. It finds accidents (a change between two
 * passes, an element that did not arrive); against malice the image has its SHA-256 sums.
 */
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest {
	uint64_t low, high;
};

#define DIGEST_TEXT_SIZE 33

/* key_size 0 (queues): `position` of the first of the elements takes the key's place. */
void digest_add(struct digest *digest, const void *keys, size_t key_size, const void *values,
		size_t value_size, uint32_t count, uint64_t position);
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_print(const struct digest *digest, char text[DIGEST_TEXT_SIZE]);
/* 0 or -EINVAL. */
int digest_parse(const char *text, struct digest *digest);

#endif
