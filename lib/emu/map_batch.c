// SPDX-License-Identifier: BSD-2-Clause
/* BPF_MAP_*_BATCH: bpf_map_do_batch() and the generic implementations of syscall.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "emu/map.h"

/* What every implementation checks first, and *count of 0. 1: there is something to do. */
static int batch_begin(const struct emu_map *map, uint32_t *count, uint64_t flags)
{
	if ((flags & ~(uint64_t)BPF_F_LOCK) || !map_lock_flag_ok(map, flags))
		return -EINVAL;
	return *count ? 1 : 0;
}

int emu_map_lookup_batch(struct handle *handle, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t flags)
{
	struct emu_map *map = map_of(handle);
	int begin;

	if (!map_may_read(handle))
		return -EPERM;
	if (!map->ops->lookup_batch)
		return -ENOTSUPP;
	begin = batch_begin(map, count, flags);
	if (begin <= 0)
		return begin;
	return map->ops->lookup_batch(map, in, out, keys, values, count, flags);
}

int emu_map_lookup_and_delete_batch(struct handle *handle, const void *in, void *out, void *keys,
				    void *values, uint32_t *count, uint64_t flags)
{
	struct emu_map *map = map_of(handle);
	int begin;

	if (!map_may_read(handle) || !map_may_write(handle))
		return -EPERM;
	if (!map->ops->lookup_and_delete_batch)
		return -ENOTSUPP;
	begin = batch_begin(map, count, flags);
	if (begin <= 0)
		return begin;
	return map->ops->lookup_and_delete_batch(map, in, out, keys, values, count, flags);
}

int emu_map_update_batch(struct handle *handle, const void *keys, const void *values,
			 uint32_t *count, uint64_t flags)
{
	struct emu_map *map = map_of(handle);
	int begin;

	if (!map_may_write(handle))
		return -EPERM;
	if (!map->ops->update_batch)
		return -ENOTSUPP;
	begin = batch_begin(map, count, flags);
	return begin <= 0 ? begin : map->ops->update_batch(map, keys, values, count, flags);
}

int emu_map_delete_batch(struct handle *handle, const void *keys, uint32_t *count, uint64_t flags)
{
	struct emu_map *map = map_of(handle);
	int begin;

	if (!map_may_write(handle))
		return -EPERM;
	if (!map->ops->delete_batch)
		return -ENOTSUPP;
	begin = batch_begin(map, count, flags);
	return begin <= 0 ? begin : map->ops->delete_batch(map, keys, count, flags);
}

/*
 * The token is the last key that was looked at. A key whose value is gone (or was never set, as
 * in an array of maps) is stepped over; any other error gives no elements at all.
 */
int generic_lookup_batch(struct emu_map *map, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t flags)
{
	uint32_t room = *count, done = 0;
	cleanup_free unsigned char *previous = malloc(2 * (size_t)map->key_size);
	unsigned char *key = previous + map->key_size;
	bool started = in;
	int error = 0;

	*count = 0;
	if (!previous)
		return -ENOMEM;
	if (in)
		memcpy(previous, in, map->key_size);
	while (done < room) {
		error = map->ops->next_key(map, started ? previous : NULL, key);
		if (error)
			break;
		error = map->ops->lookup(map, key, (char *)values + done * map->value_bytes, flags);
		if (error && error != -ENOENT)
			return error;
		if (!error)
			memcpy((char *)keys + (size_t)done++ * map->key_size, key, map->key_size);
		memcpy(previous, key, map->key_size);
		started = true;
		error = 0;
	}
	if (done)
		memcpy(out, previous, map->key_size);
	*count = done;
	return error;
}

int generic_update_batch(struct emu_map *map, const void *keys, const void *values, uint32_t *count,
			 uint64_t flags)
{
	const char *key = keys, *value = values;
	uint32_t done;
	int error = 0;

	for (done = 0; done < *count; done++) {
		error = map->ops->update(map, key, value, flags);
		if (error)
			break;
		key += map->key_size;
		value += map->value_bytes;
	}
	*count = done;
	return error;
}

int generic_delete_batch(struct emu_map *map, const void *keys, uint32_t *count, uint64_t flags)
{
	const char *key = keys;
	uint32_t done;
	int error = 0;

	for (done = 0; done < *count; done++) {
		error = map->ops->delete (map, key);
		if (error)
			break;
		key += map->key_size;
	}
	*count = done;
	return error;
}
