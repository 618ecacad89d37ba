// SPDX-License-Identifier: BSD-2-Clause
/*
 * The differential fuzzer: random plans carried out by the kernel and by the emulation at once.
 *
 *   differential [--operations N] [--seed S] [--type T]...
 *
 * Stops at the first step whose answers differ, shortens the plan as far as it can and prints it.
 * Exit status: 0 no difference; 1 a difference; 77 bpf(2) cannot be used here.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "side.h"

/* What a plan came to. */
struct outcome {
	bool differs;
	uint32_t at;	     /* the step, from 1; 0: the creation */
	uint64_t operations; /* carried out */
	uint64_t succeeded;  /* of them, by the kernel */
	char kernel[400], emu[400];
};

static struct world *kernel_world, *emu_world;

static void outcome_tell(struct outcome *outcome, uint32_t at, const char *kernel, const char *emu)
{
	outcome->differs = true;
	outcome->at = at;
	snprintf(outcome->kernel, sizeof(outcome->kernel), "%s", kernel ? kernel : "");
	snprintf(outcome->emu, sizeof(outcome->emu), "%s", emu ? emu : "");
}

static void steps_run(const struct plan *plan, struct side sides[2], struct outcome *outcome)
{
	struct buffer answers[2] = {BUFFER_INIT, BUFFER_INIT};

	for (uint32_t i = 0; i < plan->step_count && !outcome->differs; i++) {
		for (unsigned side = 0; side < 2; side++) {
			buffer_reset(&answers[side]);
			buffer_append(&answers[side], "", 0);
			side_step(&sides[side], &plan->steps[i], &answers[side]);
		}
		outcome->operations++;
		outcome->succeeded += !strncmp(answers[0].data, "ok", 2);
		if (strcmp(answers[0].data, answers[1].data))
			outcome_tell(outcome, i + 1, answers[0].data, answers[1].data);
	}
	buffer_free(&answers[0]);
	buffer_free(&answers[1]);
}

static struct outcome plan_run(const struct plan *plan)
{
	struct outcome outcome = {.operations = 1};
	static struct side sides[2];
	int kernel = side_open(&sides[0], kernel_world, plan);
	int emu = side_open(&sides[1], emu_world, plan);

	if (kernel != emu)
		outcome_tell(&outcome, 0, error_name(-kernel), error_name(-emu));
	else if (!kernel && side_takes_steps(&sides[0]))
		steps_run(plan, sides, &outcome);
	side_close(&sides[0]);
	side_close(&sides[1]);
	return outcome;
}

/* --- shortening --- */

static bool still_differs(const struct plan *plan)
{
	return plan_run(plan).differs;
}

static void steps_cut(struct plan *plan, uint32_t from, uint32_t count)
{
	memmove(plan->steps + from, plan->steps + from + count,
		(plan->step_count - from - count) * sizeof(plan->steps[0]));
	plan->step_count -= count;
}

/* Leaves out runs of steps, long ones first. True: something went. */
static bool steps_shorten(struct plan *plan)
{
	bool shorter = false;

	for (uint32_t count = plan->step_count / 2; count; count /= 2) {
		for (uint32_t from = 0; from + count <= plan->step_count;) {
			struct plan tried = *plan;

			steps_cut(&tried, from, count);
			if (still_differs(&tried)) {
				*plan = tried;
				shorter = true;
			} else {
				from += count;
			}
		}
	}
	return shorter;
}

/* Makes the numbers of one step smaller, one after the other. */
static bool step_simplify(struct plan *plan, uint32_t at)
{
	const struct step simpler[] = {
		{.slot = 0xff}, {.key = 0xff}, {.value = 0xff}, {.count = 0xff}, {.flags = ~0ull},
	};
	bool simplified = false;

	for (size_t i = 0; i < sizeof(simpler) / sizeof(simpler[0]); i++) {
		struct plan tried = *plan;
		struct step *step = &tried.steps[at];

		step->slot &= (uint8_t)~simpler[i].slot;
		step->key &= (uint8_t)~simpler[i].key;
		step->value &= (uint8_t)~simpler[i].value;
		step->count &= (uint8_t)~simpler[i].count;
		step->flags &= ~simpler[i].flags;
		if (memcmp(step, &plan->steps[at], sizeof(*step)) && still_differs(&tried)) {
			*plan = tried;
			simplified = true;
		}
	}
	return simplified;
}

static void attributes_simplify(struct plan *plan)
{
	struct plan tried = *plan;

	tried.flags = plan->subject->flags;
	tried.map_extra = 0;
	if (still_differs(&tried))
		*plan = tried;
	tried = *plan;
	tried.key_size = plan->subject->key_size;
	if (still_differs(&tried))
		*plan = tried;
	tried = *plan;
	tried.value_size = plan->subject->value_size;
	if (still_differs(&tried))
		*plan = tried;
}

static void plan_shorten(struct plan *plan)
{
	struct outcome outcome = plan_run(plan);

	if (outcome.differs)
		plan->step_count = outcome.at;
	while (steps_shorten(plan))
		;
	for (uint32_t i = 0; i < plan->step_count; i++)
		step_simplify(plan, i);
	attributes_simplify(plan);
	steps_shorten(plan);
}

static void difference_print(const struct plan *plan, uint64_t seed)
{
	struct outcome outcome = plan_run(plan);

	printf("difference (seed %llu):\n", (unsigned long long)seed);
	plan_print(plan, stdout);
	printf("%s answers differ:\n  kernel: %s\n  emu:    %s\n",
	       outcome.at ? "the last step's" : "the creation's", outcome.kernel, outcome.emu);
	if (!outcome.differs)
		printf("it did not differ again: the answer depends on more than the steps\n");
}

/* --- the run --- */

struct options {
	uint64_t operations, seed;
	const char *types[TYPES];
	unsigned type_count; /* 0: all */
};

static bool options_parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"operations", required_argument, NULL, 'o'},
		{"seed", required_argument, NULL, 's'},
		{"type", required_argument, NULL, 't'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 'o')
			options->operations = strtoull(optarg, NULL, 0);
		else if (option == 's')
			options->seed = strtoull(optarg, NULL, 0);
		else if (option == 't' && options->type_count < TYPES)
			options->types[options->type_count++] = optarg;
		else
			return false;
	}
	return optind == argc;
}

static uint64_t operations[TYPES], succeeded;

static bool is_wanted(const struct options *options, uint32_t type)
{
	const struct subject *subject = subject_get(type);
	bool named = !options->type_count;

	for (unsigned i = 0; subject && i < options->type_count; i++)
		named = named || !strcmp(options->types[i], subject->name);
	return subject && named;
}

/* Asked once a type. */
static bool lacks_values(const struct subject *subject)
{
	static signed char known[TYPES];
	int number;

	if (!known[subject->type] && subject->value != THING_NONE) {
		known[subject->type] = emu_world->make(emu_world, subject->value, &number) ? 1 : -1;
		emu_world->tidy(emu_world);
	}
	return known[subject->type] > 0;
}

static void summary_print(const struct options *options, uint64_t total)
{
	unsigned types = 0;

	for (uint32_t type = 0; type < TYPES; type++) {
		types += operations[type] > 0;
		if (operations[type] && lacks_values(subject_get(type)))
			printf("%s: only with values that do not fit, the emulation lacks %s\n",
			       subject_get(type)->name, thing_name(subject_get(type)->value));
	}
	printf("%llu operations (%llu of them successful) over %u types, seed %llu: no "
	       "difference\n",
	       (unsigned long long)total, (unsigned long long)succeeded, types,
	       (unsigned long long)options->seed);
}

/* One plan of a type, from a seed of its own, so that it can be run again alone. */
static int type_run(const struct options *options, uint32_t type, uint64_t round, uint64_t *total)
{
	struct random random = {options->seed * 1000003 + round * TYPES + type};
	struct plan plan;
	struct outcome outcome;

	plan_make(&plan, subject_get(type), &random);
	plan.wrong_things = lacks_values(subject_get(type));
	outcome = plan_run(&plan);
	operations[type] += outcome.operations;
	succeeded += outcome.succeeded;
	*total += outcome.operations;
	if (!outcome.differs)
		return 0;
	plan_shorten(&plan);
	difference_print(&plan, options->seed);
	return 1;
}

int main(int argc, char **argv)
{
	struct options options = {.operations = 200000, .seed = (uint64_t)time(NULL)};
	uint64_t total = 0, before;

	if (!options_parse(&options, argc, argv))
		return fputs("usage: differential [--operations N] [--seed S] [--type T]...\n",
			     stderr),
		       2;
	if (world_kernel_missing()) {
		puts(world_kernel_missing());
		return 77;
	}
	if (getenv("TEST_SHARE"))
		options.operations =
			options.operations * strtoull(getenv("TEST_SHARE"), NULL, 10) / 100;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", (unsigned long long)options.seed);
	kernel_world = world_kernel_open();
	emu_world = world_emu_open();
	for (uint64_t round = 0; total < options.operations; round++) {
		before = total;
		for (uint32_t type = 0; type < TYPES; type++)
			if (is_wanted(&options, type) && type_run(&options, type, round, &total))
				return 1;
		if (total == before)
			break;
	}
	summary_print(&options, total);
	return 0;
}
