/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing to a file while the caller reads on: one write at a time, by a thread of its own that is
 * made for the first one (where none can be made, the caller writes).
 */
#ifndef IMAGE_BACKGROUND_H
#define IMAGE_BACKGROUND_H

#include <stddef.h>
#include <stdint.h>

struct background;

/* NULL when memory runs out. */
struct background *background_new(void);
/*
 * Waits for the write before, and starts this one. The bytes must stay as they are until the next
 * call here. 0, or the error of an earlier write: then nothing more is written.
 */
int background_write(struct background *background, int fd, const void *bytes, size_t length,
		     uint64_t offset);
/* Waits. 0, or the first error. */
int background_wait(struct background *background);
/* Waits too. NULL is allowed. */
void background_free(struct background *background);

#endif
