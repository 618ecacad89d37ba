// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scenario: network devices.
 *
 *   {"name":"nsim0", "ifindex":5, "driver":"netdevsim", "asic":"chip", "netns":"blue",
 *    "accept":true, "latency_us":100, "fail":["lookup EIO 3"], "limits":{"max_entries":16}}
 *
 * Only the name is required. A driver "veth" makes a device that takes no objects but can stand
 * in a devmap.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "emu/device.h"
#include "emu/offload.h"
#include "emu/scenario.h"

struct device_item {
	const char *name, *driver, *asic, *netns;
	uint64_t ifindex, latency_us;
	bool accept;
	json_t *fail, *limits;
};

static int set(struct scenario *scenario, const struct device_item *item,
	       enum device_attribute attribute, const char *text)
{
	int error = emu_device_set(&scenario->emu->backend, item->name, attribute, text,
				   strlen(text), scenario->fault);

	return error ? scenario_prefix(scenario, error) : 0;
}

static int set_limits(struct scenario *scenario, const struct device_item *item)
{
	const char *name;
	json_t *number;
	int error = 0;

	if (!json_is_object(item->limits))
		return scenario_fault(scenario, EINVAL, "limits: expected an object of numbers");
	json_object_foreach (item->limits, name, number) {
		char text[128];

		if (!json_is_integer(number) || json_integer_value(number) < 0)
			return scenario_fault(scenario, EINVAL, "limits.%s: expected a number",
					      name);
		snprintf(text, sizeof(text), "%.64s=%" JSON_INTEGER_FORMAT, name,
			 json_integer_value(number));
		error = set(scenario, item, DEVICE_LIMITS, text);
		if (error)
			break;
	}
	return error;
}

static int set_faults(struct scenario *scenario, const struct device_item *item)
{
	size_t index;
	json_t *line;
	int error = 0;

	if (!json_is_array(item->fail))
		return scenario_fault(scenario, EINVAL, "fail: expected an array of lines");
	json_array_foreach (item->fail, index, line) {
		if (!json_is_string(line) || !*json_string_value(line))
			return scenario_fault(scenario, EINVAL,
					      "fail[%zu]: expected \"OP ERRNO [COUNT]\"", index);
		error = set(scenario, item, DEVICE_FAIL, json_string_value(line));
		if (error)
			break;
	}
	return error;
}

static int set_switches(struct scenario *scenario, const struct device_item *item)
{
	char latency[24];
	int error = 0;

	snprintf(latency, sizeof(latency), "%" PRIu64, item->latency_us);
	if (item->limits)
		error = set_limits(scenario, item);
	if (!error && !item->accept)
		error = set(scenario, item, DEVICE_ACCEPT, "0");
	if (!error && item->latency_us)
		error = set(scenario, item, DEVICE_LATENCY_US, latency);
	if (!error && item->fail)
		error = set_faults(scenario, item);
	if (!error && item->netns)
		error = set(scenario, item, DEVICE_NETNS, item->netns);
	return error;
}

static int register_plain(struct scenario *scenario, const struct device_item *item)
{
	struct netdev_table *table = &scenario->emu->netdevs;
	uint32_t ifindex = (uint32_t)item->ifindex;
	int error;

	pthread_rwlock_wrlock(&table->lock);
	error = netdev_register_locked(table, item->name, NETDEV_VETH, NULL, &ifindex);
	pthread_rwlock_unlock(&table->lock);
	return error;
}

static int register_device(struct scenario *scenario, const struct device_item *item)
{
	struct offload_register wanted = {
		.name = item->name,
		.ifindex = (uint32_t)item->ifindex,
		.driver = item->driver,
		.asic = item->asic,
	};

	if (item->driver && !strcmp(item->driver, "veth"))
		return register_plain(scenario, item);
	return offload_register(&scenario->emu->netdevs, &wanted);
}

static int load_device(struct scenario *scenario, json_t *json)
{
	struct device_item item = {.accept = true};
	const struct scenario_member members[] = {
		{"name", SCENARIO_TEXT, &item.name, true, 0},
		{"ifindex", SCENARIO_NUMBER, &item.ifindex, false, INT32_MAX},
		{"driver", SCENARIO_TEXT, &item.driver, false, 0},
		{"asic", SCENARIO_TEXT, &item.asic, false, 0},
		{"netns", SCENARIO_TEXT, &item.netns, false, 0},
		{"accept", SCENARIO_BOOL, &item.accept, false, 0},
		{"latency_us", SCENARIO_NUMBER, &item.latency_us, false, PORT_LATENCY_MAX},
		{"fail", SCENARIO_JSON, &item.fail, false, 0},
		{"limits", SCENARIO_JSON, &item.limits, false, 0},
		{0},
	};
	int error = scenario_members(scenario, json, members);

	if (error)
		return error;
	if (item.driver && strcmp(item.driver, "veth") != 0 && !driver_find(item.driver))
		return scenario_fault(scenario, EINVAL, "no driver is called \"%s\"", item.driver);
	error = register_device(scenario, &item);
	if (error)
		return scenario_fault(scenario, -error, "cannot register \"%s\": %s", item.name,
				      strerror(-error));
	return set_switches(scenario, &item);
}

int scenario_load_devices(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_device);
}
