// SPDX-License-Identifier: BSD-2-Clause
/* devmap_hash: devices by any number. Buckets by the key's low bits, the newest entry first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/devmap.h"
#include "emu/map_array.h"

struct devmap_hash {
	struct emu_map map;
	pthread_mutex_t lock;
	struct devmap_entry **buckets;
	uint32_t bucket_mask;
	uint32_t count;
	struct netdev_notifier notifier;
};

static struct devmap_hash *devmap_of(struct emu_map *map)
{
	return (struct devmap_hash *)map;
}

static struct devmap_entry **bucket_of(struct devmap_hash *devmap, uint32_t key)
{
	return &devmap->buckets[key & devmap->bucket_mask];
}

/* The link that leads to the key's entry, or to NULL at the bucket's end. */
static struct devmap_entry **find(struct devmap_hash *devmap, uint32_t key)
{
	struct devmap_entry **link = bucket_of(devmap, key);

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

static void free_all(struct devmap_entry *entry)
{
	while (entry) {
		struct devmap_entry *next = entry->next;

		devmap_entry_free(entry);
		entry = next;
	}
}

static void gone(struct netdev_notifier *notifier, uint32_t ifindex)
{
	struct devmap_hash *devmap =
		(struct devmap_hash *)((char *)notifier - offsetof(struct devmap_hash, notifier));
	struct devmap_entry *removed = NULL;

	pthread_mutex_lock(&devmap->lock);
	for (uint64_t bucket = 0; bucket <= devmap->bucket_mask; bucket++) {
		struct devmap_entry **link = &devmap->buckets[bucket];

		while (*link) {
			struct devmap_entry *entry = *link;

			if (entry->ifindex != ifindex) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			entry->next = removed;
			removed = entry;
			devmap->count--;
		}
	}
	pthread_mutex_unlock(&devmap->lock);
	free_all(removed);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct devmap_hash *devmap;
	uint64_t buckets = 1;
	int error = devmap_check(spec);

	if (error || spec->max_entries > 1u << 31)
		return -EINVAL;
	while (buckets < spec->max_entries)
		buckets *= 2;
	devmap = calloc(1, sizeof(*devmap));
	error = devmap ? map_init(&devmap->map, emu, &map_devmap_hash_ops, spec,
				  KERNEL_DEVMAP_SIZE + buckets * 8)
		       : -ENOMEM;
	if (error) {
		free(devmap);
		return error;
	}
	devmap->map.map_flags |= BPF_F_RDONLY_PROG;
	devmap->bucket_mask = (uint32_t)(buckets - 1);
	devmap->buckets = calloc(buckets, sizeof(*devmap->buckets));
	if (!devmap->buckets) {
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
	struct devmap_hash *devmap = devmap_of(map);

	netdev_notifier_remove(&emu_of_map(map)->netdevs, &devmap->notifier);
	for (uint64_t bucket = 0; bucket <= devmap->bucket_mask; bucket++)
		free_all(devmap->buckets[bucket]);
	free(devmap->buckets);
	pthread_mutex_destroy(&devmap->lock);
	map_destroy(map);
	free(devmap);
}

static uint64_t memory_usage(struct emu_map *map)
{
	struct devmap_hash *devmap = devmap_of(map);
	uint64_t bytes;

	pthread_mutex_lock(&devmap->lock);
	bytes = map->reserved + (uint64_t)devmap->count * KERNEL_DEVMAP_ENTRY_SIZE;
	pthread_mutex_unlock(&devmap->lock);
	return bytes;
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct devmap_hash *devmap = devmap_of(map);
	struct devmap_entry *entry;

	pthread_mutex_lock(&devmap->lock);
	entry = *find(devmap, array_index(key));
	if (entry)
		devmap_value_write(map, entry, value);
	pthread_mutex_unlock(&devmap->lock);
	return entry ? 0 : -ENOENT;
}

/* Puts an entry in, at its bucket's head; *old is what it takes the place of. */
static int insert(struct devmap_hash *devmap, struct devmap_entry *entry, uint64_t flags,
		  struct devmap_entry **old)
{
	struct devmap_entry **link = find(devmap, entry->key), **bucket;

	if (*link && (flags & BPF_NOEXIST))
		return -EEXIST;
	if (!*link && devmap->count >= devmap->map.max_entries)
		return -E2BIG;
	*old = *link;
	if (*old)
		*link = (*old)->next;
	else
		devmap->count++;
	bucket = bucket_of(devmap, entry->key);
	entry->next = *bucket;
	*bucket = entry;
	return 0;
}

static bool has(struct devmap_hash *devmap, uint32_t key)
{
	bool found;

	pthread_mutex_lock(&devmap->lock);
	found = *find(devmap, key);
	pthread_mutex_unlock(&devmap->lock);
	return found;
}

/* The device table's lock is held. */
static int update_locked(struct devmap_hash *devmap, uint32_t key, const struct devmap_value *value,
			 uint64_t flags, struct devmap_entry **old)
{
	struct devmap_entry *entry;
	int error;

	if ((flags & BPF_NOEXIST) && has(devmap, key))
		return -EEXIST;
	error = devmap_entry_new(&devmap->map, key, value, &entry);
	if (error)
		return error;
	pthread_mutex_lock(&devmap->lock);
	error = insert(devmap, entry, flags, old);
	pthread_mutex_unlock(&devmap->lock);
	if (error)
		*old = entry;
	return error;
}

/* dev_map_hash_update_elem(): BPF_EXIST is not looked at. */
static int update(struct emu_map *map, const void *key, const void *bytes, uint64_t flags)
{
	struct netdev_table *netdevs = &emu_of_map(map)->netdevs;
	struct devmap_value value = devmap_value_read(map, bytes);
	struct devmap_entry *old = NULL;
	int error;

	if (flags > BPF_EXIST || !value.ifindex)
		return -EINVAL;
	pthread_rwlock_rdlock(&netdevs->lock);
	error = update_locked(devmap_of(map), array_index(key), &value, flags, &old);
	pthread_rwlock_unlock(&netdevs->lock);
	devmap_entry_free(old);
	return error;
}

static int delete (struct emu_map *map, const void *key)
{
	struct devmap_hash *devmap = devmap_of(map);
	struct devmap_entry **link, *entry;

	pthread_mutex_lock(&devmap->lock);
	link = find(devmap, array_index(key));
	entry = *link;
	if (entry) {
		*link = entry->next;
		devmap->count--;
	}
	pthread_mutex_unlock(&devmap->lock);
	devmap_entry_free(entry);
	return entry ? 0 : -ENOENT;
}

static struct devmap_entry *first_from(struct devmap_hash *devmap, uint64_t bucket)
{
	for (; bucket <= devmap->bucket_mask; bucket++)
		if (devmap->buckets[bucket])
			return devmap->buckets[bucket];
	return NULL;
}

/* dev_map_hash_get_next_key() */
static int next_key(struct emu_map *map, const void *key, void *next)
{
	struct devmap_hash *devmap = devmap_of(map);
	struct devmap_entry *entry;

	pthread_mutex_lock(&devmap->lock);
	entry = key ? *find(devmap, array_index(key)) : NULL;
	if (!entry)
		entry = first_from(devmap, 0);
	else if (entry->next)
		entry = entry->next;
	else
		entry = first_from(devmap, (uint64_t)(entry->key & devmap->bucket_mask) + 1);
	if (entry)
		memcpy(next, &entry->key, sizeof(entry->key));
	pthread_mutex_unlock(&devmap->lock);
	return entry ? 0 : -ENOENT;
}

const struct emu_map_ops map_devmap_hash_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = devmap_free,
	.memory_usage = memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
