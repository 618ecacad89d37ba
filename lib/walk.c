// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading all elements of a map, by the way that suits its type (see walk.h).
 *
 * What each way can rely on:
 *   buckets  __htab_map_lookup_and_delete_batch(): whole buckets under their lock, and buckets
 *            never rehash, so nothing present throughout is missed or comes twice;
 *   indexes  array-like maps: positions do not move;
 *   keys     get_next_key of the others: the order of what stays is fixed (LPM trie, slots of a
 *            device), or an update moves its key to the head of its bucket (devmap_hash,
 *            sockhash). When the current key has vanished the kernel starts over; then we go
 *            back along the keys we had to one that is still there. Keys seen are remembered,
 *            passes are repeated where keys move, and the number of steps is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/map_type.h>
#include <bpfuse/walk.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define CHUNK_BYTES (1u << 20)
#define CHUNK_MAX 4096u
#define CHUNK_MIN 8u
#define BACKTRACK_MAX 16	    /* keys tried before the start of the map is walked again */
#define PASSES_MAX 4		    /* over a map whose keys move */
#define STEPS_SPARE 4096	    /* beyond those a quiet map needs */
#define LPM_PREFIX sizeof(uint32_t) /* struct bpf_lpm_trie_key: prefix length, then the bits */

/* A key that was given; uthash keeps them in order. */
struct seen {
	UT_hash_handle hh;
	unsigned char key[];
};

struct walk {
	struct handle *map;
	struct map_info info;
	unsigned flags;
	uint64_t lookup_flags;
	size_t key_size, value_size;
	int (*next)(struct walk *walk, struct walk_chunk *chunk);

	unsigned char *keys, *values; /* room for `room` of each */
	uint32_t room;
	bool ended;
	bool no_batch, no_take; /* found not to be there for this map */
	bool unreadable;	/* an array whose slots are never shown to user space */
	bool unread;		/* indexes are given without looking */

	unsigned char *in, *out; /* batch tokens */
	bool started;
	uint64_t index;

	struct seen *seen, *cursor;
	struct seen *taken; /* drain: the last key taken out */
	bool drained;	    /* drain: all keys are collected */
	uint64_t repeats;   /* steps that gave a key seen before */
	unsigned passes;
	bool pass_found; /* a new key in this pass */
};

static bool is_unsupported(int error)
{
	return error == -ENOTSUPP || error == -EOPNOTSUPP;
}

static bool wants_values(const struct walk *walk)
{
	return walk->flags & WALK_VALUES;
}

static unsigned char *key_at(const struct walk *walk, uint32_t at)
{
	return walk->keys + at * walk->key_size;
}

static unsigned char *value_at(const struct walk *walk, uint32_t at)
{
	return walk->values + at * walk->value_size;
}

static int room_set(struct walk *walk, uint64_t room)
{
	unsigned char *keys, *values;

	if (room > UINT32_MAX)
		return -ENOMEM;
	keys = reallocarray(walk->keys, room, walk->key_size ? walk->key_size : 1);
	if (!keys)
		return -ENOMEM;
	walk->keys = keys;
	values = reallocarray(walk->values, room, walk->value_size ? walk->value_size : 1);
	if (!values)
		return -ENOMEM;
	walk->values = values;
	walk->room = (uint32_t)room;
	return 0;
}

/* 1 with the first `count` elements, or 0 for none. */
static int chunk_give(const struct walk *walk, struct walk_chunk *chunk, uint32_t count)
{
	*chunk = (struct walk_chunk){
		.count = count,
		.key_size = walk->key_size,
		.value_size = walk->value_size,
		.keys = walk->keys,
		.values = wants_values(walk) ? walk->values : NULL,
	};
	return count > 0;
}

/* Removes an element, with its value if that is wanted. -ENOENT: somebody else was first. */
static int take(struct walk *walk, const void *key, void *value)
{
	int error;

	if (!walk->no_take) {
		error = map_lookup_and_delete(walk->map, key, value, walk->lookup_flags);
		if (!is_unsupported(error))
			return error;
		walk->no_take = true;
	}
	/* Some types delete what is not there (devmap, cpumap); others cannot be looked up. */
	error = map_lookup(walk->map, key, value, walk->lookup_flags);
	if (error && (wants_values(walk) || error == -ENOENT))
		return error;
	return map_delete(walk->map, key);
}

/* --- keys --- */

/*
 * Keys that the map takes for the same are the same here: trie_update_elem() compares only the
 * prefix, and an update replaces the bits behind it.
 */
static void key_normalise(const struct walk *walk, const unsigned char *from, unsigned char *to)
{
	uint32_t prefix;

	memcpy(to, from, walk->key_size);
	if (walk->info.type != BPF_MAP_TYPE_LPM_TRIE || walk->key_size <= LPM_PREFIX)
		return;
	memcpy(&prefix, from, sizeof(prefix));
	for (size_t i = 0; i < walk->key_size - LPM_PREFIX; i++) {
		size_t bits = prefix > 8 * i ? prefix - 8 * i : 0;

		if (bits < 8)
			to[LPM_PREFIX + i] &= (unsigned char)(0xff00 >> bits);
	}
}

/* The remembered key; a new one is added with *is_new. NULL: out of memory. */
static struct seen *seen_remember(struct walk *walk, const unsigned char *key, bool *is_new)
{
	struct seen *made = malloc(sizeof(*made) + walk->key_size);
	struct seen *found, *head = walk->seen;

	if (!made)
		return NULL;
	key_normalise(walk, key, made->key);
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

static uint64_t steps_bound(const struct walk *walk)
{
	return 4 * (uint64_t)HASH_COUNT(walk->seen) + STEPS_SPARE;
}

/* A map cannot hold more at a time than max_entries; what comes beyond was put in meanwhile. */
static bool is_endless(const struct walk *walk)
{
	return walk->repeats > steps_bound(walk) ||
	       HASH_COUNT(walk->seen) > 2 * (uint64_t)walk->info.max_entries + STEPS_SPARE;
}

/* In an LPM trie and on a device keys stay where they are; one pass sees them all. */
static bool keys_move(const struct walk *walk)
{
	return walk->info.type != BPF_MAP_TYPE_LPM_TRIE && !walk->info.ifindex;
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
			return chunk_give(walk, chunk, kept);
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
	return chunk_give(walk, chunk, count);
}

static int keys_next(struct walk *walk, struct walk_chunk *chunk)
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

	while ((result = keys_next(walk, &ignored)) > 0)
		;
	walk->drained = true;
	walk->taken = NULL;
	return result;
}

static int drain_next(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t count = 0;
	int error = walk->drained ? 0 : drain_collect(walk);
	struct seen *entry = walk->taken ? walk->taken->hh.next : walk->seen;

	for (; !error && entry && count < walk->room; entry = entry->hh.next) {
		error = take(walk, entry->key, value_at(walk, count));
		if (!error)
			memcpy(key_at(walk, count++), entry->key, walk->key_size);
		else if (error == -ENOENT)
			error = 0;
		if (!error)
			walk->taken = entry;
	}
	/* What was taken out before an error is given first; the next call meets it again. */
	return error && !count ? error : chunk_give(walk, chunk, count);
}

/* Queue and stack: no keys, and at most max_entries that were there at the beginning. */
static int pop_next(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t count = 0;
	int error = 0;

	while (!error && count < walk->room && walk->index < walk->info.max_entries) {
		error = map_lookup_and_delete(walk->map, NULL, value_at(walk, count), 0);
		if (!error) {
			walk->index++;
			count++;
		}
	}
	if (error && error != -ENOENT && !count)
		return error;
	return chunk_give(walk, chunk, count);
}

/* --- indexes --- */

static int index_take(struct walk *walk, uint32_t index, uint32_t at)
{
	if (walk->flags & WALK_DRAIN)
		return take(walk, &index, value_at(walk, at));
	return map_lookup(walk->map, &index, value_at(walk, at), walk->lookup_flags);
}

/* Is index there? 1 with its value at place `at`; 0: an empty slot. */
static int index_step(struct walk *walk, uint32_t index, uint32_t at)
{
	int error = 0;

	if (!walk->unread) {
		error = index_take(walk, index, at);
		if (error == -ENOENT)
			return 0;
		/*
		 * These maps never show a slot (perf_event_array, cgroup_array, xskmap, sockmap
		 * with 4-byte values): their indexes are all that can be listed.
		 */
		if (!wants_values(walk) && !(walk->flags & WALK_DRAIN) &&
		    (is_unsupported(error) || error == -ENOSPC)) {
			walk->unreadable = walk->unread = true;
			error = 0;
		}
	}
	memcpy(key_at(walk, at), &index, sizeof(index));
	return error ? error : 1;
}

static int indexes_next(struct walk *walk, struct walk_chunk *chunk)
{
	uint32_t count = 0;

	while (walk->index < walk->info.max_entries && count < walk->room) {
		int found = index_step(walk, (uint32_t)walk->index, count);

		if (found < 0 && count) /* given next time, when it stands alone */
			break;
		if (found < 0)
			return found;
		walk->index++;
		count += (uint32_t)found;
	}
	return chunk_give(walk, chunk, count);
}

/*
 * --- batches: of whole buckets; or of array slots, where the token is the last index and empty
 * ones are left out (generic_map_lookup_batch()) ---
 */

static int batch_read(struct walk *walk, uint32_t *count)
{
	const void *in = walk->started ? walk->in : NULL;

	*count = walk->room;
	if (walk->flags & WALK_DRAIN)
		return map_lookup_and_delete_batch(walk->map, in, walk->out, walk->keys,
						   walk->values, count, walk->lookup_flags);
	return map_lookup_batch(walk->map, in, walk->out, walk->keys, walk->values, count,
				walk->lookup_flags);
}

static void tokens_swap(struct walk *walk)
{
	unsigned char *out = walk->out;

	walk->out = walk->in;
	walk->in = out;
	walk->started = true;
}

/* A map without the batch commands after all (bound to a device, or an older kernel). */
static int batch_give_up(struct walk *walk, struct walk_chunk *chunk)
{
	walk->no_batch = true;
	if (map_type_get(walk->info.type)->indexed)
		walk->next = indexes_next;
	else
		walk->next = walk->flags & WALK_DRAIN ? drain_next : keys_next;
	return walk->next(walk, chunk);
}

static int batch_next(struct walk *walk, struct walk_chunk *chunk)
{
	while (!walk->ended) {
		uint32_t count;
		int error = batch_read(walk, &count);

		if (is_unsupported(error) && !walk->started)
			return batch_give_up(walk, chunk);
		if (error == -ENOSPC && !count) { /* one bucket holds more than fits */
			error = room_set(walk, 2 * (uint64_t)walk->room);
			if (error)
				return error;
			continue;
		}
		if (error && error != -ENOENT)
			return error;
		tokens_swap(walk);
		walk->ended = error == -ENOENT;
		if (count)
			return chunk_give(walk, chunk, count);
	}
	return 0;
}

/* --- choosing the way --- */

static bool is_bucketed(const struct map_type *type)
{
	return (type->batch & BATCH_LOOKUP_AND_DELETE) && !type->indexed;
}

/* Array and per-CPU array: every index holds a value. */
static bool is_full_array(const struct map_info *info)
{
	return (info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY) &&
	       !info->ifindex;
}

static void way_choose(struct walk *walk)
{
	const struct map_type *type = map_type_get(walk->info.type);
	bool drain = walk->flags & WALK_DRAIN;

	walk->no_batch = walk->info.ifindex || !(type->batch & BATCH_LOOKUP);
	if (drain && type->access == MAP_QUEUE) {
		walk->next = pop_next;
	} else if (is_bucketed(type) && !walk->no_batch) {
		walk->next = batch_next;
	} else if (type->indexed && !walk->info.ifindex && walk->key_size == sizeof(uint32_t)) {
		walk->unread = is_full_array(&walk->info) && !wants_values(walk) && !drain;
		walk->next = walk->no_batch || walk->unread || drain ? indexes_next : batch_next;
	} else {
		walk->next = drain ? drain_next : keys_next;
	}
}

/* What the map's type or this handle refuses as such, get_next_key refuses. */
static int way_probe(struct walk *walk)
{
	int error;

	if (walk->next == pop_next)
		return 0;
	error = map_next_key(walk->map, NULL, walk->keys);
	return error == -ENOENT ? 0 : error;
}

static int walk_prepare(struct walk *walk)
{
	uint64_t element, room;
	size_t token;
	int error = map_info(walk->map, &walk->info);

	if (error)
		return error;
	walk->key_size = walk->info.key_size;
	walk->value_size = map_value_bytes(walk->info.type, walk->info.value_size,
					   walk->map->backend->possible_cpus);
	walk->lookup_flags = walk->flags & WALK_LOCKED ? BPF_F_LOCK : 0;
	token = walk->key_size > sizeof(uint32_t) ? walk->key_size : sizeof(uint32_t);
	walk->in = malloc(token);
	walk->out = malloc(token);
	if (!walk->in || !walk->out)
		return -ENOMEM;
	element = walk->key_size + walk->value_size + 1;
	room = CHUNK_BYTES / element;
	room = room > CHUNK_MAX ? CHUNK_MAX : room < CHUNK_MIN ? CHUNK_MIN : room;
	error = room_set(walk, room);
	if (error)
		return error;
	way_choose(walk);
	return way_probe(walk);
}

int walk_open(struct handle *map, unsigned flags, struct walk **walk)
{
	cleanup_with(walk_closep) struct walk *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	made->map = map;
	made->flags = flags;
	error = walk_prepare(made);
	if (!error)
		*walk = move_ptr(made);
	return error;
}

int walk_next(struct walk *walk, struct walk_chunk *chunk)
{
	return walk->next(walk, chunk);
}

void walk_close(struct walk *walk)
{
	struct seen *entry, *next;

	if (!walk)
		return;
	HASH_ITER (hh, walk->seen, entry, next) {
		HASH_DEL(walk->seen, entry);
		free(entry);
	}
	free(walk->keys);
	free(walk->values);
	free(walk->in);
	free(walk->out);
	free(walk);
}

void walk_closep(struct walk **walk)
{
	walk_close(*walk);
}

int map_count(struct handle *map, uint64_t *count)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int result = walk_open(map, 0, &walk);

	*count = 0;
	if (result)
		return result;
	if (is_full_array(&walk->info)) {
		*count = walk->info.max_entries;
		return 0;
	}
	while ((result = walk_next(walk, &chunk)) > 0 && !walk->unreadable)
		*count += chunk.count;
	/* How many slots are in use cannot be known where none can be read. */
	return walk->unreadable ? -ENOTSUPP : result;
}
