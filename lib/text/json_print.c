// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include "text/characters.h"
#include "text/json.h"

enum { NUMBER_TEXT_MAX = 48 }; /* a sign and 39 digits, or two dozen of anything else */

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

void json_print_string(const char *text, size_t length, struct buffer *out)
{
	char *start = length < SIZE_MAX / 8 ? buffer_reserve(out, 6 * length + 2) : NULL;
	char *to = start;

	if (!to)
		return;
	*to++ = '"';
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if ((unsigned char)c < 0x20 || c == '"' || c == '\\')
			to = print_escaped(to, c);
		else
			*to++ = c;
	}
	*to++ = '"';
	buffer_commit(out, (size_t)(to - start));
}

static void print_number(const struct node *node, struct buffer *out)
{
	char *start = buffer_reserve(out, NUMBER_TEXT_MAX);
	char *to = start;

	if (!start)
		return;
	if (node->kind == NODE_WIDE) {
		if (node->negative)
			*to++ = '-';
		to = print_wide(to, node->wide);
	} else if (node->kind == NODE_SIGNED && (int64_t)node->number < 0) {
		*to++ = '-';
		to = print_u64(to, -node->number);
	} else {
		to = print_u64(to, node->number);
	}
	buffer_commit(out, (size_t)(to - start));
}

static void print_bytes(const struct node *node, struct buffer *out)
{
	const unsigned char *bytes = (const unsigned char *)node->text;
	char *start =
		node->length < SIZE_MAX / 8 ? buffer_reserve(out, 5 * node->length + 2) : NULL;
	char *to = start;

	if (!start)
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
	buffer_commit(out, (size_t)(to - start));
}

static void print_prefix(const struct node *node, struct buffer *out)
{
	buffer_append_char(out, '"');
	buffer_append(out, node->text, node->length);
	buffer_append_char(out, '/');
	buffer_append_u64(out, node->prefix);
	buffer_append_char(out, '"');
}

static void print_hex(const struct node *node, struct buffer *out)
{
	buffer_append(out, "\"hex-", 5);
	buffer_append_hex(out, node->text, node->length);
	buffer_append_char(out, '"');
}

static void print_group(const struct node *node, struct buffer *out)
{
	bool object = node->kind == NODE_OBJECT;

	buffer_append_char(out, object ? '{' : '[');
	for (const struct node *child = node->first; child; child = child->next) {
		if (child != node->first)
			buffer_append_char(out, ',');
		if (object) {
			json_print_string(child->name, child->name_length, out);
			buffer_append_char(out, ':');
		}
		json_print(child, out);
	}
	buffer_append_char(out, object ? '}' : ']');
}

void json_print(const struct node *node, struct buffer *out)
{
	switch (node->kind) {
	case NODE_NULL:
		buffer_append(out, "null", 4);
		break;
	case NODE_BOOL:
		buffer_append_string(out, node->number ? "true" : "false");
		break;
	case NODE_UNSIGNED:
	case NODE_SIGNED:
	case NODE_WIDE:
		print_number(node, out);
		break;
	case NODE_LITERAL:
		buffer_append(out, node->text, node->length);
		break;
	case NODE_STRING:
	case NODE_WORD:
		json_print_string(node->text, node->length, out);
		break;
	case NODE_PREFIX:
		print_prefix(node, out);
		break;
	case NODE_HEX:
		print_hex(node, out);
		break;
	case NODE_BYTES:
		print_bytes(node, out);
		break;
	default:
		print_group(node, out);
	}
}
