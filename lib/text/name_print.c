// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <openssl/evp.h>
#include <bpfuse/codec.h>
#include "text/characters.h"
#include "text/json.h"
#include "text/name.h"

enum { SHORT_DIGITS = 64 };

/* The way to a leaf: "src." in "src.port=1". */
struct path {
	const struct path *up;
	const struct node *node; /* its name counts, or its index */
	size_t index;
	bool indexed;
};

static char *print_escape(char *to, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	to[0] = '%';
	to[1] = digits[(unsigned char)c >> 4];
	to[2] = digits[c & 15];
	return to + 3;
}

/* escaped: the classes of characters to write as %XX; start: where in the buffer the name is. */
static void write_text(struct cursor *cursor, const char *text, size_t length, unsigned escaped,
		       size_t start)
{
	bool first = cursor_length(cursor) == start;
	char *to = length < SIZE_MAX / 4 ? cursor_room(cursor, 3 * length) : NULL;

	if (!to)
		return;
	for (size_t i = 0; i < length; i++) {
		if (has_class(text[i], escaped) || (first && i == 0 && text[i] == '.'))
			to = print_escape(to, text[i]);
		else
			*to++ = text[i];
	}
	cursor->at = to;
}

static void write_index(struct cursor *cursor, uint64_t index)
{
	char *to = cursor_room(cursor, 20);

	if (to)
		cursor->at = print_u64(to, index);
}

static void write_path(struct cursor *cursor, const struct path *path, size_t start)
{
	const struct node *node = path->node;

	if (path->up) {
		write_path(cursor, path->up, start);
		cursor_char(cursor, '.');
	}
	if (path->indexed)
		write_index(cursor, path->index);
	else if (node->plain_name)
		cursor_text(cursor, node->name, node->name_length);
	else
		write_text(cursor, node->name, node->name_length,
			   CLASS_NAME_ESCAPE | CLASS_NAME_SEPARATOR | CLASS_NAME_DOT, start);
}

static void write_leaf(struct cursor *cursor, const struct node *node, unsigned escaped,
		       size_t start)
{
	switch (node->kind) {
	case NODE_STRING:
	case NODE_WORD:
		write_text(cursor, node->text, node->length, escaped, start);
		break;
	case NODE_PREFIX:
		cursor_text(cursor, node->text, node->length);
		cursor_char(cursor, '_');
		write_index(cursor, node->prefix);
		break;
	case NODE_HEX:
	case NODE_BYTES:
		cursor_text(cursor, "hex-", 4);
		cursor_hex(cursor, node->text, node->length);
		break;
	default: /* numbers and words of JSON need no escape */
		json_write(cursor, node);
	}
}

static void write_members(struct cursor *cursor, const struct node *group, const struct path *up,
			  size_t start)
{
	struct path path = {up, NULL, 0, group->kind == NODE_LIST};

	for (const struct node *child = group->first; child; child = child->next, path.index++) {
		path.node = child;
		if (child->kind == NODE_OBJECT || child->kind == NODE_LIST) {
			write_members(cursor, child, &path, start);
			continue;
		}
		if (cursor_length(cursor) > start)
			cursor_char(cursor, ',');
		write_path(cursor, &path, start);
		cursor_char(cursor, '=');
		write_leaf(cursor, child, CLASS_NAME_ESCAPE | CLASS_NAME_SEPARATOR, start);
	}
}

/* A text that looks like the short form must not be taken for one. */
static void escape_short_form(struct cursor *cursor, size_t start)
{
	size_t length = cursor_length(cursor) - start;
	char *to = cursor_room(cursor, 2);

	if (!to)
		return;
	to -= length;
	memmove(to + 3, to + 1, length - 1);
	print_escape(to, *to);
	cursor->at += 2;
}

void name_write(struct cursor *cursor, const struct node *node)
{
	size_t start = cursor_length(cursor);

	if (node->kind == NODE_OBJECT || node->kind == NODE_LIST)
		write_members(cursor, node, NULL, start);
	else
		write_leaf(cursor, node, CLASS_NAME_ESCAPE, start);
	if (node->kind == NODE_STRING && !cursor->out->failed && cursor->at &&
	    name_is_short_form(cursor->out->data + start, cursor_length(cursor) - start))
		escape_short_form(cursor, start);
}

void name_shorten(const char *full, size_t length, struct buffer *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!EVP_Digest(full, length, sum, &size, EVP_sha256(), NULL)) {
		out->failed = true;
		return;
	}
	buffer_append_string(out, CODEC_NAME_SHORT);
	buffer_append_hex(out, sum, size);
}

bool name_is_short_form(const char *name, size_t length)
{
	size_t prefix = strlen(CODEC_NAME_SHORT);

	if (length != prefix + SHORT_DIGITS || memcmp(name, CODEC_NAME_SHORT, prefix) != 0)
		return false;
	for (size_t i = prefix; i < length; i++)
		if (hex_digit(name[i]) < 0)
			return false;
	return true;
}
