// SPDX-License-Identifier: BSD-2-Clause
/*
 * Batches of an LPM trie, read more than once. trie_get_next_key() goes down to the key that it is
 * asked about, and up again until it stands on the left of something: where that key's node is
 * exchanged in between (every update of it does that, and neighbours that come or go may), it takes
 * itself to be on the right, and leaves out all that hangs there. One key that is updated without
 * pause costs half the trie in one of fifty walks. A second reading tells: most hits are at other
 * places. While readings differ, more follow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "internal.h"
#include "lpm_order.h"

/* Readings in a row without a new key: of a trie that is still, and of one that changes. */
#define QUIET_STILL 1u
#define QUIET_CHANGING 6u
#define READINGS_MAX 64u

/* Keys behind `in` (NULL: from the start), in their order. */
struct reading {
	struct handle *map;
	const unsigned char *in;
	size_t key_size, value_size;
	uint64_t elem_flags;
	unsigned char *keys, *values, *out;
	uint32_t room, count;
	bool ended;
};

static unsigned char *key_at(const struct reading *reading, uint32_t at)
{
	return reading->keys + at * reading->key_size;
}

static unsigned char *value_at(const struct reading *reading, uint32_t at)
{
	return reading->values + at * reading->value_size;
}

static int keys_order(const struct reading *a, uint32_t at, const unsigned char *key)
{
	return lpm_order(key_at(a, at), key, a->key_size);
}

/* Where the kernel started over since its place was gone, what was read before counts. */
static void reading_cut(struct reading *reading)
{
	for (uint32_t i = 1; i < reading->count; i++) {
		if (keys_order(reading, i, key_at(reading, i - 1)) > 0)
			continue;
		reading->count = i;
		reading->ended = false;
	}
}

static int reading_take(struct reading *reading)
{
	int error;

	reading->count = reading->room;
	error = kernel_map_read_batch(reading->map, reading->in, reading->out, reading->keys,
				      reading->values, &reading->count, reading->elem_flags);
	reading->ended = error == -ENOENT;
	return reading->ended ? 0 : error;
}

/* -1, 0, 1: which of the next ones comes first; the end of one is behind all of the other. */
static int readings_compare(const struct reading *a, uint32_t at_a, const struct reading *b,
			    uint32_t at_b)
{
	if (at_a == a->count || at_b == b->count)
		return (at_a == a->count) - (at_b == b->count);
	return keys_order(a, at_a, key_at(b, at_b));
}

/* How far both know: behind the last key of one that did not come to the end, it knows nothing. */
static const unsigned char *readings_limit(const struct reading *a, const struct reading *b)
{
	const unsigned char *last_a = a->ended ? NULL : key_at(a, a->count - 1);
	const unsigned char *last_b = b->ended ? NULL : key_at(b, b->count - 1);

	if (!last_a || !last_b)
		return last_a ? last_a : last_b;
	return lpm_order(last_a, last_b, a->key_size) < 0 ? last_a : last_b;
}

static void element_copy(struct reading *to, const struct reading *from, uint32_t at)
{
	memcpy(key_at(to, to->count), key_at(from, at), to->key_size);
	memcpy(value_at(to, to->count), value_at(from, at), to->value_size);
	to->count++;
}

/* What either has, as far as both know, and as `merged` has room; later values win. */
static void readings_merge(const struct reading *a, const struct reading *b, struct reading *merged)
{
	const unsigned char *limit = readings_limit(a, b);
	uint32_t at_a = 0, at_b = 0;

	merged->count = 0;
	while (at_a < a->count || at_b < b->count) {
		int order = readings_compare(a, at_a, b, at_b);
		const struct reading *from = order < 0 ? a : b;
		uint32_t at = order < 0 ? at_a : at_b;

		if (merged->count == merged->room || (limit && keys_order(from, at, limit) > 0))
			break;
		element_copy(merged, from, at);
		at_a += order <= 0;
		at_b += order >= 0;
	}
	merged->ended = at_a == a->count && at_b == b->count && a->ended && b->ended;
}

static bool readings_equal(const struct reading *a, const struct reading *b, bool values)
{
	return a->count == b->count && a->ended == b->ended &&
	       !memcmp(a->keys, b->keys, a->count * a->key_size) &&
	       (!values || !memcmp(a->values, b->values, a->count * a->value_size));
}

static int reading_room(struct reading *reading, const struct reading *like)
{
	*reading = *like;
	reading->keys = malloc(like->room * like->key_size);
	reading->values = malloc(like->room * like->value_size);
	reading->out = malloc(like->key_size);
	return reading->keys && reading->values && reading->out ? 0 : -ENOMEM;
}

static void reading_free(struct reading *reading)
{
	free(reading->keys);
	free(reading->values);
	free(reading->out);
}

static void reading_copy(struct reading *to, const struct reading *from)
{
	memcpy(to->keys, from->keys, from->count * from->key_size);
	memcpy(to->values, from->values, from->count * from->value_size);
	to->count = from->count;
	to->ended = from->ended;
}

/* A reading that does not begin behind `in` started over: it says nothing of what is here. */
static bool reading_is_behind(const struct reading *reading)
{
	if (!reading->count)
		return reading->ended;
	return !reading->in || keys_order(reading, 0, reading->in) > 0;
}

/* Until nothing new has come for a while. */
static void readings_repeat(struct reading *found, struct reading *again, struct reading *merged)
{
	unsigned quiet = 0, wanted = QUIET_STILL;

	for (unsigned i = 0; i < READINGS_MAX && quiet < wanted; i++) {
		if (reading_take(again) || !reading_is_behind(again))
			return;
		reading_cut(again);
		if (readings_equal(found, again, true)) {
			quiet++;
			continue;
		}
		wanted = QUIET_CHANGING;
		readings_merge(found, again, merged);
		quiet = readings_equal(found, merged, false) ? quiet + 1 : 0;
		reading_copy(found, merged);
	}
}

static int reading_complete(struct reading *found)
{
	struct reading again = {0}, merged = {0};
	int error = 0;

	reading_cut(found);
	if (!reading_is_behind(found))
		return 0;
	if (reading_room(&again, found) || reading_room(&merged, found))
		error = -ENOMEM;
	else
		readings_repeat(found, &again, &merged);
	reading_free(&again);
	reading_free(&merged);
	return error;
}

int kernel_lpm_lookup_batch(struct handle *map, const struct map_info *info, const void *in,
			    void *out, void *keys, void *values, uint32_t *count,
			    uint64_t elem_flags)
{
	struct reading found = {.map = map,
				.in = in,
				.key_size = info->key_size,
				.value_size = map_value_bytes(info->type, info->value_size, 1),
				.elem_flags = elem_flags,
				.keys = keys,
				.values = values,
				.out = out,
				.room = *count};
	int error = reading_take(&found);

	*count = found.count;
	if (!error)
		error = reading_complete(&found);
	if (error)
		return error;
	*count = found.count;
	if (found.count)
		memcpy(out, key_at(&found, found.count - 1), found.key_size);
	return found.ended ? -ENOENT : 0;
}
