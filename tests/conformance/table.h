/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance table: map type x operation x state x flags -> what the kernel answers.
 *
 * A trial is one cell: a fresh map of the type, brought into the state, and one operation with
 * these flags. What is expected comes from the first row that fits, so rows go from the special
 * to the general. Every trial must find a row; the kernel must agree with it, and the emulation
 * with both.
 */
#ifndef BPFUSE_TESTS_TABLE_H
#define BPFUSE_TESTS_TABLE_H

#include <stdint.h>

enum operation {
	LOOKUP,
	UPDATE,
	DELETE,
	NEXT,
	TAKE, /* lookup and delete */
	LOOKUP_BATCH,
	TAKE_BATCH,
	UPDATE_BATCH,
	DELETE_BATCH,
	FREEZE,
	OPERATIONS,
};

/* What the map and the key are like. Where the type lets user space insert nothing: empty. */
enum state {
	ABSENT,	 /* an empty map */
	PRESENT, /* the key is there */
	RANGE,	 /* the key is max_entries: behind the last index */
	FULL,	 /* max_entries elements, the key is none of them */
	FROZEN,	 /* PRESENT, then frozen */
	RDONLY,	 /* PRESENT, through a handle that may only read */
	WRONLY,	 /* PRESENT, through one that may only write */
	STATES,
};

#define ANY_FLAGS UINT64_MAX

struct row {
	uint64_t types; /* bit set by map type number */
	enum operation operation;
	uint32_t states; /* bit set */
	uint64_t flags;
	int expected; /* 0 or errno */
	int older;    /* a kernel before 6.18 may say this; 0: it says the same */
};

const struct row *row_find(uint32_t type, enum operation operation, enum state state,
			   uint64_t flags);

/* The trials there are of an operation: flags, ended by ANY_FLAGS, and states as a bit set. */
struct probe {
	const char *name;
	const uint64_t *flags;
	uint32_t states;
};
const struct probe *probe_get(enum operation operation);
const char *state_name(enum state state);

#endif
