/* SPDX-License-Identifier: BSD-2-Clause */
/* Open files of the process that makes a request. */
#ifndef FS_CALLER_FILE_H
#define FS_CALLER_FILE_H

#include "filesystem.h"

/*
 * The file that the caller has open under this number, under a number of our own that is to be
 * closed. -EBADF: it has none; -EPERM: not ours to take (pidfd_getfd(2), ptrace(2)), or the caller
 * is in a process namespace that we do not see.
 */
int caller_file(const struct request *request, int number);

#endif
