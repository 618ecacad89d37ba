/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree as JSON, both ways.
 *
 * Printing gives one line (RFC 8259), without spaces. Parsing takes that, and more: white space
 * anywhere; words without quotes in the place of a value, which the type then judges; and a whole
 * text that does not begin as JSON does is one word. Escapes are decoded, text must be UTF-8, and
 * lists and objects nest at most JSON_DEPTH_MAX deep.
 */
#ifndef BPFUSE_TEXT_JSON_H
#define BPFUSE_TEXT_JSON_H

#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>
#include "text/cursor.h"
#include "text/tree.h"

#define JSON_DEPTH_MAX 64

/* The buffer behind the cursor tells of lack of memory. */
void json_write(struct cursor *cursor, const struct node *node);

enum json_words {
	JSON_WORDS, /* a text that begins with none of { [ " is one word, spaces included */
	JSON_TEXT,  /* only a " begins JSON: the text is for characters */
};

/* -EINVAL and a sentence with the position, -ENOMEM. The tree points into the text. */
int json_parse(struct arena *arena, const char *text, size_t length, enum json_words words,
	       struct node **tree, struct fault *fault);

#endif
