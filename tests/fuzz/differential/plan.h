/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan: a map's attributes and a sequence of operations on it, as plain numbers, so that it can
 * be made at random, run again, shortened and printed.
 */
#ifndef BPFUSE_FUZZ_PLAN_H
#define BPFUSE_FUZZ_PLAN_H

#include <stdio.h>
#include "subject.h"

#define STEPS_MAX 200
#define SLOTS 3	  /* handles of the map; slot 0 is the one that created it */
#define KEYS 14	  /* keys have numbers below this */
#define VALUES 14 /* values likewise */
#define PINS 3

enum step_kind {
	STEP_LOOKUP,
	STEP_UPDATE,
	STEP_DELETE,
	STEP_NEXT,
	STEP_TAKE,
	STEP_LOOKUP_BATCH,
	STEP_TAKE_BATCH,
	STEP_UPDATE_BATCH,
	STEP_DELETE_BATCH,
	STEP_WALK,	  /* all keys, by get-next-key */
	STEP_WALK_DELETE, /* the same, deleting each key before its successor is asked for */
	STEP_BATCH_WALK,  /* all elements, by lookup batches */
	STEP_FREEZE,
	STEP_OPEN, /* a handle by id, with access flags */
	STEP_CLOSE,
	STEP_INFO,
	STEP_PIN,
	STEP_UNPIN,
	STEP_PIN_OPEN,
	STEP_DEVICE, /* adds the device of values, or removes it */
	STEP_KINDS,
};

struct step {
	enum step_kind kind;
	uint8_t slot;
	uint8_t key, value; /* numbers of a key and a value; the first of `count` in batches */
	uint8_t count;
	uint64_t flags;
};

struct plan {
	const struct subject *subject;
	uint32_t key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	bool wrong_things; /* values name only things that do not fit: one world lacks the others */
	uint32_t step_count;
	struct step steps[STEPS_MAX];
};

struct random {
	uint64_t state;
};
uint32_t random_below(struct random *random, uint32_t bound);

void plan_make(struct plan *plan, const struct subject *subject, struct random *random);
void plan_print(const struct plan *plan, FILE *out);
void step_print(const struct step *step, FILE *out);

#endif
