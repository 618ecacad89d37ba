/* SPDX-License-Identifier: BSD-2-Clause */
/* The map types as subjects of trials: a usual map of each, and keys and values for it. */
#ifndef BPFUSE_TESTS_SUBJECT_H
#define BPFUSE_TESTS_SUBJECT_H

#include "world.h"

#define BYTES_MAX 4096 /* of a key or value here, all CPUs' slots included */

#define TYPES (MAP_TYPE_ARENA + 1) /* all that are subjects have numbers below this */

struct subject {
	const char *name;
	uint32_t type, key_size, value_size, max_entries, flags;
	enum thing value; /* what values are numbers of */
	enum thing inner; /* map-in-map */
	enum thing key;	  /* what keys are numbers of; THING_NONE: any */
	bool storage_btf; /* created with BTF of an int key and an int value */
	bool unreadable;  /* lookups never show what an update put in */
};

/* By map type; NULL: none (a type that cannot be made without more than this). */
const struct subject *subject_get(uint32_t type);

/* The usual attributes. Things it needs are made in the world. */
int subject_spec(const struct subject *subject, struct world *world, struct map_spec *spec);
int subject_create(const struct subject *subject, struct world *world, struct handle **map);

/* The n-th key: 0 is the first index, larger numbers are other keys. */
int subject_key(const struct subject *subject, struct world *world, uint32_t n,
		unsigned char key[BYTES_MAX]);
/* The n-th value, a new thing where values are things. */
int subject_value(const struct subject *subject, struct world *world, uint32_t n,
		  unsigned char value[BYTES_MAX]);

#endif
