/* SPDX-License-Identifier: BSD-2-Clause */
/* The seccomp part of privilege_drop(): one allow list, grown by what the backend needs. */
#ifndef BPFUSE_SYSCALL_FILTER_H
#define BPFUSE_SYSCALL_FILTER_H

#include "privilege.h"

/* For all threads of the process. 0, or -errno and a sentence. Needs no_new_privs. */
int syscall_filter_install(const struct privilege_needs *needs, struct fault *fault);
/* The one of privilege_drop_to_unmount(). */
int syscall_filter_install_to_unmount(struct fault *fault);

#endif
