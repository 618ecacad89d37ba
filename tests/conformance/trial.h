/* SPDX-License-Identifier: BSD-2-Clause */
/* One cell of the conformance table, tried in a world. */
#ifndef BPFUSE_TESTS_TRIAL_H
#define BPFUSE_TESTS_TRIAL_H

#include "subject.h"
#include "table.h"

enum verdict {
	AGREES,
	DIFFERS,
	NOT_HERE,    /* this world lacks what the trial needs */
	MEANINGLESS, /* the type has no such state */
};

struct trial {
	const struct subject *subject;
	enum operation operation;
	enum state state;
	uint64_t flags;
};

struct outcome {
	enum verdict verdict;
	int result;    /* 0 or errno */
	char note[96]; /* what else was wrong: contents, counts */
};

struct outcome trial_run(const struct trial *trial, struct world *world);

#endif
