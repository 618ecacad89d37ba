/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that a process removed and that are still there.
 *
 * What .map/ shows cannot be removed, but removing it has to succeed (map_dir.h). tar x removes
 * a file that is in its way and makes it anew, and would do so for ever if it found the file
 * again. So the process that removed such a name finds it gone for a moment, and when it makes the
 * name anew it gets the file that was there all the time.
 *
 * For a symlink tar x makes an empty file first, and puts the link in its place at the end if that
 * file is still there then. It gets one that has no name: so it leaves the link alone.
 */
#ifndef FS_REMOVED_H
#define FS_REMOVED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct node;
struct request;

/* pid: as the kernel gives it with a request. */
void removed_add(uint64_t dir_ino, const char *name, pid_t pid);
bool removed_has(uint64_t dir_ino, const char *name, pid_t pid);
/* The same, and forgets it. */
bool removed_take(uint64_t dir_ino, const char *name, pid_t pid);
/* The empty file in the place of what is none, referenced for the caller. NULL: no memory. */
struct node *removed_stand_in(struct request *request, struct node *dir, const char *name);

#endif
