// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "emu/key_hash.h"

struct state {
	uint32_t a, b, c;
};

static inline uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static inline void mix(struct state *s)
{
	s->a = (s->a - s->c) ^ rotate(s->c, 4);
	s->c += s->b;
	s->b = (s->b - s->a) ^ rotate(s->a, 6);
	s->a += s->c;
	s->c = (s->c - s->b) ^ rotate(s->b, 8);
	s->b += s->a;
	s->a = (s->a - s->c) ^ rotate(s->c, 16);
	s->c += s->b;
	s->b = (s->b - s->a) ^ rotate(s->a, 19);
	s->a += s->c;
	s->c = (s->c - s->b) ^ rotate(s->b, 4);
	s->b += s->a;
}

static inline uint32_t finish(struct state *s)
{
	s->c = (s->c ^ s->b) - rotate(s->b, 14);
	s->a = (s->a ^ s->c) - rotate(s->c, 11);
	s->b = (s->b ^ s->a) - rotate(s->a, 25);
	s->c = (s->c ^ s->b) - rotate(s->b, 16);
	s->a = (s->a ^ s->c) - rotate(s->c, 4);
	s->b = (s->b ^ s->a) - rotate(s->a, 14);
	s->c = (s->c ^ s->b) - rotate(s->b, 24);
	return s->c;
}

/* Adds up to 12 bytes, little-endian words, to the state. */
static inline void absorb(struct state *s, const unsigned char *bytes, size_t length)
{
	uint32_t words[3] = {0};

	memcpy(words, bytes, length);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (unsigned i = 0; i < 3; i++)
		words[i] = __builtin_bswap32(words[i]);
#endif
	s->a += words[0];
	s->b += words[1];
	s->c += words[2];
}

uint32_t key_hash(const void *key, size_t length, uint32_t seed)
{
	const unsigned char *bytes = key;
	uint32_t start = 0xdeadbeef + (uint32_t)length + seed;
	struct state s = {start, start, start};

	for (; length > 12; length -= 12, bytes += 12) {
		absorb(&s, bytes, 12);
		mix(&s);
	}
	if (!length)
		return s.c;
	absorb(&s, bytes, length);
	return finish(&s);
}

uint32_t key_hash_seed(void)
{
	uint32_t seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		return seed;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_nsec * 2654435761u;
}
