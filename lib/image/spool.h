/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that wait for their place in a file: the format wants all keys of a map before all of
 * its values, and sizes before both, while a walk gives keys and values together. The first
 * bytes wait in memory, the rest in a nameless file.
 */
#ifndef IMAGE_SPOOL_H
#define IMAGE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/background.h"
#include "image/checksum.h"

struct spool {
	int directory; /* where the nameless file is made; not owned */
	int fd;	       /* -1: all in memory yet */
	/* the first bytes, which never see the file */
	unsigned char *first;
	size_t first_max, first_used;
	/* two halves for the others: while one is written to the file, the other one is filled */
	unsigned char *memory;
	size_t half;
	bool second;	/* that one is being filled */
	size_t used;	/* bytes in it, those behind the file's */
	uint64_t filed; /* bytes in the file, or on their way there */
	struct background *background;
};

/* first_max: bytes that stay in memory; halves_max: bytes that wait to be written, at most. */
int spool_init(struct spool *spool, int directory, size_t first_max, size_t halves_max);
void spool_free(struct spool *spool);
int spool_add(struct spool *spool, const void *bytes, size_t length);
/* Forgets what is in it. */
int spool_reset(struct spool *spool);
static inline uint64_t spool_size(const struct spool *spool)
{
	return spool->first_used + spool->filed + spool->used;
}
/* Appends all of it to `file` and empties the spool. */
int spool_pour(struct spool *spool, struct sealed_file *file);

#endif
