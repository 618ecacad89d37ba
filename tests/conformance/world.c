// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <bpfuse/map_type.h>
#include "world.h"

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	if (!error)
		return "ok";
	if (error == ENOTSUPP)
		return "ENOTSUPP";
	return name ? name : "an unknown error";
}
