/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a side share: side.c opens, closes and dispatches. */
#ifndef BPFUSE_FUZZ_SIDE_PARTS_H
#define BPFUSE_FUZZ_SIDE_PARTS_H

#include "side.h"

/* --- pool.c --- */

/* Makes the things that values can name. */
int pool_fill(struct side *side);
/* The n-th key and value of a plan. */
void key_make(struct side *side, uint8_t n, unsigned char *key);
void value_make(struct side *side, uint8_t n, unsigned char *value);
/* As calls take it: NULL for a map without keys. */
const void *key_pointer(const struct side *side, const unsigned char *key);

/* --- answer.c --- */

void answer_error(struct buffer *answer, int error);
void answer_value(struct side *side, struct buffer *answer, const unsigned char *value);

/* Keys with their values, as lines in order of their bytes: a set has no other. */
struct lines {
	char **items;
	size_t count, room;
};
void lines_add(struct lines *lines, struct side *side, const unsigned char *key,
	       const unsigned char *value);
/* Appends them, and frees them. */
void lines_give(struct lines *lines, struct buffer *answer, bool sorted);

/* Rule "order": buckets are in an order that a random seed decides (htab_map_hash()). */
bool is_ordered(const struct side *side);
bool is_bucketed(const struct side *side);

/* --- steps.c --- */

typedef void side_step_fn(struct side *side, const struct step *step, struct handle *map,
			  struct buffer *answer);
side_step_fn step_lookup, step_update, step_delete, step_next, step_lookup_batch, step_change_batch,
	step_walk, step_batch_walk;

#endif
