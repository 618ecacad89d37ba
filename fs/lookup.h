/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in directories: what stands in the kind's table, then what the kind itself finds. */
#ifndef FS_LOOKUP_H
#define FS_LOOKUP_H

#include "node.h"

/* *child is referenced for the caller, *st is complete but for sizes of KIND_LAZY_SIZE. */
int dir_lookup(struct request *request, struct node *dir, const char *name, struct node **child,
	       struct stat *st);

#endif
