/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of keys in the order of a listing, for READDIRPLUS: read in batches of about a page where
 * the type of the map gives batches in a fixed order, so that an element costs no system call.
 *
 * A value that is given was read no longer ago than attributes may be kept. Whoever finds none
 * here looks the key up. One owner at a time.
 */
#ifndef FS_KEY_VALUES_H
#define FS_KEY_VALUES_H

#include <bpfuse/walk.h>
#include "object.h"

struct key_values {
	struct object *map; /* held while the walk is open */
	struct walk *walk;
	struct walk_chunk chunk;
	uint32_t next;	  /* in the chunk: the first that was not passed yet */
	uint32_t misses;  /* in a row */
	uint64_t read_at; /* ns of CLOCK_MONOTONIC */
};

/* From the first key on. A type without such batches finds nothing, which is no error. */
void key_values_start(struct filesystem *fs, struct key_values *values, struct object *map,
		      const struct codec *codec);
/* Once a key has been skipped nothing more can be found: stop. */
void key_values_stop(struct filesystem *fs, struct key_values *values);
/* The value of a key that comes behind those asked for before; NULL: not known here. */
const void *key_values_find(struct key_values *values, const void *key);

#endif
