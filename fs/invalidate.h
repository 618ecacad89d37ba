/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a change through this mount makes of the kernel's caches. Names may be kept for a while
 * (-o timeout=), attributes for a tick of the kernel's clock; but who clears a map, or updates it
 * by .map/entries, has to see it at the next stat(2). The kernel itself knows of changes by
 * write(2) to a key's own file, and by unlink(2).
 *
 * What others change behind the mount shows when the time is over.
 */
#ifndef FS_INVALIDATE_H
#define FS_INVALIDATE_H

#include <stddef.h>
#include <stdint.h>
#include "filesystem.h"

/* Things have vanished that names may stand for. */
void invalidate_names(struct filesystem *fs);
/* Values have changed, and with them sizes; nothing was removed. */
void invalidate_sizes(struct filesystem *fs);

/*
 * The kernel forgets these inodes and their names unless they are in use. -EINVAL: it cannot
 * (before linux 6.18).
 */
int invalidate_inodes(struct fuse_session *session, const uint64_t *nodeids, size_t count);
#define INVALIDATE_MAX 256 /* so many at once */

#endif
