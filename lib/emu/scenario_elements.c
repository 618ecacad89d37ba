// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: what is in the maps, and that they are frozen; read by the text codec. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include <bpfuse/explain.h>
#include "emu/map.h"
#include "emu/scenario.h"

/* One map while its elements are read. */
struct filler {
	struct scenario *scenario;
	struct handle *map;
	struct map_info info;
	struct codec *codec;
	void *key, *value;
};

/* A reference may be a name of this file: its id takes the name's place. A new reference. */
static json_t *resolve_name(struct filler *filler, json_t *json)
{
	enum map_value value = map_type_get(filler->info.type)->value;
	struct handle *named = NULL;
	uint32_t id;

	if (json_is_string(json) && (value == VALUE_MAP || value == VALUE_PROG))
		named = scenario_look(filler->scenario,
				      value == VALUE_MAP ? OBJECT_MAP : OBJECT_PROG,
				      json_string_value(json));
	if (named && !object_id(named, &id))
		return json_integer(id);
	return json_incref(json);
}

static int parse_key(struct filler *filler, json_t *json)
{
	size_t mark = scenario_enter(filler->scenario, ".key");
	cleanup_free char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
	int error = text ? codec_parse_key_json(filler->codec, text, strlen(text), filler->key,
						filler->scenario->fault)
			 : fault_set(filler->scenario->fault, ENOMEM, "no memory");

	if (error)
		return scenario_prefix(filler->scenario, error);
	scenario_leave(filler->scenario, mark);
	return 0;
}

static int parse_value(struct filler *filler, json_t *json, struct value_input *input)
{
	size_t mark = scenario_enter(filler->scenario, ".value");
	json_t *resolved = resolve_name(filler, json);
	cleanup_free char *text =
		resolved ? json_dumps(resolved, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	int error = text ? codec_parse_value(filler->codec, text, strlen(text), NULL, input,
					     filler->scenario->fault)
			 : fault_set(filler->scenario->fault, ENOMEM, "no memory");

	json_decref(resolved);
	if (error)
		return scenario_prefix(filler->scenario, error);
	scenario_leave(filler->scenario, mark);
	return 0;
}

static int load_element(struct filler *filler, json_t *json)
{
	bool has_keys = filler->info.key_size;
	struct value_input input = {.bytes = filler->value};
	json_t *key = NULL, *value = NULL;
	const struct scenario_member members[] = {
		{"key", SCENARIO_JSON, &key, .required = has_keys},
		{"value", SCENARIO_JSON, &value, .required = true},
		{NULL},
	};
	int error = scenario_members(filler->scenario, json, members);

	if (!error && key && !has_keys)
		error = scenario_fault(filler->scenario, EINVAL, "this type of map has no keys");
	if (!error && key)
		error = parse_key(filler, key);
	if (!error)
		error = parse_value(filler, value, &input);
	if (!error) {
		error = map_update(filler->map, has_keys ? filler->key : NULL, filler->value,
				   BPF_ANY);
		if (error) {
			explain_map_error(filler->scenario->fault, MAP_OP_UPDATE, &filler->info,
					  NULL, BPF_ANY, error);
			scenario_prefix(filler->scenario, error);
		}
	}
	value_input_release(&input);
	return error;
}

/* "key=TYPE value=TYPE" of the sizes that were given as types; malloc'ed. */
static char *format_of(const struct map_type *type, json_t *key, json_t *value)
{
	struct buffer format = BUFFER_INIT;

	buffer_append_string(&format, "");
	if (json_is_string(key))
		buffer_append_format(&format, "key=%s ", json_string_value(key));
	if (json_is_string(value) && !map_value_is_defined(type->value))
		buffer_append_format(&format, "value=%s", json_string_value(value));
	return format.data;
}

static int filler_open(struct filler *filler, json_t *map_item)
{
	cleanup_free char *format = NULL;
	struct codec_options options = {0};
	int error = map_info(filler->map, &filler->info);

	if (!error)
		options.format = format =
			format_of(map_type_get(filler->info.type), json_object_get(map_item, "key"),
				  json_object_get(map_item, "value"));
	if (!error)
		error = codec_open(filler->map, &options, &filler->codec, filler->scenario->fault);
	if (error)
		return scenario_prefix(filler->scenario, error);
	filler->key = malloc(codec_key_bytes(filler->codec) + 1);
	filler->value = calloc(1, codec_value_bytes(filler->codec) + 1);
	if (!filler->key || !filler->value)
		return scenario_fault(filler->scenario, ENOMEM, "no memory");
	return 0;
}

static int load_elements(struct filler *filler, json_t *map_item, json_t *elements)
{
	size_t index, mark = scenario_enter(filler->scenario, ".elements");
	json_t *element;
	int error = 0;

	if (!json_is_array(elements))
		return scenario_fault(filler->scenario, EINVAL, "expected an array");
	error = filler_open(filler, map_item);
	json_array_foreach (elements, index, element) {
		size_t inner = scenario_enter(filler->scenario, "[%zu]", index);

		error = error ? error : load_element(filler, element);
		if (error)
			break;
		scenario_leave(filler->scenario, inner);
	}
	codec_put(filler->codec);
	free(filler->key);
	free(filler->value);
	if (!error)
		scenario_leave(filler->scenario, mark);
	return error;
}

/* "hex-0a0b" is its bytes, any other text itself. */
static int load_record(struct scenario *scenario, struct handle *map, json_t *json)
{
	const char *text = json_string_value(json);
	cleanup_free unsigned char *bytes = NULL;
	struct map_info info;
	size_t length;
	int error;

	if (!text)
		return scenario_fault(scenario, EINVAL, "expected a string");
	length = json_string_length(json);
	bytes = malloc(length + 1);
	if (!bytes)
		return scenario_fault(scenario, ENOMEM, "no memory");
	memcpy(bytes, text, length);
	if (!strncmp(text, "hex-", 4)) {
		error = scenario_hex(scenario, text + 4, bytes, &length);
		if (error)
			return error;
	}
	error = map_info(map, &info);
	if (!error)
		error = info.type == BPF_MAP_TYPE_USER_RINGBUF
				? stream_push(map, bytes, length)
				: emu_stream_emit(map, bytes, length);
	return error ? scenario_fault(scenario, -error,
				      "no room for the record, or no map of records")
		     : 0;
}

static int load_records(struct scenario *scenario, struct handle *map, json_t *records)
{
	size_t index, mark = scenario_enter(scenario, ".records");
	json_t *record;

	if (!json_is_array(records))
		return scenario_fault(scenario, EINVAL, "expected an array");
	json_array_foreach (records, index, record) {
		size_t inner = scenario_enter(scenario, "[%zu]", index);
		int error = load_record(scenario, map, record);

		if (error)
			return error;
		scenario_leave(scenario, inner);
	}
	scenario_leave(scenario, mark);
	return 0;
}

static int load_map(struct scenario *scenario, json_t *json)
{
	struct filler filler = {.scenario = scenario,
				.map = scenario_map(scenario, scenario->index)};
	json_t *elements = json_object_get(json, "elements");
	json_t *records = json_object_get(json, "records");
	int error = elements ? load_elements(&filler, json, elements) : 0;

	if (!error && records)
		error = load_records(scenario, filler.map, records);
	if (!error && json_is_true(json_object_get(json, "frozen"))) {
		error = map_freeze(filler.map);
		if (error)
			return scenario_fault(scenario, -error, "this map cannot be frozen");
	}
	return error;
}

int scenario_load_elements(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_map);
}
