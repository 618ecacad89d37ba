/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creation: the usual attributes of each map type with one thing changed, and what the kernel
 * answers. As in table.h the first row that fits gives the expectation.
 */
#ifndef BPFUSE_TESTS_CREATION_H
#define BPFUSE_TESTS_CREATION_H

#include "subject.h"

enum attribute {
	KEY_SIZE,
	VALUE_SIZE,
	MAX_ENTRIES,
	FLAGS,	    /* added to the usual ones */
	ONLY_FLAGS, /* instead of the usual ones */
	MAP_EXTRA,
	NUMA_NODE, /* with BPF_F_NUMA_NODE */
	NAME,	   /* an index of creation_names[] */
	IFINDEX,
	INNER, /* enum thing for inner_map_fd */
	BTF,   /* an enum btf_choice */
	ATTRIBUTES,
};

enum btf_choice {
	BTF_CLOSED_FD,	 /* key and value types given, the descriptor is not open */
	BTF_KEY_ONLY,	 /* no value type */
	BTF_VALUE_ONLY,	 /* no key type */
	BTF_WRONG_SIZES, /* types of 2 bytes where neither key nor value has 2 */
};

struct creation {
	const struct subject *subject;
	enum attribute attribute;
	uint64_t number;
};

struct creation_row {
	uint64_t types;
	enum attribute attribute;
	uint64_t from, to; /* numbers it is about */
	int expected;	   /* or CONFIGURED */
};

/* Not the same on every kernel: not compared. */
#define CONFIGURED (-1)

const struct creation_row *creation_row_find(const struct creation *creation);
/* The i-th number to try for an attribute; false: there are no more. */
bool creation_number(enum attribute attribute, size_t i, uint64_t *number);
/* Describes it: "key_size=5". */
void creation_describe(const struct creation *creation, char text[96]);
/* Tries it: 0, or -errno; -ENODATA: this world lacks what it takes. */
int creation_try(const struct creation *creation, struct world *world);

#endif
