// SPDX-License-Identifier: BSD-2-Clause
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "plan.h"

/* splitmix64: small, and the same everywhere */
static uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t random_below(struct random *random, uint32_t bound)
{
	return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

static bool one_in(struct random *random, uint32_t bound)
{
	return !random_below(random, bound);
}

#define PICK(random, array) (array)[random_below(random, sizeof(array) / sizeof((array)[0]))]

/* --- attributes --- */

static bool is_hash(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* Where the type has a choice, another size now and then. */
static void sizes_vary(struct plan *plan, struct random *random)
{
	static const uint32_t key_sizes[] = {1, 2, 3, 4, 8, 13, 40};
	static const uint32_t value_sizes[] = {1, 3, 4, 8, 12, 24, 100};
	static const uint32_t lpm_sizes[] = {5, 6, 8, 12, 20};
	uint32_t type = plan->subject->type;

	if (is_hash(type) || type == BPF_MAP_TYPE_HASH_OF_MAPS || type == BPF_MAP_TYPE_SOCKHASH)
		plan->key_size = PICK(random, key_sizes);
	if (type == BPF_MAP_TYPE_LPM_TRIE)
		plan->key_size = PICK(random, lpm_sizes);
	if (plan->subject->value == THING_NONE && plan->value_size &&
	    type != BPF_MAP_TYPE_STACK_TRACE && !plan->subject->storage_btf)
		plan->value_size = PICK(random, value_sizes);
	if ((plan->subject->value == THING_DEVICE || plan->subject->value == THING_QUEUE) &&
	    one_in(random, 2))
		plan->value_size = 8;
	if (plan->max_entries && plan->max_entries < 4096)
		plan->max_entries = 1 + random_below(random, 10);
}

/* One attribute that may well be refused. */
static void attribute_spoil(struct plan *plan, struct random *random)
{
	static const uint32_t sizes[] = {0, 1, 3, 4, 5, 8, 16, 512, 513, 33000, 1u << 23};
	static const uint32_t entries[] = {0, 1, 7, 4096, 8192};

	switch (random_below(random, 5)) {
	case 0:
		plan->key_size = PICK(random, sizes);
		break;
	case 1:
		plan->value_size = PICK(random, sizes);
		break;
	case 2:
		plan->max_entries = PICK(random, entries);
		break;
	case 3:
		plan->flags ^= 1u << random_below(random, 20);
		break;
	default:
		plan->map_extra = random_below(random, 20);
		break;
	}
}

static void attributes_make(struct plan *plan, struct random *random)
{
	static const uint32_t flags[] = {BPF_F_NO_PREALLOC,  BPF_F_RDONLY,	BPF_F_WRONLY,
					 BPF_F_RDONLY_PROG,  BPF_F_WRONLY_PROG, BPF_F_ZERO_SEED,
					 BPF_F_NO_COMMON_LRU};

	plan->key_size = plan->subject->key_size;
	plan->value_size = plan->subject->value_size;
	plan->max_entries = plan->subject->max_entries;
	plan->flags = plan->subject->flags;
	plan->map_extra = 0;
	sizes_vary(plan, random);
	if (one_in(random, 3))
		plan->flags |= PICK(random, flags);
	if (one_in(random, 8))
		attribute_spoil(plan, random);
}

/* --- steps --- */

/* How often each kind comes, out of the sum. */
static const uint8_t weights[STEP_KINDS] = {
	[STEP_LOOKUP] = 14,    [STEP_UPDATE] = 26,	[STEP_DELETE] = 10,
	[STEP_NEXT] = 8,       [STEP_TAKE] = 5,		[STEP_LOOKUP_BATCH] = 3,
	[STEP_TAKE_BATCH] = 1, [STEP_UPDATE_BATCH] = 3, [STEP_DELETE_BATCH] = 3,
	[STEP_WALK] = 4,       [STEP_WALK_DELETE] = 1,	[STEP_BATCH_WALK] = 3,
	[STEP_FREEZE] = 1,     [STEP_OPEN] = 3,		[STEP_CLOSE] = 1,
	[STEP_INFO] = 2,       [STEP_PIN] = 1,		[STEP_UNPIN] = 1,
	[STEP_PIN_OPEN] = 1,   [STEP_DEVICE] = 2,
};

static enum step_kind kind_pick(struct random *random)
{
	uint32_t sum = 0, at;
	enum step_kind kind;

	for (kind = 0; kind < STEP_KINDS; kind++)
		sum += weights[kind];
	at = random_below(random, sum);
	for (kind = 0; at >= weights[kind]; kind++)
		at -= weights[kind];
	return kind;
}

static uint64_t flags_pick(enum step_kind kind, struct random *random)
{
	static const uint64_t update_flags[] = {BPF_ANY,     BPF_ANY,	BPF_ANY,  BPF_NOEXIST,
						BPF_NOEXIST, BPF_EXIST, BPF_EXIST};
	static const uint64_t odd_flags[] = {1, 2, 3, 4, 5, 8, 16, 1ull << 32};
	static const uint64_t open_flags[] = {
		0, 0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY | BPF_F_WRONLY, 1};

	if (kind == STEP_OPEN || kind == STEP_PIN_OPEN)
		return PICK(random, open_flags);
	if (one_in(random, 20))
		return PICK(random, odd_flags);
	return kind == STEP_UPDATE ? PICK(random, update_flags) : 0;
}

static struct step step_make(struct random *random)
{
	struct step step = {.kind = kind_pick(random)};

	/* A frozen map has little more to tell; so only near the end, see plan_make(). */
	step.slot = one_in(random, 4) ? (uint8_t)random_below(random, SLOTS) : 0;
	step.key = (uint8_t)random_below(random, KEYS);
	step.value = (uint8_t)random_below(random, VALUES);
	step.count = (uint8_t)random_below(random, 9);
	step.flags = flags_pick(step.kind, random);
	return step;
}

void plan_make(struct plan *plan, const struct subject *subject, struct random *random)
{
	*plan = (struct plan){.subject = subject};
	attributes_make(plan, random);
	plan->step_count = 20 + random_below(random, STEPS_MAX - 20);
	for (uint32_t i = 0; i < plan->step_count; i++) {
		do
			plan->steps[i] = step_make(random);
		while (plan->steps[i].kind == STEP_FREEZE && 4 * i < 3 * plan->step_count);
	}
}

/* --- printing --- */

void step_print(const struct step *step, FILE *out)
{
	static const char *const names[STEP_KINDS] = {
		[STEP_LOOKUP] = "lookup",
		[STEP_UPDATE] = "update",
		[STEP_DELETE] = "delete",
		[STEP_NEXT] = "next key",
		[STEP_TAKE] = "lookup and delete",
		[STEP_LOOKUP_BATCH] = "lookup batch",
		[STEP_TAKE_BATCH] = "lookup and delete batch",
		[STEP_UPDATE_BATCH] = "update batch",
		[STEP_DELETE_BATCH] = "delete batch",
		[STEP_WALK] = "walk by key",
		[STEP_WALK_DELETE] = "walk by key, deleting",
		[STEP_BATCH_WALK] = "walk by batch",
		[STEP_FREEZE] = "freeze",
		[STEP_OPEN] = "open by id",
		[STEP_CLOSE] = "close",
		[STEP_INFO] = "info",
		[STEP_PIN] = "pin",
		[STEP_UNPIN] = "unpin",
		[STEP_PIN_OPEN] = "open pin",
		[STEP_DEVICE] = "add or remove device",
	};

	fprintf(out, "%s handle=%u key=%u value=%u count=%u flags=%#llx", names[step->kind],
		step->slot, step->key, step->value, step->count, (unsigned long long)step->flags);
}

void plan_print(const struct plan *plan, FILE *out)
{
	fprintf(out, "  create %s key_size=%u value_size=%u max_entries=%u flags=%#x extra=%llu\n",
		plan->subject->name, plan->key_size, plan->value_size, plan->max_entries,
		plan->flags, (unsigned long long)plan->map_extra);
	for (uint32_t i = 0; i < plan->step_count; i++) {
		fprintf(out, "  %u: ", i + 1);
		step_print(&plan->steps[i], out);
		fputc('\n', out);
	}
}
