/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounds what the kernel holds of a mount. An inode of FUSE takes 1.1 KB of the kernel's memory,
 * and a node of ours 150 bytes, for each name that was looked up; the kernel itself gives them up
 * only when memory runs out. Beyond EVICT_NODES_MAX the names that were asked for longest ago are
 * taken back; what is open or in use stays, and what is asked for again is looked up again.
 *
 * One thread of its own, which sleeps without a timer while there is nothing to do.
 */
#ifndef FS_EVICT_H
#define FS_EVICT_H

#include "filesystem.h"

/* 150 MB of the kernel's memory. */
#define EVICT_NODES_MAX ((size_t)1 << 17)

struct evictor;

/* When the session is mounted. -ENOMEM, or the errno of the thread. */
int evictor_start(struct filesystem *fs, struct evictor **evictor);
/* While the session is still there. NULL is allowed. */
void evictor_stop(struct evictor *evictor);

#endif
