// SPDX-License-Identifier: BSD-2-Clause
/*
 * BPF_MAP_*_ELEM: the checks that kernel/bpf/syscall.c makes for every type, in its order. A
 * type without a function of its own answers ENOTSUPP.
 */
#include <errno.h>
#include "emu/map.h"

bool map_may_read(struct handle *handle)
{
	return emu_handle(handle)->mode & HANDLE_READ;
}

bool map_may_write(struct handle *handle)
{
	return (emu_handle(handle)->mode & HANDLE_WRITE) && !map_of(handle)->frozen;
}

bool map_lock_flag_ok(const struct emu_map *map, uint64_t flags)
{
	return !(flags & BPF_F_LOCK) || record_has(&map->record, FIELD_SPIN_LOCK);
}

/* __bpf_copy_key(): a key where the type has keys, and none where it has none. */
static bool key_fits(const struct emu_map *map, const void *key)
{
	return map->key_size || !key;
}

int emu_map_lookup(struct handle *handle, const void *key, void *value, uint64_t flags)
{
	struct emu_map *map = map_of(handle);

	if (flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	if (!map_may_read(handle))
		return -EPERM;
	if (!map_lock_flag_ok(map, flags) || !key_fits(map, key))
		return -EINVAL;
	return map->ops->lookup ? map->ops->lookup(map, key, value, flags) : -ENOTSUPP;
}

int emu_map_update(struct handle *handle, const void *key, const void *value, uint64_t flags)
{
	struct emu_map *map = map_of(handle);

	if (!map_may_write(handle))
		return -EPERM;
	if (!map_lock_flag_ok(map, flags) || !key_fits(map, key))
		return -EINVAL;
	if (map->ops->update_through)
		return map->ops->update_through(map, emu_handle(handle), key, value, flags);
	return map->ops->update ? map->ops->update(map, key, value, flags) : -ENOTSUPP;
}

int emu_map_delete(struct handle *handle, const void *key)
{
	struct emu_map *map = map_of(handle);

	if (!map_may_write(handle))
		return -EPERM;
	if (!key_fits(map, key))
		return -EINVAL;
	return map->ops->delete ? map->ops->delete (map, key) : -ENOTSUPP;
}

int emu_map_next_key(struct handle *handle, const void *key, void *next)
{
	struct emu_map *map = map_of(handle);

	if (!map_may_read(handle))
		return -EPERM;
	if (!key_fits(map, key))
		return -EINVAL;
	return map->ops->next_key ? map->ops->next_key(map, key, next) : -ENOTSUPP;
}

int emu_map_lookup_and_delete(struct handle *handle, const void *key, void *value, uint64_t flags)
{
	struct emu_map *map = map_of(handle);
	bool is_queue = map->type == BPF_MAP_TYPE_QUEUE || map->type == BPF_MAP_TYPE_STACK;

	if (flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	if (!map_may_read(handle) || !map_may_write(handle))
		return -EPERM;
	if ((flags && is_queue) || !map_lock_flag_ok(map, flags) || !key_fits(map, key))
		return -EINVAL;
	if (!map->ops->lookup_and_delete)
		return -ENOTSUPP;
	return map->ops->lookup_and_delete(map, key, value, flags);
}
