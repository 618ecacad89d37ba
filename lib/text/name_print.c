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

static void append_escape(char c, struct buffer *out)
{
	static const char digits[] = "0123456789ABCDEF";
	char escape[3] = {'%', digits[(unsigned char)c >> 4], digits[c & 15]};

	buffer_append(out, escape, sizeof(escape));
}

/* start: where in out the name begins. */
static void append_text(const char *text, size_t length, const char *separators, size_t start,
			struct buffer *out)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (is_control(c) || c == '/' || c == '%' || strchr(separators, c) ||
		    (c == '.' && out->length == start))
			append_escape(c, out);
		else
			buffer_append_char(out, c);
	}
}

static void append_path(const struct path *path, size_t start, struct buffer *out)
{
	if (path->up) {
		append_path(path->up, start, out);
		buffer_append_char(out, '.');
	}
	if (path->indexed)
		buffer_append_u64(out, path->index);
	else
		append_text(path->node->name, path->node->name_length, ",=.", start, out);
}

static void append_leaf(const struct node *node, const char *separators, size_t start,
			struct buffer *out)
{
	switch (node->kind) {
	case NODE_STRING:
	case NODE_WORD:
		append_text(node->text, node->length, separators, start, out);
		break;
	case NODE_PREFIX:
		buffer_append(out, node->text, node->length);
		buffer_append_char(out, '_');
		buffer_append_u64(out, node->prefix);
		break;
	case NODE_HEX:
	case NODE_BYTES:
		buffer_append(out, "hex-", 4);
		buffer_append_hex(out, node->text, node->length);
		break;
	default: /* numbers and words of JSON need no escape */
		json_print(node, out);
	}
}

static void append_members(const struct node *group, const struct path *up, size_t start,
			   struct buffer *out)
{
	struct path path = {up, NULL, 0, group->kind == NODE_LIST};

	for (const struct node *child = group->first; child; child = child->next, path.index++) {
		path.node = child;
		if (child->kind == NODE_OBJECT || child->kind == NODE_LIST) {
			append_members(child, &path, start, out);
			continue;
		}
		if (out->length > start)
			buffer_append_char(out, ',');
		append_path(&path, start, out);
		buffer_append_char(out, '=');
		append_leaf(child, ",=", start, out);
	}
}

/* A text that looks like the short form must not be taken for one. */
static void escape_short_form(size_t start, struct buffer *out)
{
	size_t length = out->length - start;
	char name[CODEC_NAME_MAX];

	memcpy(name, out->data + start, length);
	out->length = start;
	append_escape(name[0], out);
	buffer_append(out, name + 1, length - 1);
}

void name_print(const struct node *node, struct buffer *out)
{
	size_t start = out->length;

	if (node->kind == NODE_OBJECT || node->kind == NODE_LIST)
		append_members(node, NULL, start, out);
	else
		append_leaf(node, "", start, out);
	if (!out->failed && node->kind == NODE_STRING &&
	    name_is_short_form(out->data + start, out->length - start))
		escape_short_form(start, out);
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
