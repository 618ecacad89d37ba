// SPDX-License-Identifier: BSD-2-Clause
/* devmap: devices by index, for redirection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/devmap.h"
#include "emu/map_array.h"

struct devmap {
	struct emu_map map;
	pthread_mutex_t lock;
	struct devmap_entry **slots;
	uint32_t count; /* of entries, as the kernel counts for its memory: see exchange() */
	struct netdev_notifier notifier;
};

static struct devmap *devmap_of(struct emu_map *map)
{
	return (struct devmap *)map;
}

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

static void gone(struct netdev_notifier *notifier, uint32_t ifindex)
{
	struct devmap *devmap =
		(struct devmap *)((char *)notifier - offsetof(struct devmap, notifier));

	for (uint32_t i = 0; i < devmap->map.max_entries; i++) {
		struct devmap_entry *entry = NULL;

		pthread_mutex_lock(&devmap->lock);
		if (devmap->slots[i] && devmap->slots[i]->ifindex == ifindex)
			entry = take_locked(devmap, i);
		pthread_mutex_unlock(&devmap->lock);
		devmap_entry_free(entry);
	}
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct devmap *devmap;
	int error = devmap_check(spec);

	if (error)
		return error;
	devmap = calloc(1, sizeof(*devmap));
	error = devmap ? map_init(&devmap->map, emu, &map_devmap_ops, spec,
				  KERNEL_DEVMAP_SIZE + (uint64_t)spec->max_entries * 8)
		       : -ENOMEM;
	if (error) {
		free(devmap);
		return error;
	}
	/* Programs read from it only: lookup gives them a pointer to a device. */
	devmap->map.map_flags |= BPF_F_RDONLY_PROG;
	devmap->slots = calloc(spec->max_entries, sizeof(*devmap->slots));
	if (!devmap->slots) {
		map_destroy(&devmap->map);
		free(devmap);
		return -ENOMEM;
	}
	pthread_mutex_init(&devmap->lock, NULL);
	devmap->notifier.gone = gone;
	netdev_notifier_add(&emu->netdevs, &devmap->notifier);
	*map = &devmap->map;
	return 0;
}

static void devmap_free(struct emu_map *map)
{
	struct devmap *devmap = devmap_of(map);

	netdev_notifier_remove(&emu_of_map(map)->netdevs, &devmap->notifier);
	for (uint32_t i = 0; i < map->max_entries; i++)
		devmap_entry_free(devmap->slots[i]);
	free(devmap->slots);
	pthread_mutex_destroy(&devmap->lock);
	map_destroy(map);
	free(devmap);
}

/* dev_map_mem_usage() */
static uint64_t memory_usage(struct emu_map *map)
{
	struct devmap *devmap = devmap_of(map);
	uint64_t bytes;

	pthread_mutex_lock(&devmap->lock);
	bytes = map->reserved + (uint64_t)devmap->count * KERNEL_DEVMAP_ENTRY_SIZE;
	pthread_mutex_unlock(&devmap->lock);
	return bytes;
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
	.memory_usage = memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
