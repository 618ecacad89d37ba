// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include "text/arena.h"

enum { ARENA_BLOCK_SIZE = 16 * 1024 };

struct arena_block {
	struct arena_block *next;
	_Alignas(16) unsigned char space[];
};

void arena_free(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->at = arena->end = NULL;
}

void *arena_take_slow(struct arena *arena, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	size_t room = rounded > ARENA_BLOCK_SIZE ? rounded : ARENA_BLOCK_SIZE;
	struct arena_block *block;

	if (rounded < size || room > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + room);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	/* What is left of the current block may be more than what is left of this one. */
	if (room - rounded >= (size_t)(arena->end - arena->at)) {
		arena->at = block->space + rounded;
		arena->end = block->space + room;
	}
	return block->space;
}

void *arena_take_zero(struct arena *arena, size_t size)
{
	void *piece = arena_take(arena, size);

	if (piece)
		memset(piece, 0, size);
	return piece;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}
