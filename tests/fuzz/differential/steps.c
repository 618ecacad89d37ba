// SPDX-License-Identifier: BSD-2-Clause
/* Steps on the elements of a map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "side_parts.h"

#define WALK_BOUND 10000u

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

void step_lookup(struct side *side, const struct step *step, struct handle *map,
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

void step_update(struct side *side, const struct step *step, struct handle *map,
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

void step_delete(struct side *side, const struct step *step, struct handle *map,
		 struct buffer *answer)
{
	key_make(side, step->key, side->keys);
	answer_error(answer, map_delete(map, key_pointer(side, side->keys)));
}

/* Without an order, what can be compared is that an absent key gives the first one. */
void step_next(struct side *side, const struct step *step, struct handle *map,
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
void step_lookup_batch(struct side *side, const struct step *step, struct handle *map,
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

void step_change_batch(struct side *side, const struct step *step, struct handle *map,
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

void step_walk(struct side *side, const struct step *step, struct handle *map,
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
void step_batch_walk(struct side *side, const struct step *step, struct handle *map,
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
