/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements that were parsed and wait for the rest of their write(2) to be parsed too. */
#ifndef FS_BULK_WRITE_H
#define FS_BULK_WRITE_H

#include "bulk.h"

struct batch {
	struct buffer keys, values;
	struct buffer handles; /* struct handle *: what the values' fd numbers refer to */
	uint32_t count;
};

#endif
