/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether and where to mount: asked before anything is mounted, so that refusals are sentences. */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <bpfuse/fault.h>

/*
 * The absolute path of the mount point, malloc'ed. What a killed daemon left mounted there is
 * taken away first. -errno and a sentence if it is no directory, carries a bpfuse already, or
 * lies in the directory that is mirrored (a mount there would show itself to itself).
 */
int mountpoint_prepare(const char *mountpoint, const char *source, char **path,
		       struct fault *fault);

#endif
