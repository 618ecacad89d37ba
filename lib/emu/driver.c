// SPDX-License-Identifier: BSD-2-Clause
/* The table of drivers, and the limits they have in common as text. */
#include "emu/driver.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/map_type.h>

static const struct offload_driver *const drivers[] = {
	&netdevsim_driver,
	&nfp_driver,
	&generic_driver,
};

#define DRIVER_COUNT (sizeof(drivers) / sizeof(drivers[0]))

const struct offload_driver *driver_at(unsigned index)
{
	return index < DRIVER_COUNT ? drivers[index] : NULL;
}

const struct offload_driver *driver_find(const char *name)
{
	for (unsigned i = 0; i < DRIVER_COUNT; i++)
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	return NULL;
}

static const struct {
	const char *name;
	size_t offset;
} limit_table[] = {
	{"max_maps", offsetof(struct offload_limits, max_maps)},
	{"max_elements", offsetof(struct offload_limits, max_elements)},
	{"max_entries", offsetof(struct offload_limits, max_entries)},
	{"max_key_size", offsetof(struct offload_limits, max_key_size)},
	{"max_value_size", offsetof(struct offload_limits, max_value_size)},
	{"max_element_size", offsetof(struct offload_limits, max_element_size)},
	{"map_types", offsetof(struct offload_limits, map_types)},
};

#define LIMIT_COUNT (sizeof(limit_table) / sizeof(limit_table[0]))

static uint32_t *limit_at(const struct offload_limits *limits, size_t index)
{
	return (uint32_t *)((char *)limits + limit_table[index].offset);
}

void driver_limits_print(const struct offload_limits *limits, struct buffer *out)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		buffer_append_format(out, "%s%s=%u", i ? " " : "", limit_table[i].name,
				     *limit_at(limits, i));
}

json_t *driver_limits_json(const struct offload_limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < LIMIT_COUNT; i++)
		if (*limit_at(limits, i))
			json_object_set_new(object, limit_table[i].name,
					    json_integer(*limit_at(limits, i)));
	return object;
}

static int limit_set(struct offload_limits *limits, const char *name, uint64_t number,
		     struct fault *fault)
{
	if (number > UINT32_MAX)
		return fault_set(fault, EINVAL, "%s is at most %u", name, UINT32_MAX);
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (strcmp(limit_table[i].name, name) != 0)
			continue;
		*limit_at(limits, i) = (uint32_t)number;
		return 0;
	}
	return fault_set(fault, EINVAL, "there is no limit called \"%s\"", name);
}

/* "max_entries=16" */
static int limit_parse(struct offload_limits *limits, char *word, struct fault *fault)
{
	char *equals = strchr(word, '=');
	char *end;
	uint64_t number;

	if (!equals || equals[1] < '0' || equals[1] > '9')
		return fault_set(fault, EINVAL, "expected LIMIT=NUMBER, got \"%s\"", word);
	*equals = 0;
	errno = 0;
	number = strtoull(equals + 1, &end, 0);
	if (errno || *end)
		return fault_set(fault, EINVAL, "%s: \"%s\" is no number", word, equals + 1);
	return limit_set(limits, word, number, fault);
}

int driver_limits_parse(struct offload_limits *limits, const char *text, size_t length,
			struct fault *fault)
{
	struct offload_limits changed = *limits;
	char *copy = strndup(text, length);
	char *rest = copy, *word;
	int error = copy ? 0 : -ENOMEM;

	while (!error && (word = strsep(&rest, " ,\t\n")))
		if (*word)
			error = limit_parse(&changed, word, fault);
	if (!error)
		*limits = changed;
	free(copy);
	return error;
}
