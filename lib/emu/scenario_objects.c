// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: "programs" and "links". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "emu/emu.h"
#include "emu/prog.h"
#include "emu/scenario.h"

/*
 * An enum of the uapi by its word, as libbpf spells it ("xdp", "xdp_devmap"), or its number.
 */
static int read_enum(struct scenario *scenario, const char *member, json_t *json,
		     const char *(*word)(uint32_t), uint32_t *number)
{
	size_t mark = scenario_enter(scenario, ".%s", member);
	const char *text = json_string_value(json);
	int error = -EINVAL;

	if (json_is_integer(json) && json_integer_value(json) >= 0 &&
	    json_integer_value(json) <= UINT32_MAX) {
		*number = (uint32_t)json_integer_value(json);
		error = 0;
	}
	for (uint32_t i = 0; text && error && i < 256; i++) {
		if (word(i) && !strcmp(word(i), text)) {
			*number = i;
			error = 0;
		}
	}
	if (error)
		return scenario_fault(scenario, EINVAL,
				      "expected a name as libbpf spells it, or a number");
	scenario_leave(scenario, mark);
	return 0;
}

static const char *prog_type_word(uint32_t number)
{
	return libbpf_bpf_prog_type_str(number);
}

static const char *attach_type_word(uint32_t number)
{
	return libbpf_bpf_attach_type_str(number);
}

static const char *link_type_word(uint32_t number)
{
	return libbpf_bpf_link_type_str(number);
}

static int read_hex(struct scenario *scenario, const char *member, const char *text,
		    unsigned char *bytes, size_t *length)
{
	size_t mark = scenario_enter(scenario, ".%s", member);
	int error = scenario_hex(scenario, text, bytes, length);

	if (!error)
		scenario_leave(scenario, mark);
	return error;
}

struct prog_item {
	const char *name, *tag, *xlated, *device;
	json_t *type, *attach_type, *maps;
	uint64_t uid, run_time_ns, run_cnt;
	bool gpl, jited, frags;
};

static int read_prog(struct scenario *scenario, json_t *json, struct prog_item *item)
{
	const struct scenario_member members[] = {
		{"name", SCENARIO_TEXT, &item->name},
		{"type", SCENARIO_JSON, &item->type, .required = true},
		{"attach_type", SCENARIO_JSON, &item->attach_type},
		{"tag", SCENARIO_TEXT, &item->tag},
		{"maps", SCENARIO_JSON, &item->maps},
		{"device", SCENARIO_TEXT, &item->device},
		{"uid", SCENARIO_NUMBER, &item->uid, .limit = UINT32_MAX},
		{"gpl", SCENARIO_BOOL, &item->gpl},
		{"jited", SCENARIO_BOOL, &item->jited},
		{"frags", SCENARIO_BOOL, &item->frags},
		{"run_time_ns", SCENARIO_NUMBER, &item->run_time_ns},
		{"run_cnt", SCENARIO_NUMBER, &item->run_cnt},
		{"xlated", SCENARIO_TEXT, &item->xlated},
		{NULL},
	};

	return scenario_members(scenario, json, members);
}

/* The names in "maps" as numbers, in memory the caller frees. */
static int find_maps(struct scenario *scenario, json_t *names, struct emu_prog_spec *spec,
		     int **numbers)
{
	size_t index, outer = scenario_enter(scenario, ".maps");
	json_t *name;

	if (!json_is_array(names))
		return scenario_fault(scenario, EINVAL, "expected an array of map names");
	*numbers = calloc(json_array_size(names) + 1, sizeof(int));
	if (!*numbers)
		return scenario_fault(scenario, ENOMEM, "no memory");
	json_array_foreach (names, index, name) {
		size_t mark = scenario_enter(scenario, "[%zu]", index);
		struct handle *map;

		if (!json_is_string(name))
			return scenario_fault(scenario, EINVAL, "expected the name of a map");
		map = scenario_find(scenario, OBJECT_MAP, json_string_value(name));
		if (!map)
			return -EINVAL;
		(*numbers)[index] = handle_fd(map);
		scenario_leave(scenario, mark);
	}
	scenario_leave(scenario, outer);
	spec->map_fds = *numbers;
	spec->map_count = (uint32_t)json_array_size(names);
	return 0;
}

static int fill_prog(struct scenario *scenario, const struct prog_item *item,
		     struct emu_prog_spec *spec)
{
	size_t tag_length = sizeof(spec->tag);
	int error = read_enum(scenario, "type", item->type, prog_type_word, &spec->type);

	if (!error && item->attach_type)
		error = read_enum(scenario, "attach_type", item->attach_type, attach_type_word,
				  &spec->expected_attach_type);
	if (!error && item->tag)
		error = read_hex(scenario, "tag", item->tag, spec->tag, &tag_length);
	if (!error && strlen(item->name) >= sizeof(spec->name))
		error = scenario_fault(scenario, EINVAL, "the name is longer than 15 characters");
	if (!error && item->device &&
	    netdev_ifindex(&scenario->emu->netdevs, item->device, &spec->ifindex))
		error = scenario_fault(scenario, ENODEV, "no device is called \"%s\"",
				       item->device);
	if (error)
		return error;
	strcpy(spec->name, item->name);
	spec->created_by_uid = (uint32_t)item->uid;
	spec->gpl_compatible = item->gpl;
	spec->jited = item->jited;
	spec->xdp_has_frags = item->frags;
	spec->run_time_ns = item->run_time_ns;
	spec->run_cnt = item->run_cnt;
	return 0;
}

static int load_prog(struct scenario *scenario, json_t *json)
{
	struct prog_item item = {.name = "", .gpl = true, .jited = true};
	struct emu_prog_spec spec = {0};
	struct fault log = FAULT_INIT;
	cleanup_free unsigned char *xlated = NULL;
	cleanup_free int *map_fds = NULL;
	struct handle *prog;
	int error = read_prog(scenario, json, &item);

	if (!error)
		error = fill_prog(scenario, &item, &spec);
	if (!error && item.maps)
		error = find_maps(scenario, item.maps, &spec, &map_fds);
	if (!error && item.xlated) {
		size_t length = strlen(item.xlated) / 2;

		xlated = malloc(length + 1);
		error = xlated ? read_hex(scenario, "xlated", item.xlated, xlated, &length)
			       : scenario_fault(scenario, ENOMEM, "no memory");
		spec.xlated = xlated;
		spec.xlated_length = (uint32_t)length;
	}
	if (error)
		return error;
	spec.log = &log;
	error = emu_prog_load(&scenario->emu->backend, &spec, &prog);
	if (error)
		return scenario_fault(scenario, -error, "the program is refused: %s",
				      log.text[0] ? log.text : strerror(-error));
	return scenario_remember(scenario, item.name, prog);
}

int scenario_load_programs(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_prog);
}

static int load_link(struct scenario *scenario, json_t *json)
{
	const char *name = "", *prog_name = NULL;
	json_t *type = NULL, *detail = NULL;
	const struct scenario_member members[] = {
		{"name", SCENARIO_TEXT, &name},
		{"type", SCENARIO_JSON, &type, .required = true},
		{"prog", SCENARIO_TEXT, &prog_name},
		{"detail", SCENARIO_JSON, &detail},
		{NULL},
	};
	struct emu_link_spec spec = {.prog_fd = -1};
	struct handle *prog, *link;
	int error = scenario_members(scenario, json, members);

	if (!error)
		error = read_enum(scenario, "type", type, link_type_word, &spec.type);
	if (error)
		return error;
	if (prog_name) {
		prog = scenario_find(scenario, OBJECT_PROG, prog_name);
		if (!prog)
			return -EINVAL;
		spec.prog_fd = handle_fd(prog);
	}
	if (detail && !json_is_object(detail))
		return scenario_fault(scenario, EINVAL, "\"detail\" must be an object");
	spec.detail = detail;
	error = emu_link_create(&scenario->emu->backend, &spec, &link);
	if (error)
		return scenario_fault(scenario, -error, "the link is refused: %s",
				      strerror(-error));
	return scenario_remember(scenario, name, link);
}

int scenario_load_links(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_link);
}
