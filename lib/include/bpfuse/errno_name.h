/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers by name: "ENOMEM" and back, the kernel's own ENOTSUPP (524) among them. */
#ifndef BPFUSE_ERRNO_NAME_H
#define BPFUSE_ERRNO_NAME_H

#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

#define ERRNO_NAME_MAX 24

/* A positive errno; one without a name is written as its number. Returns `name`. */
const char *errno_name(int error, char name[ERRNO_NAME_MAX]);
/* "ENOMEM", "12", or "0" for none; 1 .. 4095 as the kernel's IS_ERR(). -EINVAL and a sentence. */
int errno_parse(const char *text, int *error, struct fault *fault);

#pragma GCC visibility pop

#endif
