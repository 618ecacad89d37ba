// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs the conformance table, the creations and the cases.
 *
 *   conformance kernel|emu [TYPE]...     each trial is a TAP line
 *   conformance --matrix FILE            both worlds; the result as markdown
 */
#include <stdio.h>
#include <string.h>
#include "runner.h"

static bool is_wanted(const struct subject *subject, char **types)
{
	if (!*types)
		return true;
	for (; *types; types++)
		if (!strcmp(*types, subject->name))
			return true;
	return false;
}

static int world_run(struct world *world, char **types)
{
	struct tally tally = {0};

	for (uint32_t type = 0; type < TYPES; type++) {
		const struct subject *subject = subject_get(type);

		if (subject && is_wanted(subject, types))
			runner_type(subject, world, &tally);
	}
	printf("1..%u\n", tally.number);
	fprintf(stderr, "%u trials, %u failed, %u skipped\n", tally.number, tally.failed,
		tally.skipped);
	return tally.failed > 0;
}

int main(int argc, char **argv)
{
	bool emu = argc > 1 && !strcmp(argv[1], "emu");

	if (argc < 2 || (!strcmp(argv[1], "--matrix") && argc != 3))
		return fputs("usage: conformance kernel|emu [TYPE]...\n"
			     "       conformance --matrix FILE\n",
			     stderr),
		       2;
	if (!emu && world_kernel_missing()) {
		puts(world_kernel_missing());
		return 77;
	}
	if (!strcmp(argv[1], "--matrix"))
		return matrix_write(argv[2]);
	return world_run(emu ? world_emu_open() : world_kernel_open(), argv + 2);
}
