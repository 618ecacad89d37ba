// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs the conformance table.
 *
 *   conformance kernel|emu [TYPE]...     each trial is a TAP line
 *   conformance --matrix FILE            both worlds; the result as markdown
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cases.h"
#include "creation.h"
#include "trial.h"

static unsigned number, failed, skipped;

static void trial_name(const struct trial *trial, char name[128])
{
	int length = snprintf(name, 128, "%s: %s, %s", trial->subject->name,
			      probe_get(trial->operation)->name, state_name(trial->state));

	if (trial->flags)
		snprintf(name + length, 128 - (size_t)length, ", flags %#llx",
			 (unsigned long long)trial->flags);
}

static void report(const struct trial *trial, const struct outcome *outcome)
{
	char name[128];

	if (outcome->verdict == MEANINGLESS)
		return;
	trial_name(trial, name);
	number++;
	if (outcome->verdict == NOT_HERE) {
		skipped++;
		printf("ok %u - %s # SKIP %s\n", number, name, outcome->note);
	} else if (outcome->verdict == AGREES) {
		printf("ok %u - %s\n", number, name);
	} else {
		failed++;
		printf("not ok %u - %s: %s, %s\n", number, name, error_name(outcome->result),
		       outcome->note);
	}
}

/* Calls `visit` for every trial of the type. */
static void trials_visit(const struct subject *subject,
			 void (*visit)(const struct trial *trial, void *context), void *context)
{
	for (enum operation operation = 0; operation < OPERATIONS; operation++) {
		const struct probe *probe = probe_get(operation);

		for (enum state state = 0; state < STATES; state++) {
			if (!(probe->states & 1u << state))
				continue;
			for (const uint64_t *flags = probe->flags; *flags != ANY_FLAGS; flags++)
				visit(&(struct trial){subject, operation, state, *flags}, context);
		}
	}
}

/* --- creation --- */

static void creation_run(const struct creation *creation, struct world *world)
{
	const struct creation_row *row = creation_row_find(creation);
	int error = creation_try(creation, world);
	char text[96];

	creation_describe(creation, text);
	number++;
	if (error == -ENODATA) {
		skipped++;
		printf("ok %u - %s: create, %s # SKIP not in this world\n", number,
		       creation->subject->name, text);
	} else if (row && (row->expected == CONFIGURED || row->expected == -error)) {
		printf("ok %u - %s: create, %s\n", number, creation->subject->name, text);
	} else {
		failed++;
		printf("not ok %u - %s: create, %s: %s, expected %s\n", number,
		       creation->subject->name, text, error_name(-error),
		       row ? error_name(row->expected) : "nothing");
	}
}

static void creations_run(const struct subject *subject, struct world *world)
{
	uint64_t tried;

	for (enum attribute attribute = 0; attribute < ATTRIBUTES; attribute++)
		for (size_t i = 0; creation_number(attribute, i, &tried); i++)
			creation_run(&(struct creation){subject, attribute, tried}, world);
}

static void run_one(const struct trial *trial, void *context)
{
	struct outcome outcome = trial_run(trial, context);

	report(trial, &outcome);
}

/* --- cases --- */

static void case_run(const struct test_case *test, struct world *world)
{
	const struct subject *subject = subject_get(test->type);
	struct check check = {.world = world};

	test->run(&check);
	world->tidy(world);
	number++;
	if (check.missing) {
		skipped++;
		printf("ok %u - %s: %s # SKIP not in this world\n", number, subject->name,
		       test->name);
	} else if (!check.wrong) {
		printf("ok %u - %s: %s\n", number, subject->name, test->name);
	} else {
		failed++;
		printf("not ok %u - %s: %s\n", number, subject->name, test->name);
	}
}

static void cases_run(const struct subject *subject, struct world *world)
{
	const struct test_case *const lists[] = {hash_cases,   array_cases,	queue_cases,
						 object_cases, reference_cases, device_cases};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct test_case *test = lists[i]; test->run; test++)
			if (test->type == subject->type)
				case_run(test, world);
}

static bool is_wanted(const struct subject *subject, char **types)
{
	if (!*types)
		return true;
	for (; *types; types++)
		if (!strcmp(*types, subject->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool kernel = argc > 1 && !strcmp(argv[1], "kernel");
	struct world *world;

	if (argc < 2)
		return fputs("usage: conformance kernel|emu [TYPE]...\n", stderr), 2;
	if (kernel && world_kernel_missing()) {
		puts(world_kernel_missing());
		return 77;
	}
	world = kernel ? world_kernel_open() : world_emu_open();
	for (uint32_t type = 0; type < TYPES; type++) {
		const struct subject *subject = subject_get(type);

		if (!subject || !is_wanted(subject, argv + 2))
			continue;
		creations_run(subject, world);
		trials_visit(subject, run_one, world);
		cases_run(subject, world);
	}
	printf("1..%u\n", number);
	fprintf(stderr, "%u trials, %u failed, %u skipped\n", number, failed, skipped);
	return failed > 0;
}
