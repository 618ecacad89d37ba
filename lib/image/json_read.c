// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "image/json_read.h"

static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

int json_read_u64(const json_t *object, const char *name, uint64_t *out, struct fault *fault)
{
	const json_t *value = member(object, name);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return fault_set(fault, EINVAL, "\"%s\" is not a number from 0 up", name);
	*out = (uint64_t)json_integer_value(value);
	return 1;
}

int json_read_u32(const json_t *object, const char *name, uint32_t *out, struct fault *fault)
{
	uint64_t wide = 0;
	int there = json_read_u64(object, name, &wide, fault);

	if (there > 0 && wide > UINT32_MAX)
		return fault_set(fault, EINVAL, "\"%s\" is %" PRIu64 ", more than 32 bits", name,
				 wide);
	if (there > 0)
		*out = (uint32_t)wide;
	return there;
}

int json_read_bool(const json_t *object, const char *name, bool *out, struct fault *fault)
{
	const json_t *value = member(object, name);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return fault_set(fault, EINVAL, "\"%s\" is neither true nor false", name);
	*out = json_is_true(value);
	return 1;
}

int json_read_string(const json_t *object, const char *name, const char **out, struct fault *fault)
{
	const json_t *value = member(object, name);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return fault_set(fault, EINVAL, "\"%s\" is not a string", name);
	*out = json_string_value(value);
	return 1;
}

int json_read_array(const json_t *object, const char *name, json_t **out, struct fault *fault)
{
	const json_t *value = member(object, name);

	if (!value)
		return 0;
	if (!json_is_array(value))
		return fault_set(fault, EINVAL, "\"%s\" is not an array", name);
	*out = (json_t *)value;
	return 1;
}

int json_read_text(const json_t *object, const char *name, char *text, size_t size,
		   struct fault *fault)
{
	const char *value = NULL;
	int there = json_read_string(object, name, &value, fault);

	if (there <= 0)
		return there;
	if (strlen(value) >= size)
		return fault_set(fault, EINVAL, "\"%s\" is longer than %zu bytes", name, size - 1);
	strcpy(text, value);
	return 1;
}

int json_read_required(int result, const char *name, struct fault *fault)
{
	if (!result)
		return fault_set(fault, EINVAL, "\"%s\" is missing", name);
	return result < 0 ? result : 0;
}
