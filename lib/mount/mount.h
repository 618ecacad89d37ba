/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mount of bpfuse as a backend: the table of backend.h over the files of bpfuse(8), so that what
 * works on objects (snapshots) works on a mount as well, without privilege beyond that of reading
 * and writing its files.
 *
 * Handles are directories: maps.by-id/ID and the like. A map that is created must have a name in
 * the tree at once; until it is pinned that is below the directory "bpfuse-made-PID", which goes
 * when the backend is closed. handle_fd() is the object's id: what a value refers to is written
 * as text, which takes ids.
 *
 * One thread at a time may use a handle.
 */
#ifndef BPFUSE_MOUNT_MOUNT_H
#define BPFUSE_MOUNT_MOUNT_H

#include <bpfuse/backend.h>

#define MADE_PREFIX "bpfuse-made-"

/* `root`: the mount point. */
int mount_open(const char *root, struct backend **backend, struct fault *fault);

#endif
