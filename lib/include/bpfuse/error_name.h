/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers by name: "ENOMEM" and back, the kernel's own ENOTSUPP (524) among them. */
#ifndef BPFUSE_ERROR_NAME_H
#define BPFUSE_ERROR_NAME_H

#include <bpfuse/fault.h>

#define ERROR_NAME_MAX 24

/* A positive errno; one without a name is written as its number. Returns `name`. */
const char *error_name(int error, char name[ERROR_NAME_MAX]);
/* "ENOMEM", "12", or "0" for none; 1 .. 4095 as the kernel's IS_ERR(). -EINVAL and a sentence. */
int error_parse(const char *text, int *error, struct fault *fault);

#endif
