// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: what holds for the whole world: cpus, memory, capabilities. */
#include <errno.h>
#include <string.h>
#include "emu/emu.h"
#include "emu/scenario.h"

#define CPUS_MAX 8192 /* NR_CPUS of big kernels */

int scenario_load_memory(struct scenario *scenario, json_t *json)
{
	if (!json_is_integer(json) || json_integer_value(json) <= 0)
		return scenario_fault(scenario, EINVAL, "expected a number of bytes");
	scenario->emu->memory_limit = (uint64_t)json_integer_value(json);
	return 0;
}

int scenario_load_cpus(struct scenario *scenario, json_t *json)
{
	json_int_t cpus = json_integer_value(json);

	if (!json_is_integer(json) || cpus < 1 || cpus > CPUS_MAX)
		return scenario_fault(scenario, EINVAL, "expected a number from 1 to %d", CPUS_MAX);
	scenario->emu->backend.possible_cpus = (unsigned)cpus;
	return 0;
}

static int load_capability(struct scenario *scenario, json_t *item)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = {
		{"CAP_BPF", EMU_CAP_BPF},
		{"CAP_NET_ADMIN", EMU_CAP_NET_ADMIN},
		{"CAP_SYS_ADMIN", EMU_CAP_SYS_ADMIN},
	};
	const char *name = json_string_value(item);

	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(names[i].name, name)) {
			scenario->emu->capabilities |= names[i].bit;
			return 0;
		}
	}
	return scenario_fault(scenario, EINVAL,
			      "expected \"CAP_BPF\", \"CAP_NET_ADMIN\" or \"CAP_SYS_ADMIN\"");
}

/* Comes last, so that the scenario itself can be built whatever its users may do. */
int scenario_load_capabilities(struct scenario *scenario, json_t *json)
{
	if (json_is_string(json) && !strcmp(json_string_value(json), "all"))
		return 0;
	scenario->emu->capabilities = 0;
	return scenario_each(scenario, json, load_capability);
}
