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
 * Keeps only the capabilities of these needs (none without `kernel`), sets no_new_privs and
 * RLIMIT_CORE 0, and installs the seccomp filter: a system call that is not of these needs answers
 * EPERM. -errno and a sentence if the kernel refuses any of that; the caller must not go on then.
 */
int privilege_drop(const struct privilege_needs *needs, struct fault *fault);

/*
 * The same for the process that unmounts: umount2(2) by CAP_SYS_ADMIN, and waiting for the order.
 * Who has not that capability unmounts by a set-user-id program, which no_new_privs would stop;
 * there is nothing to give up then, and nothing is done.
 */
int privilege_drop_to_unmount(struct fault *fault);

#endif
