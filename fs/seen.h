/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtimes: when this mount last saw a file's content differ from what it had seen before. The
 * first sight counts as a difference.
 *
 * Kept by inode number, to the millisecond, for so many files as fit into a bounded table (16 MiB:
 * a million); what falls out is seen for the first time again.
 */
#ifndef FS_SEEN_H
#define FS_SEEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *seen);
/* The mtime of file `ino`, whose content now has this digest. */
struct timespec seen_mtime(struct seen *seen, uint64_t ino, uint64_t digest);
uint64_t seen_digest(uint64_t digest, const void *bytes, size_t length);
#define SEEN_DIGEST_INIT 0x9e3779b97f4a7c15u

#endif
