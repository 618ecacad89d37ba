// SPDX-License-Identifier: BSD-2-Clause
/*
 * The way through an LPM trie. Its keys come in an order that does not change (lpm_order.h), so
 * whatever is not behind the last key that was given, was given before: nothing else needs to be
 * remembered. Where the kernel starts over, since the key that it was to go on from is gone, we go
 * back to one of the last few that may still be there, and else through the trie from its start.
 */
#include <stdlib.h>
#include <string.h>
#include "lpm_order.h"
#include "walk_state.h"

#define KEPT_MAX 16u

/* The key that was given `back` keys before the last one; NULL: it is not known any more. */
static const unsigned char *given_before(const struct walk *walk, unsigned back)
{
	if (back >= walk->given || back >= KEPT_MAX)
		return NULL;
	return walk->kept + (walk->given - 1 - back) % KEPT_MAX * walk->key_size;
}

static int given_remember(struct walk *walk, uint32_t count)
{
	uint32_t first = count > KEPT_MAX ? count - KEPT_MAX : 0;

	if (!walk->kept)
		walk->kept = calloc(KEPT_MAX, walk->key_size);
	if (!walk->kept)
		return -ENOMEM;
	walk->given += first;
	for (uint32_t i = first; i < count; i++, walk->given++)
		memcpy(walk->kept + walk->given % KEPT_MAX * walk->key_size, key_at(walk, i),
		       walk->key_size);
	return 0;
}

/* Up to `room` successors of a key, one by one. -ENOENT: the end, perhaps with some. */
static int successors_single(struct walk *walk, const unsigned char *from, uint32_t *count)
{
	*count = 0;
	while (*count < walk->room) {
		unsigned char *key = key_at(walk, *count);
		int error = map_next_key(walk->map, from, walk->out);

		if (error)
			return error;
		memcpy(key, walk->out, walk->key_size);
		from = key;
		if (wants_values(walk) && !(walk->flags & WALK_DRAIN))
			error = map_lookup(walk->map, key, value_at(walk, *count),
					   walk->lookup_flags);
		if (error && error != -ENOENT)
			return error;
		*count += !error; /* or it vanished in between: on to the next */
	}
	return 0;
}

static int successors(struct walk *walk, const unsigned char *from, uint32_t *count)
{
	int error;

	if (walk->no_batch)
		return successors_single(walk, from, count);
	*count = walk->room;
	error = map_lookup_batch(walk->map, from, walk->out, walk->keys, walk->values, count,
				 walk->lookup_flags);
	/* -EINTR: older kernels give up when lookups keep failing (generic_map_lookup_batch()) */
	if (!is_unsupported(error) && (error != -EINTR || *count))
		return error;
	walk->no_batch = true;
	return successors_single(walk, from, count);
}

/* Moves the keys behind the last one that was given, and behind each other, to the front. */
static uint32_t keys_ahead(struct walk *walk, uint32_t count)
{
	const unsigned char *last = given_before(walk, 0);
	uint32_t ahead = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (last && lpm_order(key_at(walk, i), last, walk->key_size) <= 0)
			continue;
		memmove(key_at(walk, ahead), key_at(walk, i), walk->key_size);
		memmove(value_at(walk, ahead), value_at(walk, i), walk->value_size);
		last = key_at(walk, ahead++);
	}
	return ahead;
}

/*
 * The kernel started over and gave nothing new: from where to try again. Behind the kept keys it is
 * the last one of those that it gave.
 */
static const unsigned char *start_again(struct walk *walk, unsigned *back, uint32_t count)
{
	const unsigned char *from = given_before(walk, ++*back);

	if (from)
		return from;
	*back = KEPT_MAX;
	return memcpy(walk->in, key_at(walk, count - 1), walk->key_size);
}

int walk_lpm_next(struct walk *walk, struct walk_chunk *chunk)
{
	const unsigned char *from = given_before(walk, 0);
	unsigned back = 0;

	while (!walk->ended) {
		uint32_t count, ahead;
		int error = successors(walk, from, &count);

		if (error && error != -ENOENT)
			return error;
		walk->ended = error == -ENOENT || !count;
		ahead = keys_ahead(walk, count);
		error = given_remember(walk, ahead);
		if (error)
			return error;
		walk->ended = walk->ended || walk_is_endless(walk, walk->given);
		if (ahead)
			return walk_give(walk, chunk, ahead);
		walk->repeats++;
		from = walk->ended ? NULL : start_again(walk, &back, count);
	}
	return 0;
}

/* --- drain: what is first is taken out, until nothing is first any more --- */

int walk_lpm_drain(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t taken = 0;

	while (!walk->ended && !taken) {
		uint32_t count;
		int error = successors(walk, NULL, &count);

		if (error && error != -ENOENT)
			return error;
		for (uint32_t i = 0; i < count; i++) {
			error = walk_take(walk, key_at(walk, i), value_at(walk, taken));
			if (error && error != -ENOENT)
				break;
			if (!error)
				memmove(key_at(walk, taken++), key_at(walk, i), walk->key_size);
		}
		/* What was taken out before an error is given first; the next call meets it again.
		 */
		if (error && error != -ENOENT && !taken)
			return error;
		walk->given += taken;
		walk->repeats += !taken;
		walk->ended = !count || walk_is_endless(walk, walk->given);
	}
	return walk_give(walk, chunk, taken);
}
