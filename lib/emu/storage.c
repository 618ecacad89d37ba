// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/storage.h"

#define STORAGE_FLAGS (BPF_F_NO_PREALLOC | BPF_F_CLONE)
#define KERNEL_STORAGE_SIZE 448 /* struct bpf_local_storage_map */
#define KERNEL_BUCKET_SIZE 16	/* struct bpf_local_storage_map_bucket */

struct storage_value {
	struct storage_value *next;
	struct storage_owner owner;
	unsigned char bytes[];
};

struct storage_map {
	struct emu_map map;
	pthread_mutex_t lock;
	storage_owner_fn owner;
	struct storage_value *values;
};

static struct storage_map *storage_of(struct emu_map *map)
{
	return (struct storage_map *)map;
}

/* bpf_local_storage_map_alloc_check() */
int storage_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	if ((spec->map_flags & ~STORAGE_FLAGS) || !(spec->map_flags & BPF_F_NO_PREALLOC) ||
	    spec->max_entries || spec->key_size != sizeof(int) || !spec->value_size ||
	    !spec->btf_key_type_id || !spec->btf_value_type_id)
		return -EINVAL;
	return spec->value_size > STORAGE_VALUE_MAX ? -E2BIG : 0;
}

static uint64_t kernel_bytes(unsigned cpus)
{
	uint64_t buckets = round_up_power_of_two(cpus > 2 ? cpus : 2);

	return KERNEL_STORAGE_SIZE + buckets * KERNEL_BUCKET_SIZE;
}

int storage_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  storage_owner_fn owner, struct emu_map **map)
{
	struct storage_map *storage = calloc(1, sizeof(*storage));
	int error = storage ? map_init(&storage->map, emu, ops, spec,
				       kernel_bytes(emu->backend.possible_cpus))
			    : -ENOMEM;

	if (error) {
		free(storage);
		return error;
	}
	pthread_mutex_init(&storage->lock, NULL);
	storage->owner = owner;
	*map = &storage->map;
	return 0;
}

static void value_free(struct storage_value *value)
{
	if (!value)
		return;
	file_put(value->owner.file);
	free(value);
}

void storage_free(struct emu_map *map)
{
	struct storage_map *storage = storage_of(map);

	while (storage->values) {
		struct storage_value *value = storage->values;

		storage->values = value->next;
		value_free(value);
	}
	pthread_mutex_destroy(&storage->lock);
	map_destroy(map);
	free(storage);
}

uint64_t storage_memory_usage(struct emu_map *map)
{
	return map->reserved;
}

/* bpf_local_storage_map_check_btf() */
int storage_check_btf(const struct emu_map *map, const struct btf_types *types)
{
	return btf_is_int32(types->key) ? 0 : -EINVAL;
}

static int owner_of(const struct storage_map *storage, const void *key, struct storage_owner *owner)
{
	int fd;

	memcpy(&fd, key, sizeof(fd));
	*owner = (struct storage_owner){0};
	return storage->owner(emu_of_map(&storage->map), fd, owner);
}

/* The link that leads to the owner's value, or to NULL. The lock is held. */
static struct storage_value **find(struct storage_map *storage, const struct storage_owner *owner)
{
	struct storage_value **link = &storage->values;

	while (*link &&
	       ((*link)->owner.file != owner->file || (*link)->owner.number != owner->number))
		link = &(*link)->next;
	return link;
}

/* Values whose owners have been closed, taken out. The lock is held. */
static struct storage_value *take_orphans(struct storage_map *storage)
{
	struct storage_value **link = &storage->values, *orphans = NULL;

	while (*link) {
		struct storage_value *value = *link;

		if (!value->owner.file || !file_is_closed(value->owner.file)) {
			link = &value->next;
			continue;
		}
		*link = value->next;
		value->next = orphans;
		orphans = value;
	}
	return orphans;
}

int storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct storage_map *storage = storage_of(map);
	const struct storage_value *found;
	struct storage_owner owner;
	int error = owner_of(storage, key, &owner);

	if (error)
		return error;
	pthread_mutex_lock(&storage->lock);
	found = *find(storage, &owner);
	if (found)
		memcpy(value, found->bytes, map->value_size);
	pthread_mutex_unlock(&storage->lock);
	file_put(owner.file);
	if (!found)
		return -ENOENT;
	map_hide_special_fields(map, value);
	return 0;
}

/* check_flags() of bpf_local_storage.c */
static int check_flags(bool present, uint64_t flags)
{
	flags &= ~(uint64_t)BPF_F_LOCK;
	if (present && flags == BPF_NOEXIST)
		return -EEXIST;
	return !present && flags == BPF_EXIST ? -ENOENT : 0;
}

/* Takes the owner's reference over if it needs it, and says so by taking it away. */
static int put(struct storage_map *storage, struct storage_owner *owner, const void *bytes,
	       uint64_t flags)
{
	struct storage_value *value = *find(storage, owner);
	int error = check_flags(value, flags);

	if (error)
		return error;
	if (!value) {
		value = malloc(sizeof(*value) + storage->map.value_size);
		if (!value)
			return -ENOMEM;
		value->owner = *owner;
		value->next = storage->values;
		storage->values = value;
		owner->file = NULL;
	}
	memcpy(value->bytes, bytes, storage->map.value_size);
	return 0;
}

/* bpf_local_storage_update(): the owner is looked for before the flags are looked at. */
int storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct storage_map *storage = storage_of(map);
	struct storage_value *orphans = NULL;
	struct storage_owner owner;
	int error = owner_of(storage, key, &owner);

	if (error)
		return error;
	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST) {
		error = -EINVAL;
	} else {
		pthread_mutex_lock(&storage->lock);
		orphans = take_orphans(storage);
		error = put(storage, &owner, value, flags);
		pthread_mutex_unlock(&storage->lock);
	}
	file_put(owner.file);
	while (orphans) {
		struct storage_value *orphan = orphans;

		orphans = orphan->next;
		value_free(orphan);
	}
	return error;
}

int storage_delete(struct emu_map *map, const void *key)
{
	struct storage_map *storage = storage_of(map);
	struct storage_value **link, *value;
	struct storage_owner owner;
	int error = owner_of(storage, key, &owner);

	if (error)
		return error;
	pthread_mutex_lock(&storage->lock);
	link = find(storage, &owner);
	value = *link;
	if (value)
		*link = value->next;
	pthread_mutex_unlock(&storage->lock);
	error = value ? 0 : -ENOENT;
	value_free(value);
	file_put(owner.file);
	return error;
}
