/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is taken in small pieces and given back all at once.
 *
 * An arena serves first from a block the caller lends it (usually on its stack, so that a short
 * text costs no malloc), then from blocks of its own. One owner at a time; nothing is zeroed
 * unless asked for; pieces are aligned for any type.
 */
#ifndef BPFUSE_TEXT_ARENA_H
#define BPFUSE_TEXT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
	unsigned char *at, *end;
	struct arena_block *blocks;
};

/* space must be aligned to 16 bytes; NULL and 0 for none. */
static inline void arena_init(struct arena *arena, void *space, size_t size)
{
	arena->at = space;
	arena->end = space ? arena->at + (size & ~(size_t)15) : NULL;
	arena->blocks = NULL;
}

void arena_free(struct arena *arena);
void *arena_take_slow(struct arena *arena, size_t size);

/* NULL when memory runs out. */
static inline void *arena_take(struct arena *arena, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	void *piece = arena->at;

	if (rounded < size || rounded > (size_t)(arena->end - arena->at))
		return arena_take_slow(arena, size);
	arena->at += rounded;
	return piece;
}

void *arena_take_zero(struct arena *arena, size_t size);
/* A copy with a NUL behind it. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

#endif
