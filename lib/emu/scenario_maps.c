// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: "maps". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libgen.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/explain.h>
#include "emu/map.h"
#include "emu/scenario.h"
#include "text/type_words.h"

struct map_item {
	const char *name, *type, *inner, *device, *btf;
	json_t *key, *value, *flags, *elements, *records;
	uint64_t entries, extra, numa, key_type_id, value_type_id, vmlinux_value_type_id;
	bool frozen;
};

static int read_item(struct scenario *scenario, json_t *json, struct map_item *item)
{
	const struct scenario_member members[] = {
		{"name", SCENARIO_TEXT, &item->name},
		{"type", SCENARIO_TEXT, &item->type, .required = true},
		{"key", SCENARIO_JSON, &item->key},
		{"value", SCENARIO_JSON, &item->value},
		{"entries", SCENARIO_NUMBER, &item->entries, .limit = UINT32_MAX},
		{"flags", SCENARIO_JSON, &item->flags},
		{"extra", SCENARIO_NUMBER, &item->extra},
		{"numa", SCENARIO_NUMBER, &item->numa, .limit = UINT32_MAX},
		{"inner", SCENARIO_TEXT, &item->inner},
		{"dev", SCENARIO_TEXT, &item->device},
		{"btf", SCENARIO_TEXT, &item->btf},
		{"btf_key_type_id", SCENARIO_NUMBER, &item->key_type_id, .limit = UINT32_MAX},
		{"btf_value_type_id", SCENARIO_NUMBER, &item->value_type_id, .limit = UINT32_MAX},
		{"btf_vmlinux_value_type_id", SCENARIO_NUMBER, &item->vmlinux_value_type_id,
		 .limit = UINT32_MAX},
		{"frozen", SCENARIO_BOOL, &item->frozen},
		{"elements", SCENARIO_JSON, &item->elements},
		{"records", SCENARIO_JSON, &item->records},
		{NULL},
	};

	return scenario_members(scenario, json, members);
}

static int read_flags(struct scenario *scenario, json_t *json, uint32_t *flags)
{
	json_int_t number = json_integer_value(json);

	if (!json)
		return 0;
	if (json_is_string(json) &&
	    !map_flags_parse(json_string_value(json), flags, scenario->fault))
		return 0;
	if (json_is_string(json))
		return scenario_prefix(scenario, -EINVAL);
	if (!json_is_integer(json) || number < 0 || number > UINT32_MAX)
		return scenario_fault(scenario, EINVAL, "expected names of map flags or a number");
	*flags = (uint32_t)number;
	return 0;
}

/* Bytes, or a type in the codec's words, whose size it is. */
static int read_size(struct scenario *scenario, const char *member, json_t *json, uint32_t *size)
{
	size_t mark = scenario_enter(scenario, ".%s", member);
	struct arena arena;
	const struct type *type;
	int error = 0;

	arena_init(&arena, NULL, 0);
	if (json_is_string(json)) {
		error = type_words_parse(&arena, json_string_value(json), json_string_length(json),
					 0, &type, scenario->fault);
		if (error)
			scenario_prefix(scenario, error);
		else
			*size = type->size;
		arena_free(&arena);
	} else if (json) {
		json_int_t number = json_integer_value(json);

		if (!json_is_integer(json) || number < 0 || number > UINT32_MAX)
			error = scenario_fault(
				scenario, EINVAL,
				"expected a number of bytes or a type, such as \"u32\"");
		*size = (uint32_t)number;
	}
	if (!error)
		scenario_leave(scenario, mark);
	return error;
}

/* A file beside the scenario's, unless its path is absolute. */
static FILE *open_beside(const struct scenario *scenario, const char *name)
{
	cleanup_free char *copy = strdup(scenario->file);
	cleanup_free char *path = NULL;

	if (!copy || (name[0] == '/' ? asprintf(&path, "%s", name)
				     : asprintf(&path, "%s/%s", dirname(copy), name)) < 0)
		return NULL;
	return fopen(path, "re");
}

static int load_btf(struct scenario *scenario, const char *name, struct handle **btf)
{
	cleanup_fclose FILE *file = open_beside(scenario, name);
	cleanup_free char *bytes = NULL;
	size_t capacity = 0;
	ssize_t length;
	int error;

	if (!file)
		return scenario_fault(scenario, errno, "%s: %s", name, strerror(errno));
	length = getdelim(&bytes, &capacity, EOF, file);
	if (length <= 0)
		return scenario_fault(scenario, EINVAL, "%s: nothing to read", name);
	error = btf_load(&scenario->emu->backend, bytes, (size_t)length, btf);
	return error ? scenario_fault(scenario, -error, "%s: no BTF that can be used", name) : 0;
}

static int fill_spec(struct scenario *scenario, const struct map_item *item, struct map_spec *spec)
{
	int error = map_type_parse(item->type, &spec->type, scenario->fault);

	if (error)
		return scenario_prefix(scenario, error);
	if (item->name && strlen(item->name) >= sizeof(spec->name))
		return scenario_fault(scenario, EINVAL, "the name is longer than 15 characters");
	if (item->name)
		strcpy(spec->name, item->name);
	spec->max_entries = (uint32_t)item->entries;
	spec->map_extra = item->extra;
	spec->numa_node = (uint32_t)item->numa;
	spec->btf_key_type_id = (uint32_t)item->key_type_id;
	spec->btf_vmlinux_value_type_id = (uint32_t)item->vmlinux_value_type_id;
	spec->btf_value_type_id = (uint32_t)item->value_type_id;
	if (item->device && netdev_ifindex(&scenario->emu->netdevs, item->device, &spec->ifindex))
		return scenario_fault(scenario, ENODEV, "no device is called \"%s\"", item->device);
	error = read_flags(scenario, item->flags, &spec->map_flags);
	if (!error)
		error = read_size(scenario, "key", item->key, &spec->key_size);
	return error ? error : read_size(scenario, "value", item->value, &spec->value_size);
}

static int create_map(struct scenario *scenario, struct map_spec *spec, const struct map_item *item,
		      struct handle **map)
{
	struct handle *inner = NULL;
	cleanup_with(handle_closep) struct handle *btf = NULL;
	int error;

	if (item->inner) {
		inner = scenario_find(scenario, OBJECT_MAP, item->inner);
		if (!inner)
			return -EINVAL;
		spec->inner_map_fd = handle_fd(inner);
	}
	if (item->btf) {
		error = load_btf(scenario, item->btf, &btf);
		if (error)
			return error;
		spec->btf_fd = handle_fd(btf);
	}
	error = map_create(&scenario->emu->backend, spec, map);
	if (!error)
		return 0;
	explain_map_error(scenario->fault, MAP_OP_CREATE, NULL, NULL, 0, error);
	return scenario_prefix(scenario, error);
}

static int load_map(struct scenario *scenario, json_t *json)
{
	struct map_item item = {.name = ""};
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map;
	int error = read_item(scenario, json, &item);

	if (!error)
		error = fill_spec(scenario, &item, &spec);
	if (!error)
		error = create_map(scenario, &spec, &item, &map);
	return error ? error : scenario_remember(scenario, item.name, map);
}

int scenario_load_maps(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_map);
}
