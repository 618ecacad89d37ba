// SPDX-License-Identifier: BSD-2-Clause
/* devmap_hash: devices by any number. Buckets by the key's low bits, the newest entry first. */
#include <errno.h>
#include <string.h>
#include "emu/devmap.h"
#include "emu/map_array.h"

static struct devmap_entry **bucket_of(struct devmap *devmap, uint32_t key)
{
	return &devmap->slots[key & (devmap->slot_count - 1)];
}

/* The link that leads to the key's entry, or to NULL at the bucket's end. */
static struct devmap_entry **find(struct devmap *devmap, uint32_t key)
{
	struct devmap_entry **link = bucket_of(devmap, key);

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error = devmap_check(spec);

	if (error || spec->max_entries > 1u << 31)
		return -EINVAL;
	return devmap_alloc(emu, spec, &map_devmap_hash_ops,
			    round_up_power_of_two(spec->max_entries), map);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct devmap *devmap = devmap_of(map);
	struct devmap_entry *entry;

	pthread_mutex_lock(&devmap->lock);
	entry = *find(devmap, array_index(key));
	if (entry)
		devmap_value_write(map, entry, value);
	pthread_mutex_unlock(&devmap->lock);
	return entry ? 0 : -ENOENT;
}

/* Puts an entry in, at its bucket's head; *old is what it takes the place of. */
static int insert(struct devmap *devmap, struct devmap_entry *entry, uint64_t flags,
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

static bool has(struct devmap *devmap, uint32_t key)
{
	bool found;

	pthread_mutex_lock(&devmap->lock);
	found = *find(devmap, key);
	pthread_mutex_unlock(&devmap->lock);
	return found;
}

/* The device table's lock is held. */
static int update_locked(struct devmap *devmap, uint32_t key, const struct devmap_value *value,
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
	struct devmap *devmap = devmap_of(map);
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

static struct devmap_entry *first_from(struct devmap *devmap, uint64_t bucket)
{
	for (; bucket < devmap->slot_count; bucket++)
		if (devmap->slots[bucket])
			return devmap->slots[bucket];
	return NULL;
}

/* dev_map_hash_get_next_key() */
static int next_key(struct emu_map *map, const void *key, void *next)
{
	struct devmap *devmap = devmap_of(map);
	struct devmap_entry *entry;

	pthread_mutex_lock(&devmap->lock);
	entry = key ? *find(devmap, array_index(key)) : NULL;
	if (!entry)
		entry = first_from(devmap, 0);
	else if (entry->next)
		entry = entry->next;
	else
		entry = first_from(devmap, (entry->key & (devmap->slot_count - 1)) + 1);
	if (entry)
		memcpy(next, &entry->key, sizeof(entry->key));
	pthread_mutex_unlock(&devmap->lock);
	return entry ? 0 : -ENOENT;
}

const struct emu_map_ops map_devmap_hash_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = devmap_free,
	.memory_usage = devmap_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
