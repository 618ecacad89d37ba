// SPDX-License-Identifier: BSD-2-Clause
#define XXH_INLINE_ALL
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "image/digest.h"

static void digest_add_element(struct digest *digest, const void *key, size_t key_size,
			       const void *value, size_t value_size)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(value, value_size, XXH3_64bits(key, key_size));

	digest->low += hash.low64;
	digest->high += hash.high64 + (digest->low < hash.low64);
}

void digest_add(struct digest *digest, const void *keys, size_t key_size, const void *values,
		size_t value_size, uint32_t count, uint64_t position)
{
	static const unsigned char none;
	const unsigned char *key = keys ? keys : &none, *value = values ? values : &none;

	for (uint32_t i = 0; i < count; i++, position++) {
		if (key_size)
			digest_add_element(digest, key, key_size, value, value_size);
		else
			digest_add_element(digest, &position, sizeof(position), value, value_size);
		key += key_size;
		value += value_size;
	}
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->low == b->low && a->high == b->high;
}

void digest_print(const struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
	snprintf(text, DIGEST_TEXT_SIZE, "%016" PRIx64 "%016" PRIx64, digest->high, digest->low);
}

int digest_parse(const char *text, struct digest *digest)
{
	if (strlen(text) != DIGEST_TEXT_SIZE - 1 ||
	    strspn(text, "0123456789abcdef") != DIGEST_TEXT_SIZE - 1 ||
	    sscanf(text, "%16" SCNx64 "%16" SCNx64, &digest->high, &digest->low) != 2)
		return -EINVAL;
	return 0;
}
