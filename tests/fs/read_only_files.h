/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of test_read_only.c: what a process behind privilege_drop() tries to do to them. */
#ifndef READ_ONLY_FILES_H
#define READ_ONLY_FILES_H

#include <stdbool.h>

/* Makes a directory with a file, a directory and a link, and goes there. */
bool files_make(void);
/* Tries what opens files to write and what changes them; of test_read_only.c. */
void files_try(void);
/* Whether nothing there was changed, not even a time; removes all of it. */
bool files_unchanged(void);

/* test_read_only.c: a line of TAP; a result that is not -1 with EPERM is a failure. */
void report(bool good, const char *title, const char *what);
void expect_refused(const char *title, long result);

#endif
