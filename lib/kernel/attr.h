/* SPDX-License-Identifier: BSD-2-Clause */
/* The size of what is said to bpf(2). */
#ifndef BPFUSE_KERNEL_ATTR_H
#define BPFUSE_KERNEL_ATTR_H

#include <stddef.h>
#include <linux/bpf.h>

/*
 * Of an initialised union only the member that was named is certain; what a larger member has
 * behind it holds anything, and the kernel refuses a request (EINVAL, CHECK_ATTR in
 * kernel/bpf/syscall.c) that has anything behind its last field. So bpf(2) is told where the
 * request ends: bytes up to and with LAST, the last field of the command that is used or answered
 * in.
 */
#define ATTR_SIZE(last)                                                                            \
	(offsetof(union bpf_attr, last) + sizeof(((const union bpf_attr *)NULL)->last))

#endif
