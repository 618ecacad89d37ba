/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backend that is the kernel: bpf(2) for objects, a bpffs for the tree of pins.
 */
#ifndef BPFUSE_KERNEL_KERNEL_H
#define BPFUSE_KERNEL_KERNEL_H

#include <bpfuse/backend.h>

/*
 * Opens the bpffs directory as the root of the pin tree. The backend reaches it through a mount of
 * its own that nobody else sees, so that whatever is mounted over the directory later (bpfuse
 * itself, for one) is never walked into, and unmounting the directory does not take it away.
 *
 * The calling process needs CAP_SYS_ADMIN (ids of objects) and CAP_BPF; changes made for another
 * caller need CAP_SETUID and CAP_SETGID. Its umask should be 0: it is applied on top of that of
 * struct caller. On failure -errno and a sentence that says what to do.
 */
int kernel_open(const char *directory, const struct backend_options *options,
		struct backend **backend, struct fault *fault);

#endif
