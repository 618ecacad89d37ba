// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cases.h"
#include "creation.h"
#include "runner.h"
#include "trial.h"

enum result { PASSED, FAILED, SKIPPED };

/* Remembers each reason once. */
static void lacking_add(struct tally *tally, const char *note)
{
	size_t length = strlen(tally->lacking);

	if (!strstr(tally->lacking, note))
		snprintf(tally->lacking + length, sizeof(tally->lacking) - length, "%s%s",
			 length ? ", " : "", note);
}

/* One TAP line; `note` says what was wrong or lacking. */
static void tally_add(struct tally *tally, enum result result, const char *type, const char *what,
		      const char *note)
{
	tally->number++;
	tally->failed += result == FAILED;
	tally->skipped += result == SKIPPED;
	if (result == SKIPPED)
		lacking_add(tally, note);
	if (tally->quiet)
		return;
	printf("%s %u - %s: %s", result == FAILED ? "not ok" : "ok", tally->number, type, what);
	if (result == FAILED)
		printf(": %s", note);
	else if (result == SKIPPED)
		printf(" # SKIP there is none here: %s", note);
	putchar('\n');
}

/* --- creation --- */

static void creation_run(const struct creation *creation, struct world *world, struct tally *tally)
{
	const struct creation_row *row = creation_row_find(creation);
	int error = creation_try(creation, world);
	bool fits = row && (row->expected == CONFIGURED || row->expected == -error);
	char text[96], what[112], note[80];

	creation_describe(creation, text);
	snprintf(what, sizeof(what), "create, %s", text);
	snprintf(note, sizeof(note), "%s, expected %s", error_name(-error),
		 row ? error_name(row->expected) : "nothing: no row");
	if (error == -ENODATA)
		tally_add(tally, SKIPPED, creation->subject->name, what, world->lacking);
	else
		tally_add(tally, fits ? PASSED : FAILED, creation->subject->name, what, note);
}

static void creations_run(const struct subject *subject, struct world *world, struct tally *tally)
{
	uint64_t tried;

	for (enum attribute attribute = 0; attribute < ATTRIBUTES; attribute++)
		for (size_t i = 0; creation_number(attribute, i, &tried); i++)
			creation_run(&(struct creation){subject, attribute, tried}, world, tally);
}

/* --- trials --- */

static void trial_report(const struct trial *trial, struct world *world, struct tally *tally)
{
	struct outcome outcome = trial_run(trial, world);
	char what[128], note[160];
	int length;

	if (outcome.verdict == MEANINGLESS)
		return;
	length = snprintf(what, sizeof(what), "%s, %s", probe_get(trial->operation)->name,
			  state_name(trial->state));
	if (trial->flags)
		snprintf(what + length, sizeof(what) - (size_t)length, ", flags %#llx",
			 (unsigned long long)trial->flags);
	if (outcome.verdict == NOT_HERE)
		snprintf(note, sizeof(note), "%s", world->lacking);
	else
		snprintf(note, sizeof(note), "%s, %s", error_name(outcome.result), outcome.note);
	tally_add(tally,
		  outcome.verdict == AGREES    ? PASSED
		  : outcome.verdict == DIFFERS ? FAILED
					       : SKIPPED,
		  trial->subject->name, what, note);
}

static void trials_run(const struct subject *subject, struct world *world, struct tally *tally)
{
	for (enum operation operation = 0; operation < OPERATIONS; operation++) {
		const struct probe *probe = probe_get(operation);

		for (enum state state = 0; state < STATES; state++) {
			if (!(probe->states & 1u << state))
				continue;
			for (const uint64_t *flags = probe->flags; *flags != ANY_FLAGS; flags++)
				trial_report(&(struct trial){subject, operation, state, *flags},
					     world, tally);
		}
	}
}

/* --- cases --- */

static void case_run(const struct test_case *test, struct world *world, struct tally *tally)
{
	const struct subject *subject = subject_get(test->type);
	struct check check = {.world = world};

	if (!setjmp(check.give_up))
		test->run(&check);
	world->tidy(world);
	tally_add(tally,
		  check.missing ? SKIPPED
		  : check.wrong ? FAILED
				: PASSED,
		  subject->name, test->name, check.missing ? world->lacking : "see above");
}

static void cases_run(const struct subject *subject, struct world *world, struct tally *tally)
{
	const struct test_case *const lists[] = {hash_cases,   array_cases,	queue_cases,
						 object_cases, reference_cases, device_cases,
						 btf_cases};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct test_case *test = lists[i]; test->run; test++)
			if (test->type == subject->type)
				case_run(test, world, tally);
}

void runner_type(const struct subject *subject, struct world *world, struct tally *tally)
{
	creations_run(subject, world, tally);
	trials_run(subject, world, tally);
	cases_run(subject, world, tally);
}
