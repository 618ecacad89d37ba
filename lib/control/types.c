// SPDX-License-Identifier: BSD-2-Clause
/* The table of control types. Ids are places in it, so a new type goes to its end. */
#include "control/control_type.h"

static const struct control_type *const types[] = {
	&xdp_type,
	&prog_stats_type,
	&sock_type,
};

const struct control_type *control_type_at(unsigned index)
{
	return index < sizeof(types) / sizeof(types[0]) ? types[index] : NULL;
}
