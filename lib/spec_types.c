// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "spec_types.h"
#include "text/btf_find.h"
#include "text/btf_read.h"
#include "text/characters.h"
#include "text/type_words.h"

/* A key or a value: what was said, and what it comes to. */
struct part {
	const char *which; /* "key" */
	const char *text;  /* NULL: not said */
	uint32_t size;
	uint32_t btf_id;
	const struct type *words; /* NULL: not in words of the codec */
};

static int take_btf_type(struct part *part, const struct btf *btf, uint32_t id, struct fault *fault)
{
	int64_t size = btf__resolve_size(btf, id);

	if (size <= 0)
		return fault_set(fault, EINVAL, "%s: the type has no size in BTF", part->which);
	part->btf_id = id;
	part->size = (uint32_t)size;
	return 0;
}

static int take_words(struct part *part, const struct btf *btf, struct arena *arena,
		      struct fault *fault)
{
	uint32_t id = btf ? btf_find_type(btf, part->text) : 0;
	int error = type_words_parse(arena, part->text, strlen(part->text), 0, &part->words, fault);

	if (error && id)
		return take_btf_type(part, btf, id, fault);
	if (error) {
		fault_prefix(fault, "%s=%.60s", part->which, part->text);
		return error;
	}
	part->size = part->words->size;
	/* Some type there must be for the map to have BTF at all. */
	if (btf && part->words->kind == TYPE_INTEGER)
		part->btf_id = btf_find_integer(btf, part->size, part->words->is_signed);
	else if (btf)
		part->btf_id = id;
	return 0;
}

static int take_part(struct part *part, const struct btf *btf, uint32_t defined_id,
		     uint32_t defined_size, struct arena *arena, struct fault *fault)
{
	uint64_t size;

	if (!part->text && defined_id)
		return take_btf_type(part, btf, defined_id, fault);
	if (!part->text) {
		part->size = defined_size;
		return 0;
	}
	if (!parse_u64(part->text, strlen(part->text), &size))
		return take_words(part, btf, arena, fault);
	if (size > UINT32_MAX)
		return fault_set(fault, EINVAL, "%s=%.40s: expected at most %u bytes", part->which,
				 part->text, UINT32_MAX);
	part->size = (uint32_t)size;
	/* The definition's type stays true while its size does. */
	if (defined_id && btf__resolve_size(btf, defined_id) == (int64_t)size)
		part->btf_id = defined_id;
	return 0;
}

/* --- the BTF itself --- */

static int open_btf(struct backend *backend, const char *text, struct btf **btf,
		    struct handle **handle, struct fault *fault)
{
	cleanup_with(btf_freep) struct btf *base = NULL;
	const void *bytes;
	uint32_t length;
	uint64_t id;
	int error;

	if (parse_u64(text, strlen(text), &id)) {
		error = id > UINT32_MAX ? -ENOENT
					: object_open(backend, OBJECT_BTF, (uint32_t)id, 0, handle);
		if (!error)
			error = btf_parse_object(backend, (uint32_t)id, btf, &base);
		if (!error && base) /* a module's: it could not outlive its base here */
			error = -EINVAL;
		return error ? fault_set(fault, -error, "btf=%s: %s", text, strerror(-error)) : 0;
	}
	error = btf_read_file(text, btf, fault);
	if (error)
		return error;
	bytes = btf__raw_data(*btf, &length);
	error = bytes ? btf_load(backend, bytes, length, handle) : -ENOMEM;
	return error ? fault_set(fault, -error, "btf=%s cannot be loaded: %s", text,
				 strerror(-error))
		     : 0;
}

static void take_definition(const struct map_definition *definition, struct map_spec *spec)
{
	if (!spec->type)
		spec->type = definition->type;
	if (!spec->max_entries)
		spec->max_entries = definition->max_entries;
	spec->map_flags |= definition->map_flags;
}

/* The kernel takes a key's type and a value's together (map_check_btf()). */
static int set_btf(struct map_spec *spec, const struct part *key, const struct part *value,
		   struct handle *handle, const char *text, struct fault *fault)
{
	const struct part *missing = key->size && !key->btf_id ? key : value;

	if ((!key->size || key->btf_id) && (!value->size || value->btf_id)) {
		spec->btf_fd = handle_fd(handle);
		spec->btf_key_type_id = key->btf_id;
		spec->btf_value_type_id = value->btf_id;
		return 0;
	}
	if (missing->words)
		return fault_set(fault, EINVAL, "%s=%.60s: there is no such type in btf=%.120s",
				 missing->which, missing->text, text);
	return fault_set(fault, EINVAL,
			 "btf=%.120s: no map '%s' in its .maps, so name the types: %s=TYPE", text,
			 spec->name, missing->which);
}

static int make_format(const struct part *key, const struct part *value, char **format)
{
	if (asprintf(format, "%s%s%s%s%s", key->words ? "key=" : "", key->words ? key->text : "",
		     key->words && value->words ? " " : "", value->words ? "value=" : "",
		     value->words ? value->text : "") < 0)
		return -ENOMEM;
	return 0;
}

int spec_types_apply(struct backend *backend, const struct spec_types *types, struct map_spec *spec,
		     struct handle **handle, char **format, struct fault *fault)
{
	struct part key = {"key", types->key, 0, 0, NULL};
	struct part value = {"value", types->value, 0, 0, NULL};
	cleanup_with(btf_freep) struct btf *btf = NULL;
	struct map_definition definition = {0};
	struct arena arena;
	int error = 0;

	*format = NULL;
	arena_init(&arena, NULL, 0);
	if (types->btf)
		error = open_btf(backend, types->btf, &btf, handle, fault);
	if (!error && btf && btf_find_map(btf, spec->name, &definition))
		take_definition(&definition, spec);
	if (!error)
		error = take_part(&key, btf, definition.key_id, definition.key_size, &arena, fault);
	if (!error)
		error = take_part(&value, btf, definition.value_id, definition.value_size, &arena,
				  fault);
	spec->key_size = key.size;
	spec->value_size = value.size;
	if (!error && btf)
		error = set_btf(spec, &key, &value, *handle, types->btf, fault);
	if (map_value_is_defined(map_type_get(spec->type)->value))
		value.words = NULL;
	if (!error && (key.words || value.words))
		error = make_format(&key, &value, format);
	arena_free(&arena);
	return error;
}
