// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading all elements of a map, by the way that suits its type (see walk.h).
 *
 * What each way can rely on:
 *   buckets  __htab_map_lookup_and_delete_batch(): whole buckets under their lock, and buckets
 *            never rehash, so nothing present throughout is missed or comes twice;
 *   indexes  array-like maps: positions do not move;
 *   order    LPM tries: get_next_key gives keys in an order that only they decide (walk_lpm.c);
 *   keys     get_next_key of the others: the order of what stays is fixed (slots of a device), or
 *            an update moves its key to the head of its bucket (devmap_hash, sockhash). When the
 *            current key has vanished the kernel starts over; then we go back along the keys we
 *            had to one that is still there. Keys seen are remembered, passes are repeated where
 *            keys move, and the number of steps is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/map_type.h>
#include "walk_state.h"

#define CHUNK_BYTES (1u << 20)
#define CHUNK_MAX 4096u
#define CHUNK_PAGE 256u
#define CHUNK_MIN 8u

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

int walk_give(const struct walk *walk, struct walk_chunk *chunk, uint32_t count)
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

int walk_take(struct walk *walk, const void *key, void *value)
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
	return walk_give(walk, chunk, count);
}

/* --- indexes --- */

static int index_take(struct walk *walk, uint32_t index, uint32_t at)
{
	if (walk->flags & WALK_DRAIN)
		return walk_take(walk, &index, value_at(walk, at));
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
	return walk_give(walk, chunk, count);
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
		walk->next = walk->flags & WALK_DRAIN ? walk_keys_drain : walk_keys_next;
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
			return walk_give(walk, chunk, count);
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
	} else if (walk->info.type == BPF_MAP_TYPE_LPM_TRIE && !walk->info.ifindex) {
		walk->next = drain ? walk_lpm_drain : walk_lpm_next;
	} else {
		walk->next = drain ? walk_keys_drain : walk_keys_next;
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
	uint64_t element, room, most;
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
	most = walk->flags & WALK_PAGES ? CHUNK_PAGE : CHUNK_MAX;
	room = room > most ? most : room < CHUNK_MIN ? CHUNK_MIN : room;
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
	if (!walk)
		return;
	walk_keys_forget(walk);
	free(walk->keys);
	free(walk->values);
	free(walk->in);
	free(walk->out);
	free(walk->kept);
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
