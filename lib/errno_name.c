// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/errno_name.h>
#include <bpfuse/map_type.h>

#define ERROR_MAX 4095 /* MAX_ERRNO */

static const char *known_name(int error)
{
	return error == ENOTSUPP ? "ENOTSUPP" : strerrorname_np(error);
}

const char *errno_name(int error, char name[ERRNO_NAME_MAX])
{
	const char *known = known_name(error);

	if (known)
		snprintf(name, ERRNO_NAME_MAX, "%s", known);
	else
		snprintf(name, ERRNO_NAME_MAX, "%d", error);
	return name;
}

int errno_parse(const char *text, int *error, struct fault *fault)
{
	char *end;
	long number;

	for (int each = 1; each <= ERROR_MAX; each++) {
		const char *known = known_name(each);

		if (known && !strcmp(known, text)) {
			*error = each;
			return 0;
		}
	}
	number = strtol(text, &end, 10);
	if (end == text || *end || number < 0 || number > ERROR_MAX)
		return fault_set(fault, EINVAL,
				 "expected an error such as ENOMEM or 12, got \"%s\"", text);
	*error = (int)number;
	return 0;
}
