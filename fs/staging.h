/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that arrive in pieces.
 *
 * One write(2) is one value. Programs that buffer cut a longer value into pieces whose length
 * is a multiple of 512 (stdio's 4096, dd's 512, tar's blocks), and the kernel cuts a write(2) that
 * is longer than a request: such a piece waits for the next, which has to begin where it ended.
 * Every other piece has to make the value complete or is refused in its own write(2), because a
 * shell does not look at what close(2) says. After a refusal the rest of the same open is refused
 * as well, where only the length tells a whole value from a part (raw bytes): a part must never
 * pass for the whole.
 */
#ifndef FS_STAGING_H
#define FS_STAGING_H

#include "file.h"

/*
 * Whether a buffering program would have cut here, `end` bytes behind the beginning, or the kernel
 * (session_is_cut()).
 */
bool staging_is_piece(const char *data, size_t length, uint64_t end);

/* Applies a text; *malformed: it was not understood (rather than refused by the map). */
typedef int (*staging_apply)(struct request *request, struct file *file, const char *text,
			     size_t length, bool *malformed);

int staging_write_text(struct request *request, struct file *file, const char *data, size_t length,
		       off_t offset, staging_apply apply);
/* What still waits is all that comes. */
int staging_flush_text(struct request *request, struct file *file, staging_apply apply);

/* Exactly `size` bytes: 1 and *value when they are complete, 0 when more must come, or -errno. */
int staging_write_bytes(struct request *request, struct file *file, const char *data, size_t length,
			off_t offset, size_t size, const char **value);
int staging_flush_bytes(struct request *request, struct file *file, size_t size);

#endif
