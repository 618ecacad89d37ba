// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "text/characters.h"
#include "text/json.h"
#include "text/name.h"

struct parser {
	struct arena *arena;
	const char *name;
	struct fault *fault;
};

/* Replaces %XX; the result is in the arena where there is one, else in the name itself. */
static int decode(struct parser *parser, const char *text, size_t length, const char **decoded,
		  size_t *decoded_length)
{
	unsigned char byte;
	char *copy;
	size_t used = 0;

	*decoded = text;
	*decoded_length = length;
	if (!memchr(text, '%', length))
		return 0;
	copy = arena_take(parser->arena, length + 1);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			copy[used++] = text[i];
			continue;
		}
		if (length - i < 3 || !hex_decode(text + i + 1, 2, &byte, 1))
			return fault_set(parser->fault, EINVAL,
					 "expected two hexadecimal digits after %% at position %zu",
					 (size_t)(text - parser->name) + i + 1);
		copy[used++] = (char)byte;
		i += 2;
	}
	*decoded = copy;
	*decoded_length = used;
	return 0;
}

static int make_word(struct parser *parser, const char *text, size_t length, struct node **word)
{
	const char *decoded;
	size_t decoded_length;
	int error = decode(parser, text, length, &decoded, &decoded_length);

	if (error)
		return error;
	*word = node_text(parser->arena, NODE_WORD, decoded, decoded_length);
	if (!*word)
		return -ENOMEM;
	(*word)->position = (size_t)(text - parser->name);
	(*word)->from_name = true;
	return 0;
}

static struct node *make_object(struct parser *parser, size_t position)
{
	struct node *object = node_group(parser->arena, NODE_OBJECT);

	if (object) {
		object->from_name = true;
		object->position = position;
	}
	return object;
}

/* The child of that name, made if it is not there; fault if it is there and no object. */
static int enter(struct parser *parser, struct node **object, const char *name, size_t length,
		 size_t position)
{
	struct node *child = node_find(*object, name, length);

	if (!child) {
		child = make_object(parser, position);
		if (!child)
			return -ENOMEM;
		node_name(child, name, length);
		child->name_position = position;
		node_append(*object, child);
	}
	if (child->kind != NODE_OBJECT)
		return fault_set(parser->fault, EINVAL,
				 "a member has both a value and members of its own at position %zu",
				 position + 1);
	*object = child;
	return 0;
}

/* "src.port=1": walks down to the object that holds the leaf, making what is not there yet. */
static int add_member(struct parser *parser, struct node *object, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	const char *part = text, *end, *name;
	size_t name_length, position = (size_t)(text - parser->name);
	struct node *leaf;
	int error, depth = 0;

	if (!equals)
		return fault_set(parser->fault, EINVAL, "expected MEMBER=VALUE at position %zu",
				 position + 1);
	for (;; part = end + 1) {
		end = memchr(part, '.', (size_t)(equals - part));
		error = decode(parser, part, (size_t)((end ? end : equals) - part), &name,
			       &name_length);
		if (error)
			return error;
		if (!end)
			break;
		if (++depth > JSON_DEPTH_MAX)
			return fault_set(parser->fault, EINVAL,
					 "nested more than %d deep at position %zu", JSON_DEPTH_MAX,
					 position + 1);
		error = enter(parser, &object, name, name_length, position);
		if (error)
			return error;
	}
	error = make_word(parser, equals + 1, length - (size_t)(equals + 1 - text), &leaf);
	if (error)
		return error;
	node_name(leaf, name, name_length);
	leaf->name_position = position;
	node_append(object, leaf);
	return 0;
}

static int parse_members(struct parser *parser, const char *name, size_t length, struct node **tree)
{
	const char *end = name + length;

	*tree = make_object(parser, 0);
	if (!*tree)
		return -ENOMEM;
	for (;;) {
		const char *comma = memchr(name, ',', (size_t)(end - name));
		int error = add_member(parser, *tree, name, (size_t)((comma ? comma : end) - name));

		if (error || !comma)
			return error;
		name = comma + 1;
	}
}

static bool has_members(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION ||
	       (type->kind == TYPE_ARRAY && !type->is_bytes);
}

/* Control characters stand in a name only as %XX: no name is another one with a newline behind. */
static int check_characters(const struct parser *parser, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)parser->name[i];

		if (c < ' ' || c == 0x7f)
			return fault_set(parser->fault, EINVAL,
					 "control character 0x%02x at position %zu: write %%%02x",
					 c, i + 1, c);
	}
	return 0;
}

int name_parse(struct arena *arena, const struct type *type, const char *name, size_t length,
	       struct node **tree, struct fault *fault)
{
	struct parser parser = {arena, name, fault};
	int error = check_characters(&parser, length);

	if (error)
		return error;
	if (has_members(type) && memchr(name, '=', length))
		return parse_members(&parser, name, length, tree);
	return make_word(&parser, name, length, tree);
}
