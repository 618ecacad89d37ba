// SPDX-License-Identifier: BSD-2-Clause
/*
 * The way by key: get_next_key, or batches of it, for maps whose buckets and indexes cannot be
 * asked for. See walk.c.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "walk_state.h"

#define BACKTRACK_MAX 16 /* keys tried before the start of the map is walked again */
#define PASSES_MAX 4	 /* over a map whose keys move */

/* The remembered key; a new one is added with *is_new. NULL: out of memory. */
static struct seen *seen_remember(struct walk *walk, const unsigned char *key, bool *is_new)
{
	struct seen *made = malloc(sizeof(*made) + walk->key_size);
	struct seen *found, *head = walk->seen;

	if (!made)
		return NULL;
	memcpy(made->key, key, walk->key_size);
	HASH_FIND(hh, head, made->key, walk->key_size, found);
	*is_new = !found;
	if (found) {
		free(made);
		return found;
	}
	made->hh.tbl = NULL;
	HASH_ADD_KEYPTR(hh, walk->seen, made->key, walk->key_size, made);
	if (!made->hh.tbl) {
		free(made);
		return NULL;
	}
	return made;
}

static bool is_endless(const struct walk *walk)
{
	return walk_is_endless(walk, HASH_COUNT(walk->seen));
}

/* On a device keys stay where they are; one pass sees them all. */
static bool keys_move(const struct walk *walk)
{
	return !walk->info.ifindex;
}

/* Up to `room` successors of the cursor, by batch. -ENOENT: the end, perhaps with some. */
static int successors_batch(struct walk *walk, uint32_t *count)
{
	int error;

	*count = walk->room;
	error = map_lookup_batch(walk->map, walk->cursor ? walk->cursor->key : NULL, walk->out,
				 walk->keys, walk->values, count, walk->lookup_flags);
	/* -EINTR: older kernels give up when lookups keep failing (generic_map_lookup_batch()) */
	if (is_unsupported(error) || (error == -EINTR && !*count))
		walk->no_batch = true;
	return error;
}

/* The successor of the cursor, put at place `at`. */
static int successor(struct walk *walk, uint32_t at)
{
	return map_next_key(walk->map, walk->cursor ? walk->cursor->key : NULL, key_at(walk, at));
}

/*
 * The kernel gave a key that we had: it started over because the cursor is gone. Go back to one
 * that may still be there, a few times; else walk on from what it gave.
 */
static void cursor_recover(struct walk *walk, struct seen *given, unsigned *tries)
{
	struct seen *before = walk->cursor && *tries < BACKTRACK_MAX ? walk->cursor->hh.prev : NULL;

	walk->repeats++;
	if (before) {
		(*tries)++;
		walk->cursor = before;
	} else {
		*tries = BACKTRACK_MAX;
		walk->cursor = given;
	}
}

/* The end of a pass. True: start another one. */
static bool pass_again(struct walk *walk)
{
	bool again = keys_move(walk) && walk->pass_found && ++walk->passes < PASSES_MAX;

	walk->pass_found = false;
	walk->cursor = NULL;
	return again;
}

/* Moves what is new among the first `count` to the front; cursor: the last of all. */
static int keys_filter(struct walk *walk, uint32_t count, uint32_t *kept)
{
	struct seen *last = NULL;

	*kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		bool is_new;

		last = seen_remember(walk, key_at(walk, i), &is_new);
		if (!last)
			return -ENOMEM;
		if (!is_new)
			continue;
		memmove(key_at(walk, *kept), key_at(walk, i), walk->key_size);
		memmove(value_at(walk, *kept), value_at(walk, i), walk->value_size);
		(*kept)++;
	}
	if (*kept)
		walk->cursor = last;
	return 0;
}

static int keys_next_batch(struct walk *walk, struct walk_chunk *chunk)
{
	unsigned tries = 0;

	while (!walk->ended) {
		uint32_t count, kept;
		int error = successors_batch(walk, &count);
		bool is_new;

		if (walk->no_batch || (error && error != -ENOENT))
			return error;
		walk->ended = error == -ENOENT || !count;
		error = keys_filter(walk, count, &kept);
		if (error)
			return error;
		if (kept)
			return walk_give(walk, chunk, kept);
		if (count && !walk->ended)
			cursor_recover(walk, seen_remember(walk, key_at(walk, count - 1), &is_new),
				       &tries);
		walk->ended = walk->ended || is_endless(walk);
	}
	return 0;
}

/* One more key at place `at`: 1, with its value if wanted; 0: the end. */
static int key_step(struct walk *walk, uint32_t at)
{
	unsigned tries = 0;

	while (!is_endless(walk)) {
		struct seen *given;
		bool is_new;
		int error = successor(walk, at);

		if (error == -ENOENT && pass_again(walk))
			continue;
		if (error)
			return error == -ENOENT ? 0 : error;
		given = seen_remember(walk, key_at(walk, at), &is_new);
		if (!given)
			return -ENOMEM;
		if (!is_new) {
			/* Later passes see everything again; there is nothing to recover from. */
			if (walk->passes)
				tries = BACKTRACK_MAX;
			cursor_recover(walk, given, &tries);
			continue;
		}
		tries = 0;
		walk->pass_found = true;
		walk->cursor = given;
		if (!wants_values(walk) || (walk->flags & WALK_DRAIN))
			return 1;
		error = map_lookup(walk->map, key_at(walk, at), value_at(walk, at),
				   walk->lookup_flags);
		if (error != -ENOENT) /* it vanished in between: on to the next */
			return error ? error : 1;
	}
	return 0;
}

static int keys_next_single(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t count = 0;

	while (!walk->ended && count < walk->room) {
		int found = key_step(walk, count);

		if (found < 0)
			return found;
		walk->ended = !found;
		count += (uint32_t)found;
	}
	return walk_give(walk, chunk, count);
}

int walk_keys_next(struct walk *walk, struct walk_chunk *chunk)
{
	if (!walk->no_batch) {
		int result = keys_next_batch(walk, chunk);

		if (!walk->no_batch)
			return result;
	}
	return keys_next_single(walk, chunk);
}

/* --- drain by keys: all are collected first, since taking them out would move the order --- */

static int drain_collect(struct walk *walk)
{
	struct walk_chunk ignored;
	int result;

	while ((result = walk_keys_next(walk, &ignored)) > 0)
		;
	walk->drained = true;
	walk->taken = NULL;
	return result;
}

int walk_keys_drain(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t count = 0;
	int error = walk->drained ? 0 : drain_collect(walk);
	struct seen *entry = walk->taken ? walk->taken->hh.next : walk->seen;

	for (; !error && entry && count < walk->room; entry = entry->hh.next) {
		error = walk_take(walk, entry->key, value_at(walk, count));
		if (!error)
			memcpy(key_at(walk, count++), entry->key, walk->key_size);
		else if (error == -ENOENT)
			error = 0;
		if (!error)
			walk->taken = entry;
	}
	/* What was taken out before an error is given first; the next call meets it again. */
	return error && !count ? error : walk_give(walk, chunk, count);
}

void walk_keys_forget(struct walk *walk)
{
	struct seen *entry, *next;

	HASH_ITER (hh, walk->seen, entry, next) {
		HASH_DEL(walk->seen, entry);
		free(entry);
	}
}
