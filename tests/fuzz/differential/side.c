// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "side.h"

#define DEVICE_NAME "bpfuzz0"
#define WALK_BOUND 10000u

static const struct caller root = {0};

/* --- things, keys, values --- */

/* What values of a type can name: mostly what fits, and a little of what does not. */
static enum thing pool_kind(const struct plan *plan, unsigned at)
{
	static const enum thing others[] = {THING_CLOSED,   THING_XDP,	     THING_SCHED_CLS,
					    THING_MAP_HASH, THING_MAP_ARRAY, THING_STDIN};
	const struct subject *subject = plan->subject;

	if (plan->wrong_things)
		return others[at % 6];
	if (subject->value == THING_DEVICE || subject->value == THING_QUEUE) {
		static const enum thing progs[] = {THING_XDP_DEVMAP, THING_XDP_CPUMAP,
						   THING_XDP_DEVMAP_FRAGS, THING_XDP_DEVMAP};

		return at < 4 ? progs[at] : others[at - 4];
	}
	return at < 4 ? subject->value : others[at - 4];
}

static uint32_t map_or_prog_id(struct side *side, int number)
{
	uint32_t id = 0;

	return side->world->identify(side->world, number, &id) ? 0 : id;
}

static int pool_fill(struct side *side)
{
	const struct subject *subject = side->plan->subject;

	for (unsigned i = 0; i < POOL; i++) {
		int error;

		side->things[i] = -1;
		if (subject->value == THING_NONE)
			continue;
		error = side->world->make(side->world, pool_kind(side->plan, i), &side->things[i]);
		if (error)
			return error;
		side->ids[i] = map_or_prog_id(side, side->things[i]);
	}
	return 0;
}

static void key_index(const struct side *side, uint8_t n, unsigned char *key)
{
	uint32_t max = side->plan->max_entries;
	const uint32_t indexes[KEYS] = {0, 1, 2, 3,	  4,   5,	6,
					7, 8, 9, max - 1, max, max + 5, UINT32_MAX};

	memcpy(key, &indexes[n], sizeof(uint32_t));
}

/* Prefixes that contain each other, share beginnings, differ only behind the prefix. */
static void key_prefix(const struct side *side, uint8_t n, unsigned char *key)
{
	static const struct {
		uint8_t length, bytes[2];
	} prefixes[KEYS] = {
		{0, {0, 0}},	   {1, {0x80, 0}},     {4, {0xa0, 0}}, {8, {0xa5, 0}},
		{8, {0xa5, 0xff}}, {9, {0xa5, 0x80}},  {9, {0xa5, 0}}, {16, {0xa5, 0x5a}},
		{7, {0xa4, 0}},	   {8, {0x12, 0x34}},  {5, {0x18, 0}}, {3, {0x20, 0}},
		{255, {1, 1}},	   {12, {0xa5, 0x50}},
	};
	uint32_t bits = 8 * (side->info.key_size - 4), length = prefixes[n].length;

	/* 255 stands for one bit too many */
	length = length == 255 ? bits + 1 : length > bits ? bits : length;
	memcpy(key, &length, sizeof(length));
	key[4] = prefixes[n].bytes[0];
	if (side->info.key_size > 5)
		key[5] = prefixes[n].bytes[1];
}

static void key_make(struct side *side, uint8_t n, unsigned char *key)
{
	n %= KEYS;
	memset(key, 0, side->info.key_size);
	if (map_type_get(side->info.type)->indexed)
		key_index(side, n, key);
	else if (side->info.type == BPF_MAP_TYPE_LPM_TRIE)
		key_prefix(side, n, key);
	else if (side->plan->subject->key && side->info.key_size == 4)
		memcpy(key, &(int){1000000}, 4); /* a number that is not open */
	else
		for (uint32_t i = 0; i < side->info.key_size; i++)
			key[i] = (unsigned char)(i ? n * 7 + i : n);
}

static void value_number(struct side *side, uint8_t n, unsigned char *value)
{
	const struct subject *subject = side->plan->subject;
	uint32_t number = (uint32_t)side->things[n % POOL];

	if (subject->value == THING_DEVICE) {
		const uint32_t devices[] = {1, side->ifindex, 0, 99999, 1, 1, side->ifindex};

		number = devices[n % 7];
	} else if (subject->value == THING_QUEUE) {
		const uint32_t queues[] = {192, 1, 0, 16384, 16385, 192, 64};

		number = queues[n % 7];
	}
	memcpy(value, &number, sizeof(number));
	if (side->info.value_size == 8 &&
	    (subject->value == THING_DEVICE || subject->value == THING_QUEUE)) {
		int prog = n % 2 ? side->things[n / 2 % POOL] : 0;

		memcpy(value + 4, &prog, sizeof(prog));
	}
}

static void value_make(struct side *side, uint8_t n, unsigned char *value)
{
	n %= VALUES;
	memset(value, 0, side->value_bytes);
	if (side->plan->subject->value != THING_NONE && side->info.value_size >= 4)
		value_number(side, n, value);
	else
		for (size_t i = 0; i < side->value_bytes; i++)
			value[i] = (unsigned char)(n * 16 + i / 8);
}

static const void *key_pointer(const struct side *side, const unsigned char *key)
{
	return side->info.key_size ? key : NULL;
}

/* --- answers --- */

static void answer_error(struct buffer *answer, int error)
{
	buffer_append_string(answer, error_name(-error));
}

/* An id as the number of the thing that has it. */
static void answer_id(struct side *side, struct buffer *answer, uint32_t id)
{
	for (unsigned i = 0; id && i < POOL; i++) {
		if (side->ids[i] == id) {
			buffer_append_format(answer, " thing %u", i);
			return;
		}
	}
	buffer_append_format(answer, id ? " unknown thing" : " none");
}

static void answer_device(struct side *side, struct buffer *answer, uint32_t ifindex)
{
	if (ifindex == 1)
		buffer_append_string(answer, " lo");
	else if (ifindex == side->ifindex)
		buffer_append_string(answer, " device");
	else
		buffer_append_format(answer, " device %u", ifindex);
}

static void answer_value(struct side *side, struct buffer *answer, const unsigned char *value)
{
	uint32_t words[2] = {0};

	memcpy(words, value, side->info.value_size < 8 ? 4 : 8);
	switch (map_type_get(side->info.type)->value) {
	case VALUE_MAP:
	case VALUE_PROG:
		answer_id(side, answer, words[0]);
		return;
	case VALUE_DEVMAP:
		answer_device(side, answer, words[0]);
		break;
	case VALUE_CPUMAP:
		buffer_append_format(answer, " %u", words[0]);
		break;
	case VALUE_FD:
		buffer_append_string(answer, " something");
		return;
	default:
		buffer_append_char(answer, ' ');
		buffer_append_hex(answer, value, side->value_bytes);
		return;
	}
	if (side->info.value_size == 8)
		answer_id(side, answer, words[1]);
}

/* Keys with their values, as lines in order of their bytes: a set has no other. */
struct lines {
	char **items;
	size_t count, room;
};

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void lines_add(struct lines *lines, struct side *side, const unsigned char *key,
		      const unsigned char *value)
{
	struct buffer line = BUFFER_INIT;

	buffer_append_string(&line, " [");
	buffer_append_hex(&line, key, side->info.key_size);
	if (value)
		answer_value(side, &line, value);
	buffer_append_string(&line, "]");
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 16;
		lines->items = realloc(lines->items, lines->room * sizeof(*lines->items));
	}
	lines->items[lines->count++] = line.data;
}

static void lines_give(struct lines *lines, struct buffer *answer, bool sorted)
{
	if (sorted && lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	for (size_t i = 0; i < lines->count; i++) {
		buffer_append_string(answer, lines->items[i]);
		free(lines->items[i]);
	}
	free(lines->items);
}

/* Rule "order": buckets are in an order that a random seed decides (htab_map_hash()). */
static bool is_ordered(const struct side *side)
{
	return map_type_get(side->info.type)->indexed || side->info.type == BPF_MAP_TYPE_LPM_TRIE;
}

static bool is_bucketed(const struct side *side)
{
	const struct map_type *type = map_type_get(side->info.type);

	return (type->batch & BATCH_LOOKUP) && !is_ordered(side);
}

/* --- steps on one element --- */

/* Rule "bloom": a filter may say yes to what never went in (bloom_map_peek_elem()). */
static void step_bloom_lookup(struct side *side, const struct step *step, struct handle *map,
			      struct buffer *answer)
{
	int error;

	value_make(side, step->value, side->values);
	error = map_lookup(map, NULL, side->values, step->flags);
	if ((error == 0 || error == -ENOENT) && !(side->pushed & 1ull << step->value))
		buffer_append_string(answer, "perhaps");
	else
		answer_error(answer, error);
}

static void step_lookup(struct side *side, const struct step *step, struct handle *map,
			struct buffer *answer)
{
	int error;

	if (side->info.type == BPF_MAP_TYPE_BLOOM_FILTER) {
		step_bloom_lookup(side, step, map, answer);
		return;
	}
	key_make(side, step->key, side->keys);
	memset(side->values, 0, side->value_bytes);
	if (step->kind == STEP_TAKE)
		error = map_lookup_and_delete(map, key_pointer(side, side->keys), side->values,
					      step->flags);
	else
		error = map_lookup(map, key_pointer(side, side->keys), side->values, step->flags);
	answer_error(answer, error);
	if (!error)
		answer_value(side, answer, side->values);
}

static void step_update(struct side *side, const struct step *step, struct handle *map,
			struct buffer *answer)
{
	int error;

	key_make(side, step->key, side->keys);
	value_make(side, step->value, side->values);
	error = map_update(map, key_pointer(side, side->keys), side->values, step->flags);
	if (!error)
		side->pushed |= 1ull << step->value;
	answer_error(answer, error);
}

static void step_delete(struct side *side, const struct step *step, struct handle *map,
			struct buffer *answer)
{
	key_make(side, step->key, side->keys);
	answer_error(answer, map_delete(map, key_pointer(side, side->keys)));
}

/* Without an order, what can be compared is that an absent key gives the first one. */
static void step_next(struct side *side, const struct step *step, struct handle *map,
		      struct buffer *answer)
{
	unsigned char next[BYTES_MAX] = {0}, first[BYTES_MAX] = {0};
	bool from_start = step->count == 0;
	int error;

	key_make(side, step->key, side->keys);
	error = map_next_key(map, from_start ? NULL : side->keys, next);
	if (is_ordered(side) || (error && error != -ENOENT)) {
		answer_error(answer, error);
		if (!error) {
			buffer_append_char(answer, ' ');
			buffer_append_hex(answer, next, side->info.key_size);
		}
		return;
	}
	if (map_lookup(map, side->keys, side->values, 0) != -ENOENT && !from_start) {
		buffer_append_string(answer, "some key or the end");
		return;
	}
	answer_error(answer, error);
	if (!error && !map_next_key(map, NULL, first) && memcmp(next, first, side->info.key_size))
		buffer_append_string(answer, " not the first");
}

/* --- batches --- */

static void batch_lines(struct side *side, struct buffer *answer, uint32_t count)
{
	struct lines lines = {0};

	for (uint32_t i = 0; i < count; i++)
		lines_add(&lines, side, side->keys + i * side->info.key_size,
			  side->values + i * side->value_bytes);
	lines_give(&lines, answer, !is_ordered(side));
}

/*
 * Rule "buckets": how many buckets fit into a room, and whether the first does, depends on the
 * seed (__htab_map_lookup_and_delete_batch()); only a room for all is compared. To take out is
 * tried only with that, or both maps would hold other elements.
 */
static void step_lookup_batch(struct side *side, const struct step *step, struct handle *map,
			      struct buffer *answer)
{
	unsigned char out[BYTES_MAX], in[BYTES_MAX];
	bool from_key = is_ordered(side) && step->value % 2,
	     whole = step->value % 3 || step->kind == STEP_TAKE_BATCH;
	uint32_t count = whole && is_bucketed(side) ? side->info.max_entries : step->count;
	int error;

	if (count > 64 || count * side->value_bytes > sizeof(side->values))
		return;
	key_make(side, step->key, in);
	if (step->kind == STEP_TAKE_BATCH)
		error = map_lookup_and_delete_batch(map, NULL, out, side->keys, side->values,
						    &count, step->flags);
	else
		error = map_lookup_batch(map, from_key ? in : NULL, out, side->keys, side->values,
					 &count, step->flags);
	if (is_bucketed(side) && !whole && (!error || error == -ENOENT || error == -ENOSPC)) {
		buffer_append_string(answer, "some buckets");
		return;
	}
	answer_error(answer, error);
	buffer_append_format(answer, " count=%u", count);
	batch_lines(side, answer, count);
}

static void step_change_batch(struct side *side, const struct step *step, struct handle *map,
			      struct buffer *answer)
{
	uint32_t count = step->count;
	int error;

	if (count * side->value_bytes > sizeof(side->values))
		return;
	for (uint32_t i = 0; i < count; i++) {
		key_make(side, (uint8_t)(step->key + i), side->keys + i * side->info.key_size);
		value_make(side, (uint8_t)(step->value + i), side->values + i * side->value_bytes);
	}
	error = step->kind == STEP_UPDATE_BATCH
			? map_update_batch(map, side->keys, side->values, &count, step->flags)
			: map_delete_batch(map, side->keys, &count, step->flags);
	answer_error(answer, error);
	buffer_append_format(answer, " count=%u", count);
}

/* --- walks --- */

static void step_walk(struct side *side, const struct step *step, struct handle *map,
		      struct buffer *answer)
{
	unsigned char key[BYTES_MAX];
	struct lines lines = {0};
	unsigned steps = 0;
	int error = map_next_key(map, NULL, key);

	while (!error && steps++ < WALK_BOUND) {
		if (map_lookup(map, key, side->values, 0))
			lines_add(&lines, side, key, NULL);
		else
			lines_add(&lines, side, key, side->values);
		if (step->kind == STEP_WALK_DELETE)
			map_delete(map, key);
		error = map_next_key(map, key, key);
	}
	answer_error(answer, error);
	lines_give(&lines, answer, !is_ordered(side));
}

/* Token and room as lib/walk.c has them: double when the first bucket does not fit. */
static void step_batch_walk(struct side *side, const struct step *step, struct handle *map,
			    struct buffer *answer)
{
	unsigned char token[BYTES_MAX];
	struct lines lines = {0};
	uint32_t room = 1 + step->count, count;
	bool started = false;
	int error = 0;

	while (!error && room * side->value_bytes <= sizeof(side->values)) {
		count = room;
		error = map_lookup_batch(map, started ? token : NULL, token, side->keys,
					 side->values, &count, 0);
		if (error == -ENOSPC && !count) {
			room *= 2;
			error = 0;
			continue;
		}
		started = true;
		for (uint32_t i = 0; i < count; i++)
			lines_add(&lines, side, side->keys + i * side->info.key_size,
				  side->values + i * side->value_bytes);
	}
	answer_error(answer, error);
	lines_give(&lines, answer, !is_ordered(side));
}

/* --- handles, pins, devices --- */

static void step_info(struct side *side, struct handle *map, struct buffer *answer)
{
	struct map_info info;
	struct map_state state;
	int error = map_info(map, &info);

	answer_error(answer, error);
	if (error || map_state(map, &state))
		return;
	buffer_append_format(answer, " %u/%u/%u flags=%#x extra=%llu ifindex=%u btf=%d name=%s",
			     info.key_size, info.value_size, info.max_entries, info.map_flags,
			     (unsigned long long)info.map_extra, info.ifindex, info.btf_id != 0,
			     info.name);
	buffer_append_format(answer, " frozen=%d owned=%d:%u memlock=%llu", state.frozen,
			     state.owned, state.owned ? state.owner_prog_type : 0,
			     (unsigned long long)state.memlock);
}

static void slot_set(struct side *side, unsigned slot, struct handle *handle)
{
	handle_close(side->handles[slot]);
	side->handles[slot] = handle;
}

/* Slot 0 stays open, so that the map does. */
static void step_open(struct side *side, const struct step *step, struct buffer *answer)
{
	struct handle *handle = NULL;
	char name[8];
	int error;

	snprintf(name, sizeof(name), "pin%u", step->key % PINS);
	if (step->kind == STEP_OPEN)
		error = object_open(side->world->backend, OBJECT_MAP, side->info.id,
				    (uint32_t)step->flags, &handle);
	else
		error = pin_open(side->world->backend, name, (uint32_t)step->flags, &handle);
	answer_error(answer, error);
	if (!error && step->slot)
		slot_set(side, step->slot, handle);
	else
		handle_close(handle);
}

static void step_pin(struct side *side, const struct step *step, struct handle *map,
		     struct buffer *answer)
{
	char name[8];

	snprintf(name, sizeof(name), "pin%u", step->key % PINS);
	answer_error(answer, step->kind == STEP_PIN
				     ? pin(map, &root, name)
				     : tree_unlink(side->world->backend, &root, name));
}

static void step_device(struct side *side, struct buffer *answer)
{
	struct world *world = side->world;
	int error;

	if (side->plan->subject->value != THING_DEVICE)
		return;
	error = side->has_device ? world->device_remove(world, DEVICE_NAME)
				 : world->device_add(world, DEVICE_NAME, &side->ifindex);
	side->has_device = !side->has_device;
	answer_error(answer, error);
}

void side_step(struct side *side, const struct step *step, struct buffer *answer)
{
	struct handle *map = side->handles[step->slot];

	if (!map)
		map = side->handles[0];
	switch (step->kind) {
	case STEP_LOOKUP:
	case STEP_TAKE:
		return step_lookup(side, step, map, answer);
	case STEP_UPDATE:
		return step_update(side, step, map, answer);
	case STEP_DELETE:
		return step_delete(side, step, map, answer);
	case STEP_NEXT:
		return step_next(side, step, map, answer);
	case STEP_LOOKUP_BATCH:
	case STEP_TAKE_BATCH:
		return step_lookup_batch(side, step, map, answer);
	case STEP_UPDATE_BATCH:
	case STEP_DELETE_BATCH:
		return step_change_batch(side, step, map, answer);
	case STEP_WALK:
	case STEP_WALK_DELETE:
		return step_walk(side, step, map, answer);
	case STEP_BATCH_WALK:
		return step_batch_walk(side, step, map, answer);
	case STEP_FREEZE:
		return answer_error(answer, map_freeze(map));
	case STEP_INFO:
		return step_info(side, map, answer);
	case STEP_OPEN:
	case STEP_PIN_OPEN:
		return step_open(side, step, answer);
	case STEP_CLOSE:
		if (step->slot)
			slot_set(side, step->slot, NULL);
		return;
	case STEP_PIN:
	case STEP_UNPIN:
		return step_pin(side, step, map, answer);
	case STEP_DEVICE:
		return step_device(side, answer);
	default:
		return;
	}
}

/* --- beginning and end --- */

static int map_make(struct side *side)
{
	const struct plan *plan = side->plan;
	struct map_spec spec;
	int error = subject_spec(plan->subject, side->world, &spec);

	if (error)
		return error;
	spec.key_size = plan->key_size;
	spec.value_size = plan->value_size;
	spec.max_entries = plan->max_entries;
	spec.map_flags = plan->flags;
	spec.map_extra = plan->map_extra;
	return map_create(side->world->backend, &spec, &side->handles[0]);
}

int side_open(struct side *side, struct world *world, const struct plan *plan)
{
	int error;

	*side = (struct side){.world = world, .plan = plan, .ifindex = 99998};
	error = pool_fill(side);
	if (!error)
		error = map_make(side);
	if (!error)
		error = map_info(side->handles[0], &side->info);
	if (!error)
		side->value_bytes = map_value_bytes(side->info.type, side->info.value_size,
						    world->backend->possible_cpus);
	return error;
}

bool side_takes_steps(const struct side *side)
{
	return side->info.key_size <= KEY_BYTES_MAX && side->value_bytes <= VALUE_BYTES_MAX;
}

void side_close(struct side *side)
{
	char name[8];

	for (unsigned i = 0; i < PINS; i++) {
		snprintf(name, sizeof(name), "pin%u", i);
		tree_unlink(side->world->backend, &root, name);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		slot_set(side, i, NULL);
	side->world->tidy(side->world);
}
