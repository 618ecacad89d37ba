/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose unfinished work is this? A name for the running process that tells it from an earlier
 * one with the same number: "PID-STARTTIME", in clock ticks since boot. Letters, digits and '-'
 * only, so that it fits into names on bpffs.
 */
#ifndef BPFUSE_OWNER_H
#define BPFUSE_OWNER_H

#include <limits.h>
#include <stdbool.h>

#define OWNER_TEXT_SIZE 48

/* This process. */
void owner_print(char text[OWNER_TEXT_SIZE]);
/* False when the process is gone, or the text names none. */
bool owner_alive(const char *text);

/* What this process has in $TMPDIR (or /tmp) is called so, then its text, then anything. */
#define OWNER_TEMPORARY "bpfsnap-work-"
const char *owner_temporary_place(void);
/* A template of such a name for mkdtemp(3) and mkstemp(3). */
void owner_temporary(char path[PATH_MAX]);

#endif
