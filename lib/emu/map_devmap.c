// SPDX-License-Identifier: BSD-2-Clause
/* devmap: devices by index, for redirection. */
#include <errno.h>
#include "emu/devmap.h"
#include "emu/map_array.h"

/* Puts an entry, or NULL, into a slot; what was there is the caller's. The lock is held. */
static struct devmap_entry *put_locked(struct devmap *devmap, uint32_t index,
				       struct devmap_entry *entry)
{
	struct devmap_entry *old = devmap->slots[index];

	devmap->slots[index] = entry;
	return old;
}

/* Empties a slot: what was there is the caller's. The lock is held. */
static struct devmap_entry *take_locked(struct devmap *devmap, uint32_t index)
{
	struct devmap_entry *old = put_locked(devmap, index, NULL);

	if (old)
		devmap->count--;
	return old;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error = devmap_check(spec);

	return error ? error : devmap_alloc(emu, spec, &map_devmap_ops, spec->max_entries, map);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct devmap *devmap = devmap_of(map);
	uint32_t index = array_index(key);
	struct devmap_entry *entry;

	if (index >= map->max_entries)
		return -ENOENT;
	pthread_mutex_lock(&devmap->lock);
	entry = devmap->slots[index];
	if (entry)
		devmap_value_write(map, entry, value);
	pthread_mutex_unlock(&devmap->lock);
	return entry ? 0 : -ENOENT;
}

/* An update of an empty slot counts as one entry more, even if it leaves the slot empty. */
static struct devmap_entry *exchange(struct devmap *devmap, uint32_t index,
				     struct devmap_entry *entry)
{
	struct devmap_entry *old;

	pthread_mutex_lock(&devmap->lock);
	old = put_locked(devmap, index, entry);
	if (!old)
		devmap->count++;
	pthread_mutex_unlock(&devmap->lock);
	return old;
}

/* dev_map_update_elem(): an entry counts as there even when its slot is empty. */
static int update(struct emu_map *map, const void *key, const void *bytes, uint64_t flags)
{
	struct netdev_table *netdevs = &emu_of_map(map)->netdevs;
	struct devmap_value value = devmap_value_read(map, bytes);
	uint32_t index = array_index(key);
	struct devmap_entry *entry = NULL, *old = NULL;
	int error = 0;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (!value.ifindex && value.prog.fd > 0)
		return -EINVAL;
	pthread_rwlock_rdlock(&netdevs->lock);
	if (value.ifindex)
		error = devmap_entry_new(map, index, &value, &entry);
	if (!error)
		old = exchange(devmap_of(map), index, entry);
	pthread_rwlock_unlock(&netdevs->lock);
	devmap_entry_free(old);
	return error;
}

static int delete (struct emu_map *map, const void *key)
{
	struct devmap *devmap = devmap_of(map);
	uint32_t index = array_index(key);
	struct devmap_entry *old;

	if (index >= map->max_entries)
		return -EINVAL;
	pthread_mutex_lock(&devmap->lock);
	old = take_locked(devmap, index);
	pthread_mutex_unlock(&devmap->lock);
	devmap_entry_free(old);
	return 0;
}

const struct emu_map_ops map_devmap_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = devmap_free,
	.memory_usage = devmap_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
