/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs all there is to try of one map type in one world. */
#ifndef BPFUSE_TESTS_RUNNER_H
#define BPFUSE_TESTS_RUNNER_H

#include "subject.h"

struct tally {
	unsigned number, failed, skipped;
	bool quiet;	   /* no TAP lines */
	char lacking[160]; /* why trials were skipped: things, with commas */
};

void runner_type(const struct subject *subject, struct world *world, struct tally *tally);

/* Both worlds over all types, as markdown. 0, or 1 if anything failed or could not be written. */
int matrix_write(const char *path);

#endif
