/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Least privilege: what the daemon gives up once its mount stands.
 *
 * Called once, in the process that will serve, behind fuse_session_mount() and daemonising and
 * before any thread is started (capabilities belong to a thread, later threads inherit). What is
 * given up cannot be had back: neither unmounting with umount2(2) nor fusermount3 (set-user-id)
 * work afterwards, see unmounter.h.
 */
#ifndef BPFUSE_PRIVILEGE_H
#define BPFUSE_PRIVILEGE_H

#include <stdbool.h>
#include <bpfuse/fault.h>

struct privilege_needs {
	bool kernel;  /* the kernel backend: bpf(2), netlink, operations on bpffs as a caller */
	bool writing; /* not -o ro */
};

/*
 * Keeps only the capabilities of these needs (none without `kernel`), sets no_new_privs,
 * RLIMIT_CORE 0 and RLIMIT_NOFILE to its hard limit, and installs the seccomp filter: a system call
 * that is not of these needs answers EPERM. -errno and a sentence if the kernel refuses any of
 * that; the caller must not go on then.
 */
int privilege_drop(const struct privilege_needs *needs, struct fault *fault);

#endif
