// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include "text/characters.h"
#include "text/json.h"

enum { NUMBER_TEXT_MAX = 48 }; /* a sign and 39 digits */

/* The letter behind the backslash, or 0. */
static char escape_letter(char c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	default:
		return 0;
	}
}

static char *print_escaped(char *to, char c)
{
	static const char digits[] = "0123456789abcdef";
	char letter = escape_letter(c);

	*to++ = '\\';
	if (letter) {
		*to++ = letter;
		return to;
	}
	memcpy(to, "u00", 3);
	to[3] = digits[(unsigned char)c >> 4];
	to[4] = digits[c & 15];
	return to + 5;
}

static void write_string(struct cursor *cursor, const char *text, size_t length)
{
	char *to = length < SIZE_MAX / 8 ? cursor_room(cursor, 6 * length + 2) : NULL;

	if (!to)
		return;
	*to++ = '"';
	for (size_t i = 0; i < length; i++) {
		if (has_class(text[i], CLASS_JSON_ESCAPE))
			to = print_escaped(to, text[i]);
		else
			*to++ = text[i];
	}
	*to++ = '"';
	cursor->at = to;
}

static void write_number(struct cursor *cursor, const struct node *node)
{
	char *to = cursor_room(cursor, NUMBER_TEXT_MAX);

	if (!to)
		return;
	if (node->kind == NODE_UNSIGNED) {
		to = print_u64(to, node->number);
	} else if (node->kind == NODE_WIDE) {
		if (node->negative)
			*to++ = '-';
		to = print_wide(to, node->wide);
	} else {
		bool negative = (int64_t)node->number < 0;

		if (negative)
			*to++ = '-';
		to = print_u64(to, negative ? -node->number : node->number);
	}
	cursor->at = to;
}

static void write_bytes(struct cursor *cursor, const struct node *node)
{
	const unsigned char *bytes = (const unsigned char *)node->text;
	char *to = node->length < SIZE_MAX / 8 ? cursor_room(cursor, 5 * node->length + 2) : NULL;

	if (!to)
		return;
	*to++ = '[';
	for (size_t i = 0; i < node->length; i++) {
		unsigned byte = bytes[i];

		if (i)
			*to++ = ',';
		if (node->negative && byte > 127) {
			*to++ = '-';
			byte = 256 - byte;
		}
		to = print_u64(to, byte);
	}
	*to++ = ']';
	cursor->at = to;
}

static void write_prefix(struct cursor *cursor, const struct node *node)
{
	char *to = cursor_room(cursor, node->length + NUMBER_TEXT_MAX);

	if (!to)
		return;
	*to++ = '"';
	memcpy(to, node->text, node->length);
	to += node->length;
	*to++ = '/';
	to = print_u64(to, node->prefix);
	*to++ = '"';
	cursor->at = to;
}

static void write_hex(struct cursor *cursor, const struct node *node)
{
	cursor_text(cursor, "\"hex-", 5);
	cursor_hex(cursor, node->text, node->length);
	cursor_char(cursor, '"');
}

/* Comma, name and colon; most names are identifiers and need no look at each character. */
static void write_name(struct cursor *cursor, const struct node *child, bool first)
{
	char *to;

	if (!child->plain_name) {
		if (!first)
			cursor_char(cursor, ',');
		write_string(cursor, child->name, child->name_length);
		cursor_char(cursor, ':');
		return;
	}
	to = cursor_room(cursor, (size_t)child->name_length + 4);
	if (!to)
		return;
	*to = ',';
	to += !first;
	*to++ = '"';
	memcpy(to, child->name, child->name_length);
	to += child->name_length;
	*to++ = '"';
	*to++ = ':';
	cursor->at = to;
}

static void write_group(struct cursor *cursor, const struct node *node)
{
	bool object = node->kind == NODE_OBJECT;

	cursor_char(cursor, object ? '{' : '[');
	for (const struct node *child = node->first; child; child = child->next) {
		if (object)
			write_name(cursor, child, child == node->first);
		else if (child != node->first)
			cursor_char(cursor, ',');
		json_write(cursor, child);
	}
	cursor_char(cursor, object ? '}' : ']');
}

void json_write(struct cursor *cursor, const struct node *node)
{
	switch (node->kind) {
	case NODE_NULL:
		cursor_text(cursor, "null", 4);
		break;
	case NODE_BOOL:
		cursor_text(cursor, node->number ? "true" : "false", node->number ? 4 : 5);
		break;
	case NODE_UNSIGNED:
	case NODE_SIGNED:
	case NODE_WIDE:
		write_number(cursor, node);
		break;
	case NODE_LITERAL:
		cursor_text(cursor, node->text, node->length);
		break;
	case NODE_STRING:
	case NODE_WORD:
		write_string(cursor, node->text, node->length);
		break;
	case NODE_PREFIX:
		write_prefix(cursor, node);
		break;
	case NODE_HEX:
		write_hex(cursor, node);
		break;
	case NODE_BYTES:
		write_bytes(cursor, node);
		break;
	default:
		write_group(cursor, node);
	}
}
