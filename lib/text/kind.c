// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "text/characters.h"
#include "text/kind.h"

static const struct kind *const kinds[TYPE_KINDS] = {
	[TYPE_INTEGER] = &kind_integer,
	[TYPE_BOOL] = &kind_bool,
	[TYPE_ENUM] = &kind_enum,
	[TYPE_FLOAT] = &kind_float,
	[TYPE_BIG_ENDIAN] = &kind_big_endian,
	[TYPE_IPV4] = &kind_ipv4,
	[TYPE_IPV6] = &kind_ipv6,
	[TYPE_MAC] = &kind_mac,
	[TYPE_TEXT] = &kind_text,
	[TYPE_HEX] = &kind_hex,
	[TYPE_PREFIX4] = &kind_prefix4,
	[TYPE_PREFIX6] = &kind_prefix6,
	[TYPE_PREFIX_BYTES] = &kind_prefix_bytes,
	[TYPE_ARRAY] = &kind_array,
	[TYPE_STRUCT] = &kind_struct,
	[TYPE_UNION] = &kind_union,
	[TYPE_SECTION] = &kind_section,
	[TYPE_SPECIAL] = &kind_special,
	[TYPE_PERCPU] = &kind_percpu,
	[TYPE_MAP_REFERENCE] = &kind_map_reference,
	[TYPE_PROG_REFERENCE] = &kind_prog_reference,
	[TYPE_DEVMAP] = &kind_devmap,
	[TYPE_CPUMAP] = &kind_cpumap,
};

struct node *render_exact(struct renderer *renderer, const struct type *type,
			  const unsigned char *bytes)
{
	return kinds[type->kind]->render(renderer, type, bytes);
}

struct node *render(struct renderer *renderer, const struct type *type, const unsigned char *bytes)
{
	struct node *node = render_exact(renderer, type, bytes);

	if (node)
		return node;
	renderer->fell_back = true;
	node = node_text(renderer->arena, NODE_HEX, bytes, type->size);
	renderer->failed |= !node;
	return node;
}

/* --- the hex form, which every type takes --- */

/* Is this the character for that place of the pattern, in which h is a hexadecimal digit? */
static bool fits_pair(const char *pattern, size_t place, char c)
{
	return pattern[place] == 'h' ? hex_digit(c) >= 0 : pattern[place] == c;
}

/* "0a 0b 0c", also "0x0a 0x0b": at least two bytes, for one would be a number. */
static bool decode_pairs(const char *text, size_t length, unsigned char *bytes, uint32_t size)
{
	size_t step = length > 1 && text[1] == 'x' ? 5 : 3;

	if (size < 2 || length != (uint64_t)size * step - 1)
		return false;
	for (size_t at = 0; at < length; at++)
		if (!fits_pair(step == 5 ? "0xhh " : "hh ", at % step, text[at]))
			return false;
	for (uint32_t i = 0; i < size; i++)
		hex_decode(text + i * step + (step - 3), 2, bytes + i, 1);
	return true;
}

static bool begins_with_hex(const struct node *node)
{
	return node->length >= 4 && memcmp(node->text, "hex-", 4) == 0;
}

/* Not what is no bytes of the user's: descriptors of objects, the kernel's own. */
static bool takes_hex(const struct type *type)
{
	return type->kind != TYPE_SPECIAL && type->kind < TYPE_MAP_REFERENCE;
}

/* 1: these were the bytes; 0: not the hex form; -EINVAL. */
static int accept_hex_form(struct acceptor *acceptor, const struct where *where,
			   const struct type *type, const struct node *node, unsigned char *bytes)
{
	if (!node_has_text(node) || !takes_hex(type))
		return 0;
	if (begins_with_hex(node)) {
		if (hex_decode(node->text + 4, node->length - 4, bytes, type->size))
			return 1;
		/* No text of N characters is as long as the hex form of N bytes. */
		if (type->kind == TYPE_TEXT || type->kind == TYPE_PREFIX_BYTES ||
		    type->kind == TYPE_PERCPU)
			return 0;
		return accept_fault(acceptor, where, node,
				    "expected %u hexadecimal digits after hex-, got %zu characters",
				    2 * type->size, node->length - 4);
	}
	if (type->kind == TYPE_TEXT)
		return 0;
	return decode_pairs(node->text, node->length, bytes, type->size);
}

int accept_node(struct acceptor *acceptor, const struct where *where, const struct type *type,
		const struct node *node, unsigned char *bytes)
{
	int result = accept_hex_form(acceptor, where, type, node, bytes);

	if (result)
		return result < 0 ? result : 0;
	return kinds[type->kind]->accept(acceptor, where, type, node, bytes);
}

/* --- sentences --- */

static size_t print_where(const struct where *where, char *to, size_t room)
{
	size_t used = 0;
	int length;

	if (!where)
		return 0;
	used = print_where(where->up, to, room);
	if (where->name)
		length = snprintf(to + used, room - used, "%s%.*s", used ? "." : "",
				  (int)(where->length > 64 ? 64 : where->length), where->name);
	else
		length = snprintf(to + used, room - used, "[%zu]", where->index);
	used += (size_t)length;
	return used < room ? used : room - 1;
}

static void add_where(struct fault *fault, const struct where *where)
{
	char path[160];

	if (print_where(where, path, sizeof(path)))
		fault_prefix(fault, "%s", path);
}

int accept_fault(struct acceptor *acceptor, const struct where *where, const struct node *node,
		 const char *format, ...)
{
	char sentence[FAULT_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	fault_set(acceptor->fault, EINVAL, "%s at position %u", sentence, node->position + 1);
	if (acceptor->fault)
		add_where(acceptor->fault, where);
	return -EINVAL;
}

static const char *describe_node(const struct node *node, char description[EXCERPT_MAX + 2])
{
	char excerpt[EXCERPT_MAX];

	switch (node->kind) {
	case NODE_STRING:
		snprintf(description, EXCERPT_MAX + 2, "\"%s\"",
			 text_excerpt(excerpt, node->text, node->length));
		return description;
	case NODE_WORD:
		if (!node->length)
			return "nothing";
		return text_excerpt(description, node->text, node->length);
	case NODE_LIST:
		return "a list";
	default:
		return node->from_name ? "members of it" : "an object";
	}
}

int accept_mismatch(struct acceptor *acceptor, const struct where *where, const struct node *node,
		    const char *expected)
{
	char description[EXCERPT_MAX + 2];

	return accept_fault(acceptor, where, node, "expected %s, got %s", expected,
			    describe_node(node, description));
}
