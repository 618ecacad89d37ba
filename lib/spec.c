// SPDX-License-Identifier: BSD-2-Clause
/* SPEC: words or a JSON object to a map, or to an object that is there already. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/explain.h>
#include <bpfuse/spec.h>
#include "spec_reader.h"
#include "text/characters.h"
#include "text/json.h"

/* --- text to words --- */

static int split_word(struct spec_reader *reader, struct node *object, const char *text, size_t at,
		      size_t end)
{
	const char *equals = memchr(text + at, '=', end - at);
	char excerpt[EXCERPT_MAX];
	struct node *node;

	if (!equals || equals == text + at)
		return fault_set(reader->fault, EINVAL,
				 "expected WORD=VALUE, got '%s' at position %zu",
				 text_excerpt(excerpt, text + at, end - at), at + 1);
	node = node_text(reader->arena, NODE_WORD, equals + 1, (size_t)(text + end - (equals + 1)));
	if (!node)
		return -ENOMEM;
	node_name(node, text + at, (size_t)(equals - (text + at)));
	node->name_position = at;
	node->position = (size_t)(equals + 1 - text);
	node_append(object, node);
	return 0;
}

static int split_words(struct spec_reader *reader, const char *text, size_t length,
		       struct node **tree)
{
	size_t at = 0;

	*tree = node_group(reader->arena, NODE_OBJECT);
	if (!*tree)
		return -ENOMEM;
	for (;;) {
		size_t end;
		int error;

		while (at < length && is_space(text[at]))
			at++;
		if (at == length)
			return 0;
		for (end = at; end < length && !is_space(text[end]);)
			end++;
		error = split_word(reader, *tree, text, at, end);
		if (error)
			return error;
		at = end;
	}
}

static bool begins_object(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && is_space(text[at]))
		at++;
	return at < length && text[at] == '{';
}

static int read_tree(struct spec_reader *reader, const char *text, size_t length,
		     struct node **tree)
{
	if (begins_object(text, length))
		return json_parse(reader->arena, text, length, JSON_WORDS, tree, reader->fault);
	return split_words(reader, text, length, tree);
}

/* --- words to a map --- */

static int create_map(struct spec_reader *reader, struct handle **map, char **format)
{
	struct map_spec *spec = &reader->spec;
	struct map_info info;
	int error = spec_types_apply(reader->backend, &reader->types, spec, &reader->btf, format,
				     reader->fault);

	if (error)
		return error;
	if (!spec->type)
		return fault_set(reader->fault, EINVAL,
				 "type= is missing: expected type=hash or "
				 "another map type");
	error = spec->ifindex && reader->gate
			? reader->gate->enter(reader->gate->context, spec->ifindex)
			: 0;
	if (error)
		return error;
	error = map_create(reader->backend, spec, map);
	if (!error)
		return 0;
	info = (struct map_info){
		.type = spec->type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.max_entries = spec->max_entries,
		.map_flags = spec->map_flags,
		.ifindex = spec->ifindex,
		.map_extra = spec->map_extra,
		.btf_key_type_id = spec->btf_key_type_id,
		.btf_value_type_id = spec->btf_value_type_id,
	};
	return explain_map_error(reader->fault, MAP_OP_CREATE, &info, NULL, 0, error);
}

int spec_create(struct spec_reader *outer, const struct node *tree, struct handle **map,
		char **format)
{
	struct spec_reader reader = {
		.backend = outer->backend,
		.arena = outer->arena,
		.fault = outer->fault,
		.gate = outer->gate,
		.depth = outer->depth + 1,
		.spec = MAP_SPEC_INIT,
	};
	int error;

	if (reader.depth > 3)
		return fault_set(outer->fault, EINVAL, "a SPEC within a SPEC within a SPEC");
	*format = NULL;
	error = spec_take_words(&reader, tree);
	if (!error && reader.object)
		*map = move_ptr(reader.opened);
	else if (!error)
		error = create_map(&reader, map, format);
	if (error)
		free(move_ptr(*format));
	handle_close(reader.opened);
	handle_close(reader.inner);
	handle_close(reader.btf);
	return error;
}

int spec_open(struct backend *backend, const char *text, size_t length, struct handle **handle,
	      char **format, const struct spec_device_gate *gate, struct fault *fault)
{
	struct arena arena;
	struct spec_reader reader = {
		.backend = backend, .arena = &arena, .fault = fault, .gate = gate};
	struct node *tree;
	int error;

	arena_init(&arena, NULL, 0);
	error = read_tree(&reader, text, length, &tree);
	if (!error)
		error = spec_create(&reader, tree, handle, format);
	arena_free(&arena);
	return error;
}
