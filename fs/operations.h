/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring: what the kernel asks, turned into calls of the node's kind. */
#ifndef FS_OPERATIONS_H
#define FS_OPERATIONS_H

#include "options.h"
#include <fuse_lowlevel.h>

/* The session's user data is the struct filesystem. */
extern const struct fuse_lowlevel_ops operations;

#endif
