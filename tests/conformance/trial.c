// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "trial.h"

#define BATCH_ROOM 8

/* What one trial works with. */
struct bench {
	const struct trial *trial;
	const struct subject *subject;
	struct world *world;
	struct handle *map;    /* all access */
	struct handle *handle; /* the one that is tried; may be the same */
	size_t value_bytes;
	unsigned char key[BYTES_MAX], stored[BYTES_MAX], value[BYTES_MAX], next[BYTES_MAX];
	unsigned char keys[BATCH_ROOM * 64], values[BATCH_ROOM * 256];
	uint32_t count;
};

static const void *key_of(const struct bench *bench)
{
	return bench->subject->key_size ? bench->key : NULL;
}

/* Maps in which user space puts nothing, or cannot without more than a number. */
static bool has_no_insert(uint32_t type)
{
	return type == BPF_MAP_TYPE_STACK_TRACE || type == BPF_MAP_TYPE_CGROUP_STORAGE ||
	       type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE || type == BPF_MAP_TYPE_RINGBUF ||
	       type == BPF_MAP_TYPE_USER_RINGBUF || type == MAP_TYPE_ARENA;
}

static bool is_meaningful(const struct trial *trial)
{
	const struct subject *subject = trial->subject;
	bool indexed = map_type_get(subject->type)->indexed;

	if (trial->state == RANGE)
		return indexed || subject->type == BPF_MAP_TYPE_STACK_TRACE;
	if (trial->state == FULL)
		return !indexed && subject->max_entries && !has_no_insert(subject->type) &&
		       subject->type != BPF_MAP_TYPE_BLOOM_FILTER;
	return true;
}

static int element_insert(struct bench *bench, uint32_t n)
{
	int error = subject_key(bench->subject, bench->world, n, bench->key);

	if (!error)
		error = subject_value(bench->subject, bench->world, n, bench->stored);
	if (error)
		return error;
	return map_update(bench->map, key_of(bench), bench->stored, BPF_ANY);
}

static int map_fill(struct bench *bench)
{
	int error = 0;

	for (uint32_t n = 0; !error && n < bench->subject->max_entries; n++)
		error = element_insert(bench, n);
	return error ? error
		     : subject_key(bench->subject, bench->world, bench->subject->max_entries + 5,
				   bench->key);
}

static int handle_limit(struct bench *bench, uint32_t open_flags)
{
	uint32_t id;
	int error = object_id(bench->map, &id);

	return error ? error
		     : object_open(bench->world->backend, OBJECT_MAP, id, open_flags,
				   &bench->handle);
}

static int state_reach(struct bench *bench)
{
	const struct subject *subject = bench->subject;
	enum state state = bench->trial->state;
	bool empty = state == ABSENT || state == RANGE || has_no_insert(subject->type);
	int error;

	if (state == FULL)
		return map_fill(bench);
	if (empty)
		error = subject_key(subject, bench->world,
				    state == RANGE ? subject->max_entries : 1, bench->key);
	else
		error = element_insert(bench, 1);
	if (!error && state == FROZEN)
		error = map_freeze(bench->map);
	if (!error && state == RDONLY)
		error = handle_limit(bench, BPF_F_RDONLY);
	if (!error && state == WRONLY)
		error = handle_limit(bench, BPF_F_WRONLY);
	return error;
}

/* A bloom filter's lookup asks about the value that goes in. */
static int operation_lookup(struct bench *bench)
{
	if (bench->subject->type == BPF_MAP_TYPE_BLOOM_FILTER)
		memcpy(bench->value, bench->stored, sizeof(bench->value));
	return map_lookup(bench->handle, key_of(bench), bench->value, bench->trial->flags);
}

/* Made before the operation, so that a world without such values is not taken for an answer. */
static int value_prepare(struct bench *bench)
{
	enum operation operation = bench->trial->operation;

	if (operation != UPDATE && operation != UPDATE_BATCH)
		return 0;
	return subject_value(bench->subject, bench->world, 77, bench->value);
}

static int operation_batch(struct bench *bench)
{
	uint64_t flags = bench->trial->flags;

	bench->count = BATCH_ROOM;
	if (bench->trial->operation == LOOKUP_BATCH)
		return map_lookup_batch(bench->handle, NULL, bench->next, bench->keys,
					bench->values, &bench->count, flags);
	if (bench->trial->operation == TAKE_BATCH)
		return map_lookup_and_delete_batch(bench->handle, NULL, bench->next, bench->keys,
						   bench->values, &bench->count, flags);
	bench->count = 1;
	if (bench->trial->operation == DELETE_BATCH)
		return map_delete_batch(bench->handle, bench->key, &bench->count, flags);
	return map_update_batch(bench->handle, bench->key, bench->value, &bench->count, flags);
}

static int operation_do(struct bench *bench)
{
	switch (bench->trial->operation) {
	case LOOKUP:
		return operation_lookup(bench);
	case UPDATE:
		return map_update(bench->handle, key_of(bench), bench->value, bench->trial->flags);
	case DELETE:
		return map_delete(bench->handle, key_of(bench));
	case NEXT:
		return map_next_key(bench->handle, NULL, bench->next);
	case TAKE:
		return map_lookup_and_delete(bench->handle, key_of(bench), bench->value,
					     bench->trial->flags);
	case FREEZE:
		return map_freeze(bench->handle);
	default:
		return operation_batch(bench);
	}
}

/* --- what a success, or a refusal, must have left behind --- */

/* Values that are numbers of things come back as ids, names or cookies. */
static bool is_plain(const struct bench *bench)
{
	return bench->subject->value == THING_NONE || bench->subject->value == THING_DEVICE ||
	       bench->subject->value == THING_QUEUE;
}

static bool can_look(const struct bench *bench)
{
	return is_plain(bench) && bench->subject->key_size && !has_no_insert(bench->subject->type);
}

static const char *check_stored(struct bench *bench, const unsigned char *expected)
{
	unsigned char now[BYTES_MAX] = {0};

	if (!can_look(bench))
		return NULL;
	if (map_lookup(bench->map, bench->key, now, 0))
		return "the element is not there afterwards";
	return memcmp(now, expected, bench->value_bytes) ? "the value is another afterwards" : NULL;
}

static const char *check_gone(struct bench *bench)
{
	unsigned char now[BYTES_MAX];

	if (!can_look(bench))
		return NULL;
	return map_lookup(bench->map, bench->key, now, 0) == -ENOENT ? NULL : "it is still there";
}

static const char *check_value(struct bench *bench)
{
	static const unsigned char zeros[BYTES_MAX];
	const unsigned char *expected = bench->trial->state == ABSENT ? zeros : bench->stored;

	if (!is_plain(bench))
		return NULL;
	return memcmp(bench->value, expected, bench->value_bytes) ? "another value" : NULL;
}

static const char *check_batch_count(const struct bench *bench, int error)
{
	const struct map_type *type = map_type_get(bench->subject->type);
	enum state state = bench->trial->state;
	uint32_t expected = state != ABSENT;

	switch (bench->trial->operation) {
	case LOOKUP_BATCH:
	case TAKE_BATCH:
		if (type->indexed && type->value == VALUE_PLAIN)
			expected = bench->subject->max_entries;
		if (error && error != -ENOENT)
			expected = 0;
		break;
	default:
		expected = !error;
	}
	return bench->count == expected ? NULL : "another count";
}

static const char *contents_check(struct bench *bench, int error)
{
	enum operation operation = bench->trial->operation;

	if (operation >= LOOKUP_BATCH && operation <= DELETE_BATCH)
		return check_batch_count(bench, error);
	if (error)
		return bench->trial->state == PRESENT ? check_stored(bench, bench->stored) : NULL;
	switch (operation) {
	case LOOKUP:
		return check_value(bench);
	case UPDATE:
		return check_stored(bench, bench->value);
	case DELETE:
		return check_gone(bench);
	case TAKE:
		return check_value(bench) ? check_value(bench) : check_gone(bench);
	case NEXT:
		if (map_type_get(bench->subject->type)->indexed)
			return memcmp(bench->next, "\0\0\0\0", 4) ? "not index 0" : NULL;
		return bench->trial->state == FULL ||
				       !memcmp(bench->next, bench->key, bench->subject->key_size)
			       ? NULL
			       : "another key";
	default:
		return NULL;
	}
}

/* --- the trial --- */

static struct outcome bench_run(struct bench *bench)
{
	const struct row *row = row_find(bench->subject->type, bench->trial->operation,
					 bench->trial->state, bench->trial->flags);
	struct outcome outcome = {.verdict = DIFFERS};
	const char *wrong;
	int error = state_reach(bench);

	if (!error)
		error = value_prepare(bench);
	if (error) {
		outcome.verdict = error == -EOPNOTSUPP ? NOT_HERE : DIFFERS;
		snprintf(outcome.note, sizeof(outcome.note), "the state cannot be reached: %s",
			 error_name(-error));
		return outcome;
	}
	error = operation_do(bench);
	outcome.result = -error;
	if (!row) {
		snprintf(outcome.note, sizeof(outcome.note), "the table has no row");
		return outcome;
	}
	if (outcome.result != row->expected &&
	    !(row->older && !bench->world->emulated && outcome.result == row->older)) {
		snprintf(outcome.note, sizeof(outcome.note), "expected %s",
			 error_name(row->expected));
		return outcome;
	}
	wrong = contents_check(bench, error);
	if (wrong)
		snprintf(outcome.note, sizeof(outcome.note), "%s", wrong);
	else
		outcome.verdict = AGREES;
	return outcome;
}

struct outcome trial_run(const struct trial *trial, struct world *world)
{
	struct bench bench = {.trial = trial, .subject = trial->subject, .world = world};
	struct outcome outcome = {.verdict = MEANINGLESS};
	int error;

	if (!is_meaningful(trial))
		return outcome;
	error = subject_create(trial->subject, world, &bench.map);
	if (error) {
		outcome.verdict = DIFFERS;
		outcome.result = -error;
		snprintf(outcome.note, sizeof(outcome.note), "the map cannot be created");
	} else {
		bench.handle = bench.map;
		bench.value_bytes =
			map_value_bytes(trial->subject->type, trial->subject->value_size,
					world->backend->possible_cpus);
		outcome = bench_run(&bench);
		if (bench.handle != bench.map)
			handle_close(bench.handle);
		handle_close(bench.map);
	}
	world->tidy(world);
	return outcome;
}
