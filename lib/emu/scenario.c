// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "emu/emu.h"
#include "emu/scenario.h"

/* The sections, in the order in which they are loaded. */
static const struct section {
	const char *name;
	int (*load)(struct scenario *scenario, json_t *json);
} sections[] = {
	{"memory", scenario_load_memory},
	{"cpus", scenario_load_cpus},
	{"devices", scenario_load_devices},
	{"files", scenario_load_files},
	{"struct_ops", scenario_load_struct_ops},
	{"maps", scenario_load_maps},
	{"programs", scenario_load_programs},
	{"links", scenario_load_links},
	{"pins", scenario_load_pins},
	{"maps", scenario_load_elements}, /* the same maps again: what is in them */
	{"capabilities", scenario_load_capabilities},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scenario_object {
	struct scenario_object *next;
	struct handle *handle;
	size_t map_index;
	char name[];
};

size_t scenario_enter(struct scenario *scenario, const char *format, ...)
{
	size_t mark = strlen(scenario->place);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(scenario->place + mark, sizeof(scenario->place) - mark, format, arguments);
	va_end(arguments);
	return mark;
}

void scenario_leave(struct scenario *scenario, size_t mark)
{
	scenario->place[mark] = '\0';
}

int scenario_prefix(struct scenario *scenario, int error)
{
	if (scenario->place[0])
		fault_prefix(scenario->fault, "%s", scenario->place);
	return error;
}

int scenario_fault(struct scenario *scenario, int error, const char *format, ...)
{
	char text[FAULT_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return scenario_prefix(scenario, fault_set(scenario->fault, error, "%s", text));
}

int scenario_each(struct scenario *scenario, json_t *array,
		  int (*load)(struct scenario *scenario, json_t *item))
{
	json_t *item;
	size_t index;

	if (!json_is_array(array))
		return scenario_fault(scenario, EINVAL, "expected an array");
	json_array_foreach (array, index, item) {
		size_t mark = scenario_enter(scenario, "[%zu]", index);
		int error;

		scenario->index = index;
		error = load(scenario, item);
		if (error)
			return error;
		scenario_leave(scenario, mark);
	}
	return 0;
}

/* --- members of objects --- */

static int read_number(struct scenario *scenario, const struct scenario_member *member,
		       json_t *value)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0)
		return scenario_fault(scenario, EINVAL, "expected a number, 0 or greater");
	if (member->limit && (uint64_t)number > member->limit)
		return scenario_fault(scenario, EINVAL, "%lld is too large, the most is %llu",
				      (long long)number, (unsigned long long)member->limit);
	*(uint64_t *)member->result = (uint64_t)number;
	return 0;
}

static int read_member(struct scenario *scenario, const struct scenario_member *member,
		       json_t *value)
{
	switch (member->type) {
	case SCENARIO_NUMBER:
		return read_number(scenario, member, value);
	case SCENARIO_TEXT:
		if (!json_is_string(value))
			return scenario_fault(scenario, EINVAL, "expected a string");
		*(const char **)member->result = json_string_value(value);
		return 0;
	case SCENARIO_BOOL:
		if (!json_is_boolean(value))
			return scenario_fault(scenario, EINVAL, "expected true or false");
		*(bool *)member->result = json_is_true(value);
		return 0;
	default:
		*(json_t **)member->result = value;
		return 0;
	}
}

static const struct scenario_member *find_member(const struct scenario_member *members,
						 const char *name)
{
	for (; members->name; members++)
		if (!strcmp(members->name, name))
			return members;
	return NULL;
}

int scenario_members(struct scenario *scenario, json_t *object,
		     const struct scenario_member *members)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return scenario_fault(scenario, EINVAL, "expected an object");
	json_object_foreach (object, name, value) {
		const struct scenario_member *member = find_member(members, name);
		size_t mark = scenario_enter(scenario, ".%s", name);
		int error = member ? read_member(scenario, member, value)
				   : scenario_fault(scenario, EINVAL, "unknown member");

		if (error)
			return error;
		scenario_leave(scenario, mark);
	}
	for (; members->name; members++)
		if (members->required && !json_object_get(object, members->name))
			return scenario_fault(scenario, EINVAL, "the member \"%s\" is missing",
					      members->name);
	return 0;
}

int scenario_hex(struct scenario *scenario, const char *text, unsigned char *bytes, size_t *length)
{
	size_t digits = strlen(text);

	if (digits % 2 || digits / 2 > *length || strspn(text, "0123456789abcdefABCDEF") != digits)
		return scenario_fault(scenario, EINVAL, "expected at most %zu hexadecimal digits",
				      2 * *length);
	for (size_t i = 0; i < digits / 2; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	*length = digits / 2;
	return 0;
}

/* --- objects with names --- */

int scenario_remember(struct scenario *scenario, const char *name, struct handle *handle)
{
	struct scenario_object *object = malloc(sizeof(*object) + strlen(name) + 1);

	if (!object) {
		handle_close(handle);
		return scenario_fault(scenario, ENOMEM, "no memory");
	}
	strcpy(object->name, name);
	object->handle = handle;
	object->map_index = handle->kind == OBJECT_MAP ? scenario->map_count++ : SIZE_MAX;
	object->next = scenario->objects;
	scenario->objects = object;
	return 0;
}

static unsigned count_named(struct scenario *scenario, enum object_kind kind, const char *name,
			    struct handle **found)
{
	unsigned count = 0;

	for (struct scenario_object *object = scenario->objects; object; object = object->next) {
		if (object->handle->kind != kind || strcmp(object->name, name) || !name[0])
			continue;
		*found = object->handle;
		count++;
	}
	return count;
}

struct handle *scenario_look(struct scenario *scenario, enum object_kind kind, const char *name)
{
	struct handle *found;

	return count_named(scenario, kind, name, &found) == 1 ? found : NULL;
}

struct handle *scenario_find(struct scenario *scenario, enum object_kind kind, const char *name)
{
	static const char *const words[] = {
		[OBJECT_MAP] = "map", [OBJECT_PROG] = "program", [OBJECT_LINK] = "link"};
	struct handle *found;
	unsigned count = count_named(scenario, kind, name, &found);

	if (count == 1)
		return found;
	scenario_fault(scenario, EINVAL, "%s %s is called \"%s\"", count ? "more than one" : "no",
		       words[kind], name);
	return NULL;
}

struct handle *scenario_map(struct scenario *scenario, size_t index)
{
	struct scenario_object *object = scenario->objects;

	while (object->map_index != index)
		object = object->next;
	return object->handle;
}

static void forget_objects(struct scenario *scenario)
{
	while (scenario->objects) {
		struct scenario_object *object = scenario->objects;

		scenario->objects = object->next;
		handle_close(object->handle);
		free(object);
	}
}

/* --- the file --- */

static int refuse_unknown_sections(struct scenario *scenario, json_t *root)
{
	const char *name;
	json_t *value;

	json_object_foreach (root, name, value) {
		size_t i = 0;

		while (i < COUNT(sections) && strcmp(sections[i].name, name))
			i++;
		if (i == COUNT(sections))
			return scenario_fault(scenario, EINVAL, "unknown section \"%s\"", name);
	}
	return 0;
}

static int load_sections(struct scenario *scenario, json_t *root)
{
	int error;

	if (!json_is_object(root))
		return scenario_fault(scenario, EINVAL, "expected an object of sections");
	error = refuse_unknown_sections(scenario, root);
	for (size_t i = 0; !error && i < COUNT(sections); i++) {
		json_t *json = json_object_get(root, sections[i].name);
		size_t mark;

		if (!json)
			continue;
		mark = scenario_enter(scenario, "%s", sections[i].name);
		error = sections[i].load(scenario, json);
		if (!error)
			scenario_leave(scenario, mark);
	}
	return error;
}

int scenario_load(struct emu *emu, const char *path, struct fault *fault)
{
	struct fault unwanted = FAULT_INIT;
	struct scenario scenario = {.emu = emu, .file = path, .fault = fault ? fault : &unwanted};
	json_error_t where;
	cleanup_fclose FILE *file = fopen(path, "re");
	json_t *root;
	int error;

	if (!file)
		return fault_set(fault, errno, "cannot read the scenario %s: %s", path,
				 strerror(errno));
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
	if (!root && ferror(file)) /* a directory */
		return fault_set(fault, errno, "cannot read the scenario %s: %s", path,
				 strerror(errno));
	if (!root)
		return fault_set(fault, EINVAL, "%s:%d:%d: %s", path, where.line, where.column,
				 where.text);
	error = load_sections(&scenario, root);
	if (error)
		fault_prefix(scenario.fault, "%s", path);
	forget_objects(&scenario);
	json_decref(root);
	return error;
}
