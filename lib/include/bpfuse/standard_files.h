/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program does first: no file that it opens may become its standard input or output. */
#ifndef BPFUSE_STANDARD_FILES_H
#define BPFUSE_STANDARD_FILES_H

#pragma GCC visibility push(default)

/*
 * Whichever of the descriptors 0, 1 and 2 is closed is taken, so that reading or writing it still
 * fails with EBADF. Call it before anything is opened.
 */
void standard_files_take(void);

#pragma GCC visibility pop

#endif
