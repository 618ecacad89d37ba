// SPDX-License-Identifier: BSD-2-Clause
/* Changing many elements at once (see walk.h). */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/map_type.h>
#include <bpfuse/walk.h>

static bool has_batch(const struct map_info *info, enum map_batch command)
{
	return !info->ifindex && (map_type_get(info->type)->batch & command);
}

static int update_each(struct handle *map, const struct map_info *info, const void *keys,
		       const void *values, uint32_t count, uint64_t elem_flags, uint32_t *done)
{
	size_t value_size =
		map_value_bytes(info->type, info->value_size, map->backend->possible_cpus);
	int error = 0;

	while (!error && *done < count) {
		const unsigned char *key = (const unsigned char *)keys + *done * info->key_size;
		const unsigned char *value = (const unsigned char *)values + *done * value_size;

		error = map_update(map, info->key_size ? key : NULL, value, elem_flags);
		*done += !error;
	}
	return error;
}

int map_update_many(struct handle *map, const void *keys, const void *values, uint32_t count,
		    uint64_t elem_flags, uint32_t *done)
{
	struct map_info info;
	int error = map_info(map, &info);

	*done = 0;
	if (error || !count)
		return error;
	if (has_batch(&info, BATCH_UPDATE)) {
		*done = count;
		error = map_update_batch(map, keys, values, done, elem_flags);
		if (error != -ENOTSUPP && error != -EOPNOTSUPP)
			return error;
		*done = 0; /* an older kernel */
	}
	return update_each(map, &info, keys, values, count, elem_flags, done);
}

/* Elements of an array cannot go; the map says so itself, or that it is frozen. */
static int array_refusal(struct handle *map)
{
	const uint32_t first = 0;
	int error = map_delete(map, &first);

	return error ? error : -EINVAL;
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int clear_draining(struct handle *map, uint64_t *count)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	int result = walk_open(map, WALK_DRAIN, &walk);

	while (!result && (result = walk_next(walk, &chunk)) > 0) {
		*count += chunk.count;
		result = 0;
	}
	return result;
}

/*
 * --- deletions that each wait ---
 *
 * The kernel lets a deletion from a map of maps return only after an RCU grace period
 * (maybe_wait_bpf_programs()), and such an array has no BPF_MAP_DELETE_BATCH to wait once. Callers
 * that wait at the same time share the period: 100,000 elements take seconds, not half an hour.
 */
#define WAITERS 256
#define WAITER_STACK (64u << 10) /* bytes */

struct waiting_deletion {
	struct handle *map;
	struct walk_chunk chunk;
	_Atomic uint32_t next, deleted;
	_Atomic int error;
};

static bool deletions_wait(const struct map_info *info)
{
	const struct map_type *type = map_type_get(info->type);

	return type->value == VALUE_MAP && !(type->batch & BATCH_DELETE);
}

static void *delete_waiting(void *argument)
{
	struct waiting_deletion *shared = argument;
	uint32_t at;

	while (!shared->error && (at = shared->next++) < shared->chunk.count) {
		int error =
			map_delete(shared->map, shared->chunk.keys + at * shared->chunk.key_size);

		if (!error)
			shared->deleted++;
		else if (error != -ENOENT) /* or else somebody took it out before us */
			shared->error = error;
	}
	return NULL;
}

/* The caller is one of the waiters: without a single thread it is slow, not wrong. */
static int chunk_delete_waiting(struct waiting_deletion *shared)
{
	pthread_t threads[WAITERS - 1];
	pthread_attr_t attributes;
	size_t started = 0;

	shared->next = 0;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WAITER_STACK);
	while (started < WAITERS - 1 && started + 1 < shared->chunk.count &&
	       !pthread_create(&threads[started], &attributes, delete_waiting, shared))
		started++;
	pthread_attr_destroy(&attributes);
	delete_waiting(shared);
	while (started)
		pthread_join(threads[--started], NULL);
	return shared->error;
}

static int clear_waiting(struct handle *map, uint64_t *count)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct waiting_deletion shared = {.map = map};
	int result = walk_open(map, 0, &walk);

	while (!result && (result = walk_next(walk, &shared.chunk)) > 0)
		result = chunk_delete_waiting(&shared);
	*count = shared.deleted;
	return result;
}

int map_clear(struct handle *map, uint64_t *deleted)
{
	struct map_info info;
	uint64_t count = 0;
	int error = map_info(map, &info);

	if (!error && is_array(info.type))
		error = array_refusal(map);
	if (!error)
		error = deletions_wait(&info) ? clear_waiting(map, &count)
					      : clear_draining(map, &count);
	if (deleted)
		*deleted = count;
	return error;
}
