/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree as a key file name, both ways.
 *
 * A single value is its bare text, a struct is MEMBER=TEXT,MEMBER=TEXT with the members of inner
 * structs and lists as OUTER.INNER and OUTER.INDEX. '/', control characters and '%' are
 * %XX everywhere, ',' '=' where there are members, '.' in the names of members and at the
 * beginning of all. Text is as it is otherwise.
 */
#ifndef BPFUSE_TEXT_NAME_H
#define BPFUSE_TEXT_NAME_H

#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>
#include "text/cursor.h"
#include "text/tree.h"
#include "text/type.h"

/* An empty name is possible, the caller deals with it. */
void name_write(struct cursor *cursor, const struct node *node);

/*
 * The tree of a name for that type: words, and objects of them for what has members (marked
 * from_name). -EINVAL and a sentence for escapes and members that cannot be read.
 */
int name_parse(struct arena *arena, const struct type *type, const char *name, size_t length,
	       struct node **tree, struct fault *fault);

/* "sha256-" and the sum of the full name. */
void name_shorten(const char *full, size_t length, struct buffer *out);
bool name_is_short_form(const char *name, size_t length);

#endif
