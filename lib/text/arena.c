// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include "text/arena.h"

/* Each block twice the one before: a map's types fit the first, a tree of a megabyte needs few. */
enum { ARENA_BLOCK_MIN = 1024, ARENA_BLOCK_MAX = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size;
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
	size_t room = arena->blocks ? 2 * arena->blocks->size : ARENA_BLOCK_MIN;
	struct arena_block *block;

	room = room > ARENA_BLOCK_MAX ? ARENA_BLOCK_MAX : room;
	room = rounded > room ? rounded : room;
	if (rounded < size || room > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + room);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	block->size = room;
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
