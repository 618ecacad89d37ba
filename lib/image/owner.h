/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose unfinished work is this? A name for the running process that tells it from an earlier
 * one with the same number: "PID-STARTTIME", in clock ticks since boot. Letters, digits and '-'
 * only, so that it fits into names on bpffs.
 */
#ifndef IMAGE_OWNER_H
#define IMAGE_OWNER_H

#include <stdbool.h>

#define OWNER_TEXT_SIZE 48

/* This process. */
void owner_print(char text[OWNER_TEXT_SIZE]);
/* False when the process is gone, or the text names none. */
bool owner_alive(const char *text);

#endif
