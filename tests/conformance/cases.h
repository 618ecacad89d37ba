/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conformance cases: sequences of operations whose answers depend on each other. Each is written
 * once and runs in both worlds; an expectation that fails in the kernel's world is wrong.
 */
#ifndef BPFUSE_TESTS_CASES_H
#define BPFUSE_TESTS_CASES_H

#include <setjmp.h>
#include <stdio.h>
#include "subject.h"

/* One run of one case. */
struct check {
	struct world *world;
	unsigned wrong;
	bool missing;	 /* the world lacks something that the case needs */
	jmp_buf give_up; /* where a case that cannot go on ends */
};

struct test_case {
	uint32_t type;
	const char *name;
	void (*run)(struct check *check);
};

/* Ended by a case without a function. */
extern const struct test_case hash_cases[], array_cases[], reference_cases[], device_cases[],
	queue_cases[], object_cases[], btf_cases[];

void expect_equal(struct check *check, const char *file, int line, const char *what, long long is,
		  long long expected);
/* The value, whatever its type, is what the kernel gives. */
#define EXPECT(is, expected)                                                                       \
	expect_equal(check, __FILE__, __LINE__, #is, (long long)(is), (long long)(expected))

/* --- short forms for the usual --- */

/* Never NULL: without its map a case ends, failed. */
struct handle *make_map(struct check *check, uint32_t type, uint32_t key_size, uint32_t value_size,
			uint32_t max_entries, uint32_t flags);
/* The number of a thing; the case ends as missing if the world has none. */
int make_thing(struct check *check, enum thing kind);
void drop_thing(struct check *check, int number);
/* Elements with u32 keys and u32 values (the first bytes of longer ones). */
int put(struct handle *map, uint32_t key, uint32_t value, uint64_t flags);
/* The value, or -errno. */
long long get(struct handle *map, uint32_t key);
int drop(struct handle *map, uint32_t key);
/* The next key, or -errno; first_key: from the start. */
long long next_key(struct handle *map, uint32_t key);
long long first_key(struct handle *map);
/* How many keys get-next-key gives, at most 1000. */
unsigned count_keys(struct handle *map);

#endif
