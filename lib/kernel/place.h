/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A path of the pin tree, resolved: an open directory and the last name in it.
 *
 * No symlink is followed, neither on the way nor at the end, so that resolution stays below the
 * tree's root whatever others put there meanwhile. Whoever walks the tree follows them himself.
 */
#ifndef BPFUSE_KERNEL_PLACE_H
#define BPFUSE_KERNEL_PLACE_H

#include "internal.h"

#define PROC_FD_PATH_MAX 32

struct place {
	int directory; /* O_PATH; -1: not open */
	const char *name;
};
#define PLACE_INIT                                                                                 \
	{                                                                                          \
		-1, NULL                                                                           \
	}

/* The place that `path` names, there or not; "" and the root itself give -EBUSY. */
int place_open(struct backend *backend, const char *path, struct place *place);
void place_closep(struct place *place);

/* What is at `path`, opened with `flags` beside O_NOFOLLOW: a descriptor or -errno. */
int entry_open(struct backend *backend, const char *path, int flags);
/* The name of an open file that any system call takes: /proc/self/fd/N. */
const char *proc_fd_path(int fd, char path[PROC_FD_PATH_MAX]);

#endif
