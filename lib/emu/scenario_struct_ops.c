// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: "struct_ops", the kernel structs that maps of that type may hold. */
#include <errno.h>
#include <stdlib.h>
#include "emu/scenario.h"
#include "emu/struct_ops.h"

#define VALUE_MIN 8 /* the reference count and the state */

static int read_functions(struct scenario *scenario, json_t *offsets, struct struct_ops_type *type)
{
	size_t index, mark = scenario_enter(scenario, ".functions");
	json_t *offset;

	if (!json_is_array(offsets) || json_array_size(offsets) > STRUCT_OPS_FUNCTIONS_MAX)
		return scenario_fault(scenario, EINVAL, "expected an array of at most %d offsets",
				      STRUCT_OPS_FUNCTIONS_MAX);
	json_array_foreach (offsets, index, offset) {
		json_int_t number = json_integer_value(offset);

		if (!json_is_integer(offset) || number < VALUE_MIN ||
		    number + (json_int_t)sizeof(uint64_t) > type->size)
			return scenario_fault(scenario, EINVAL,
					      "[%zu]: expected an offset of 8 bytes in the value",
					      index);
		type->functions[type->function_count++] = (uint32_t)number;
	}
	scenario_leave(scenario, mark);
	return 0;
}

static int load_type(struct scenario *scenario, json_t *json)
{
	uint64_t type_id = 0, size = 0;
	json_t *functions = NULL;
	const struct scenario_member members[] = {
		{"type_id", SCENARIO_NUMBER, &type_id, .required = true, .limit = UINT32_MAX},
		{"size", SCENARIO_NUMBER, &size, .required = true, .limit = 1 << 20},
		{"functions", SCENARIO_JSON, &functions},
		{NULL},
	};
	struct struct_ops_type *type;
	int error = scenario_members(scenario, json, members);

	if (error)
		return error;
	if (!type_id || size < VALUE_MIN)
		return scenario_fault(scenario, EINVAL,
				      "\"type_id\" must not be 0, nor \"size\" below %d",
				      VALUE_MIN);
	type = calloc(1, sizeof(*type));
	if (!type)
		return scenario_fault(scenario, ENOMEM, "no memory");
	type->type_id = (uint32_t)type_id;
	type->size = (uint32_t)size;
	type->next = scenario->emu->struct_ops;
	scenario->emu->struct_ops = type;
	return functions ? read_functions(scenario, functions, type) : 0;
}

int scenario_load_struct_ops(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_type);
}
