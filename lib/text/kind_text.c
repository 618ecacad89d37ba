// SPDX-License-Identifier: BSD-2-Clause
/* Characters, plain bytes, and what belongs to the kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "text/characters.h"
#include "text/kind.h"

/* --- characters: UTF-8 up to the first NUL, and nothing but NULs behind it --- */

static struct node *render_text(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	const char *text = (const char *)bytes;
	size_t length = strnlen(text, type->size);

	for (size_t i = length; i < type->size; i++)
		if (bytes[i])
			return NULL;
	if (utf8_check(text, length) < length)
		return NULL;
	return node_text(renderer->arena, NODE_STRING, text, length);
}

static int accept_text(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct node *node, unsigned char *bytes)
{
	size_t bad;

	if (!node_has_text(node))
		return accept_mismatch(acceptor, where, node, "text");
	if (memchr(node->text, '\0', node->length))
		return accept_fault(acceptor, where, node, "a NUL inside a text cannot be kept");
	bad = utf8_check(node->text, node->length);
	if (bad < node->length)
		return accept_fault(acceptor, where, node, "invalid UTF-8: byte 0x%02x in a text",
				    (unsigned char)node->text[bad]);
	if (node->length > type->size)
		return accept_fault(acceptor, where, node,
				    "expected at most %u bytes of text, got %zu", type->size,
				    node->length);
	memcpy(bytes, node->text, node->length);
	return 0;
}

const struct kind kind_text = {render_text, accept_text};

/* --- plain bytes --- */

static struct node *render_hex(struct renderer *renderer, const struct type *type,
			       const unsigned char *bytes)
{
	return node_text(renderer->arena, NODE_HEX, bytes, type->size);
}

/* accept_node() has tried "hex-.." and pairs; what is left is digits without the "hex-". */
static int accept_hex(struct acceptor *acceptor, const struct where *where, const struct type *type,
		      const struct node *node, unsigned char *bytes)
{
	char expected[64];

	if (node_has_text(node) && hex_decode(node->text, node->length, bytes, type->size))
		return 0;
	snprintf(expected, sizeof(expected), "%u bytes as hex-.. in memory order", type->size);
	return accept_mismatch(acceptor, where, node, expected);
}

const struct kind kind_hex = {render_hex, accept_hex};

/* --- the kernel's own: its bytes are not for us, reading gives zeros anyway --- */

static struct node *render_special(struct renderer *renderer, const struct type *type,
				   const unsigned char *bytes)
{
	return node_make(renderer->arena, NODE_NULL);
}

static int accept_special(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *node, unsigned char *bytes)
{
	char expected[96];

	if (node_is_text(node, "null"))
		return 0;
	snprintf(expected, sizeof(expected), "null, for %.48s is the kernel's own", type->name);
	return accept_mismatch(acceptor, where, node, expected);
}

const struct kind kind_special = {render_special, accept_special};
