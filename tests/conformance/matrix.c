// SPDX-License-Identifier: BSD-2-Clause
/*
 * The matrix: what the kernel answers, type by type, and how far each world agrees.
 *
 * Cells come from the kernel, not from the table: the table was compared with it a moment before.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "runner.h"
#include "trial.h"

#define CELLS_MAX 6

/* A column: the same operation a few times, the answers divided by slashes. */
static const struct column {
	const char *title;
	enum operation operation;
	struct {
		enum state state;
		uint64_t flags;
	} cells[CELLS_MAX];
	size_t count;
} columns[] = {
	{"lookup: absent / present / out of range",
	 LOOKUP,
	 {{ABSENT, 0}, {PRESENT, 0}, {RANGE, 0}},
	 3},
	{"update absent: ANY / NOEXIST / EXIST",
	 UPDATE,
	 {{ABSENT, 0}, {ABSENT, 1}, {ABSENT, 2}},
	 3},
	{"update present: ANY / NOEXIST / EXIST",
	 UPDATE,
	 {{PRESENT, 0}, {PRESENT, 1}, {PRESENT, 2}},
	 3},
	{"update full: ANY / NOEXIST / EXIST", UPDATE, {{FULL, 0}, {FULL, 1}, {FULL, 2}}, 3},
	{"update out of range", UPDATE, {{RANGE, 0}}, 1},
	{"delete: absent / present / out of range",
	 DELETE,
	 {{ABSENT, 0}, {PRESENT, 0}, {RANGE, 0}},
	 3},
	{"next key: empty / present", NEXT, {{ABSENT, 0}, {PRESENT, 0}}, 2},
	{"lookup and delete: absent / present", TAKE, {{ABSENT, 0}, {PRESENT, 0}}, 2},
	{"lookup batch", LOOKUP_BATCH, {{PRESENT, 0}}, 1},
	{"lookup and delete batch", TAKE_BATCH, {{PRESENT, 0}}, 1},
	{"update batch", UPDATE_BATCH, {{PRESENT, 0}}, 1},
	{"delete batch", DELETE_BATCH, {{PRESENT, 0}}, 1},
	{"freeze: first / again", FREEZE, {{PRESENT, 0}, {FROZEN, 0}}, 2},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void cell_write(FILE *file, const struct subject *subject, const struct column *column,
		       struct world *world)
{
	for (size_t i = 0; i < column->count; i++) {
		struct trial trial = {subject, column->operation, column->cells[i].state,
				      column->cells[i].flags};
		struct outcome outcome = trial_run(&trial, world);

		fprintf(file, "%s%s", i ? " / " : "",
			outcome.verdict == MEANINGLESS ? "-" : error_name(outcome.result));
	}
}

static void answers_write(FILE *file, struct world *kernel)
{
	fputs("\n## The kernel's answers\n\n| type |", file);
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(file, " %s |", columns[i].title);
	fputs("\n|---|", file);
	for (size_t i = 0; i < COLUMNS; i++)
		fputs("---|", file);
	for (uint32_t type = 0; type < TYPES; type++) {
		const struct subject *subject = subject_get(type);

		if (!subject)
			continue;
		fprintf(file, "\n| %s |", subject->name);
		for (size_t i = 0; i < COLUMNS; i++) {
			fputc(' ', file);
			cell_write(file, subject, &columns[i], kernel);
			fputs(" |", file);
		}
	}
	fputc('\n', file);
}

static void tally_write(FILE *file, const struct tally *tally)
{
	fprintf(file, " %u |", tally->number - tally->skipped - tally->failed);
	fprintf(file, tally->failed ? " **%u** |" : " %u |", tally->failed);
}

static unsigned agreement_write(FILE *file, struct world *worlds[2])
{
	unsigned failed = 0;

	fputs("\n## Agreement\n\n| type | kernel agrees | differs | emulation agrees | differs |"
	      " not tried in the emulation, which lacks |\n|---|---|---|---|---|---|\n",
	      file);
	for (uint32_t type = 0; type < TYPES; type++) {
		const struct subject *subject = subject_get(type);
		struct tally tallies[2] = {{.quiet = true}, {.quiet = true}};

		if (!subject)
			continue;
		fprintf(file, "| %s |", subject->name);
		for (unsigned i = 0; i < 2; i++) {
			runner_type(subject, worlds[i], &tallies[i]);
			tally_write(file, &tallies[i]);
			failed += tallies[i].failed;
		}
		fprintf(file, " %u%s%s |\n", tallies[1].skipped, tallies[1].skipped ? ": " : "",
			tallies[1].lacking);
	}
	return failed;
}

int matrix_write(const char *path)
{
	struct world *worlds[2] = {world_kernel_open(), world_emu_open()};
	FILE *file = fopen(path, "we");
	struct utsname system;
	unsigned failed;

	if (!file) {
		perror(path);
		return 1;
	}
	uname(&system);
	fprintf(file,
		"# Conformance of the two backends\n\n"
		"Written by `conformance --matrix` on Linux %s, %u CPUs. One table (`table.c`,\n"
		"`creation_rows.c`, `cases_*.c`) is tried on the kernel, which is the oracle, and "
		"on\n"
		"the emulation. Numbers count trials; a trial that does not apply to a type (an "
		"index\n"
		"out of range in a hash) is no trial, and shown as `-`.\n",
		system.release, worlds[0]->backend->possible_cpus);
	failed = agreement_write(file, worlds);
	answers_write(file, worlds[0]);
	return fclose(file) || failed;
}
