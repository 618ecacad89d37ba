// SPDX-License-Identifier: BSD-2-Clause
/* Text to bytes: parse to a tree, and let the type judge it. */
#include <errno.h>
#include <string.h>
#include "text/characters.h"
#include "text/codec.h"
#include "text/json.h"
#include "text/kind.h"
#include "text/name.h"

void value_input_release(struct value_input *input)
{
	while (input->held_count)
		handle_close(input->held[--input->held_count]);
}

/* --- keys --- */

static int accept_key(struct acceptor *acceptor, const struct codec *codec, const struct type *type,
		      const struct node *tree, void *key)
{
	memset(key, 0, codec->info.key_size);
	return accept_node(acceptor, NULL, type, tree, key);
}

static int parse_name(const struct codec *codec, const char *name, size_t length, void *key,
		      struct fault *fault)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	struct arena arena;
	struct acceptor acceptor = {.arena = &arena, .backend = codec->backend, .fault = fault};
	struct node *tree;
	int error;

	if (name_is_short_form(name, length))
		return -ESRCH;
	arena_init(&arena, space, sizeof(space));
	error = name_parse(&arena, codec->key_name, name, length, &tree, fault);
	if (!error)
		error = accept_key(&acceptor, codec, codec->key_name, tree, key);
	arena_free(&arena);
	return error;
}

int codec_parse_name(const struct codec *codec, const char *name, void *key, struct fault *fault)
{
	return parse_name(codec, name, strlen(name), key, fault);
}

/* A struct that is a prefix may be given as in its name, "10.0.0.0/8", too. */
static int accept_json_key(struct acceptor *acceptor, const struct codec *codec,
			   const struct node *tree, void *key)
{
	bool as_name = codec->key != codec->key_name && node_has_text(tree);

	return accept_key(acceptor, codec, as_name ? codec->key_name : codec->key, tree, key);
}

int codec_parse_key_json(const struct codec *codec, const char *text, size_t length, void *key,
			 struct fault *fault)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	struct arena arena;
	struct acceptor acceptor = {.arena = &arena, .backend = codec->backend, .fault = fault};
	struct node *tree;
	int error;

	arena_init(&arena, space, sizeof(space));
	error = json_parse(&arena, text, length,
			   codec->key->kind == TYPE_TEXT ? JSON_TEXT : JSON_WORDS, &tree, fault);
	if (!error)
		error = accept_json_key(&acceptor, codec, tree, key);
	arena_free(&arena);
	return error;
}

/* --- values --- */

static int accept_value(struct acceptor *acceptor, const struct codec *codec,
			const struct node *tree)
{
	int error;

	memset(acceptor->input->bytes, 0, codec->value->size);
	error = accept_node(acceptor, NULL, codec->value, tree, acceptor->input->bytes);
	if (error)
		value_input_release(acceptor->input);
	return error;
}

/* -ENOSYS: the map has no form of its own for this text. */
static int parse_form(const struct codec *codec, const char *text, size_t length,
		      struct value_input *input, struct fault *fault)
{
	if (!codec->forms)
		return -ENOSYS;
	memset(input->bytes, 0, codec->value->size);
	return map_parse_value(codec->forms, text, length, input->bytes, fault);
}

int codec_parse_value(const struct codec *codec, const char *text, size_t length,
		      const struct codec_current *current, struct value_input *input,
		      struct fault *fault)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	struct arena arena;
	struct acceptor acceptor = {&arena, codec->backend, current, input, fault};
	struct node *tree;
	int error = parse_form(codec, text, length, input, fault);

	if (error != -ENOSYS)
		return error;
	arena_init(&arena, space, sizeof(space));
	error = json_parse(&arena, text, length,
			   codec->value->kind == TYPE_TEXT ? JSON_TEXT : JSON_WORDS, &tree, fault);
	if (!error)
		error = accept_value(&acceptor, codec, tree);
	arena_free(&arena);
	return error;
}

bool codec_refers(const struct codec *codec)
{
	return map_value_is_defined(codec->map_type->value);
}

int codec_take_value(const struct codec *codec, const void *value, struct value_input *input,
		     struct fault *fault)
{
	struct acceptor acceptor = {.backend = codec->backend, .input = input, .fault = fault};

	memcpy(input->bytes, value, codec_value_bytes(codec));
	return accept_ids(&acceptor, codec->value, input->bytes);
}

/* --- elements --- */

/* Positions in the sentence count from the beginning of the line's part. */
static int parse_line_name(const struct codec *codec, const char *name, size_t length, void *key,
			   struct fault *fault)
{
	int error = parse_name(codec, name, length, key, fault);

	if (error == -ESRCH)
		return fault_set(fault, EINVAL,
				 "key: a short name stands for no key in a line: give the full "
				 "name, as entries shows it");
	if (error)
		fault_prefix(fault, "key");
	return error;
}

int codec_parse_entry(const struct codec *codec, const char *line, size_t length, void *key,
		      const struct codec_current *current, struct value_input *input,
		      struct fault *fault)
{
	const char *tab = memchr(line, '\t', length);
	char excerpt[EXCERPT_MAX];
	size_t name_length;
	int error;

	if (!tab)
		return fault_set(fault, EINVAL, "expected a key name, a TAB and a value, got '%s'",
				 text_excerpt(excerpt, line, length));
	name_length = (size_t)(tab - line);
	error = parse_line_name(codec, line, name_length, key, fault);
	if (error)
		return error;
	error = codec_parse_value(codec, tab + 1, length - name_length - 1, current, input, fault);
	if (error)
		fault_prefix(fault, "value");
	return error;
}

static int find_element(const struct node *tree, const struct node **key, const struct node **value,
			struct fault *fault)
{
	char excerpt[EXCERPT_MAX];

	*key = *value = NULL;
	if (tree->kind != NODE_OBJECT)
		return fault_set(fault, EINVAL,
				 "expected an element {\"key\":K,\"value\":V} at position %u",
				 tree->position + 1);
	for (const struct node *child = tree->first; child; child = child->next) {
		bool is_key = child->name_length == 3 && memcmp(child->name, "key", 3) == 0;
		bool is_value = child->name_length == 5 && memcmp(child->name, "value", 5) == 0;
		const struct node **which = is_key ? key : value;

		if (!is_key && !is_value)
			return fault_set(fault, EINVAL,
					 "member '%s' is unknown in an element at position %u",
					 text_excerpt(excerpt, child->name, child->name_length),
					 child->name_position + 1);
		if (*which)
			return fault_set(fault, EINVAL, "member '%s' is given twice at position %u",
					 is_key ? "key" : "value", child->name_position + 1);
		*which = child;
	}
	if (!*key || !*value)
		return fault_set(fault, EINVAL,
				 "member '%s' is missing in an element at position %u",
				 *key ? "value" : "key", tree->position + 1);
	return 0;
}

int codec_parse_element_json(const struct codec *codec, const char *text, size_t length, void *key,
			     const struct codec_current *current, struct value_input *input,
			     struct fault *fault)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	struct arena arena;
	struct acceptor acceptor = {&arena, codec->backend, current, input, fault};
	const struct node *key_node, *value_node;
	struct node *tree;
	int error;

	arena_init(&arena, space, sizeof(space));
	error = json_parse(&arena, text, length, JSON_WORDS, &tree, fault);
	if (!error)
		error = find_element(tree, &key_node, &value_node, fault);
	if (!error) {
		error = accept_json_key(&acceptor, codec, key_node, key);
		if (error)
			fault_prefix(fault, "key");
	}
	if (!error) {
		error = accept_value(&acceptor, codec, value_node);
		if (error)
			fault_prefix(fault, "value");
	}
	arena_free(&arena);
	return error;
}
