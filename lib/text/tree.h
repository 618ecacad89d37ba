/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one tree between bytes and text.
 *
 * Bytes are rendered into it by their type (kind.h) and it is printed as a key file name
 * (name.h) or as JSON (json.h); both are parsed into it, and by the type it becomes bytes again.
 * We do not use jansson for it: jansson cannot hold numbers above 2^63-1, forgets where in the
 * text a value stood, and takes a malloc for each.
 *
 * Nodes live in an arena and are freed with it. Strings in nodes are not NUL-terminated and may
 * point into the text or the bytes that the tree was made from, which must live as long.
 */
#ifndef BPFUSE_TEXT_TREE_H
#define BPFUSE_TEXT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bpfuse/buffer.h>
#include "text/arena.h"

__extension__ typedef unsigned __int128 wide_t;

enum node_kind {
	NODE_NULL,
	NODE_BOOL,     /* number: 0 or 1 */
	NODE_UNSIGNED, /* number */
	NODE_SIGNED,   /* number, as two's complement */
	NODE_WIDE,     /* wide: an unsigned number of 128 bits */
	NODE_LITERAL,  /* text: a JSON number as it is */
	NODE_STRING,   /* text */
	NODE_PREFIX,   /* text: an address; prefix: its length in bits */
	NODE_HEX,      /* text: bytes that are shown as "hex-.." */
	NODE_BYTES,    /* text: a list of numbers of one byte; `negative`: they are signed */
	NODE_LIST,     /* first, last, count */
	NODE_OBJECT,   /* the same, children have names */
	NODE_WORD,     /* text: only from parsing, something without quotes */
};

struct node {
	uint8_t kind;
	bool negative;	 /* NODE_WIDE: a minus before it; NODE_BYTES: signed */
	bool plain_name; /* its name is an identifier: no character of it needs an escape */
	bool from_name;	 /* made from a key name: list members are called 0, 1, ... */
	uint32_t name_length;
	const char *name; /* of a child of NODE_OBJECT */
	struct node *next;
	uint32_t position;	/* where its text begins, in bytes from the start of the text */
	uint32_t name_position; /* the same of its name */
	union {
		uint64_t number;
		wide_t wide;
		struct {
			const char *text;
			uint32_t prefix;
			size_t length;
		};
		struct {
			struct node *first, *last;
			size_t count;
		};
	};
};

/* All of these give NULL when memory runs out; node_append() then does nothing. */
static inline struct node *node_make(struct arena *arena, enum node_kind kind)
{
	struct node *node = arena_take(arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = (uint8_t)kind;
	node->negative = node->plain_name = node->from_name = false;
	node->name = NULL;
	node->name_length = 0;
	node->next = NULL;
	node->position = node->name_position = 0;
	return node;
}

static inline struct node *node_number(struct arena *arena, enum node_kind kind, uint64_t number)
{
	struct node *node = node_make(arena, kind);

	if (node)
		node->number = number;
	return node;
}

/* The text is not copied. */
static inline struct node *node_text(struct arena *arena, enum node_kind kind, const void *text,
				     size_t length)
{
	struct node *node = node_make(arena, kind);

	if (node) {
		node->text = text;
		node->length = length;
		node->prefix = 0;
	}
	return node;
}

static inline struct node *node_group(struct arena *arena, enum node_kind kind)
{
	struct node *node = node_make(arena, kind);

	if (node) {
		node->first = node->last = NULL;
		node->count = 0;
	}
	return node;
}

static inline void node_append(struct node *group, struct node *child)
{
	if (group->last)
		group->last->next = child;
	else
		group->first = child;
	group->last = child;
	group->count++;
}

static inline void node_name(struct node *node, const char *name, size_t length)
{
	node->name = name;
	node->name_length = (uint32_t)length;
}

/* The child of that name, or NULL. */
struct node *node_find(const struct node *object, const char *name, size_t length);
bool node_is_text(const struct node *node, const char *text);

#endif
