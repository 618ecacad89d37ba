// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/storage.h"

#define STORAGE_FLAGS (BPF_F_NO_PREALLOC | BPF_F_CLONE)
#define KERNEL_STORAGE_SIZE 448 /* struct bpf_local_storage_map */
#define KERNEL_BUCKET_SIZE 16	/* struct bpf_local_storage_map_bucket */

struct storage_map {
	struct emu_map map;
	pthread_mutex_t lock;
	storage_owner_fn owner;
	bool present[STORAGE_OWNERS];
	unsigned char *values; /* STORAGE_OWNERS of value_size */
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
	uint64_t buckets = 2;

	while (buckets < cpus)
		buckets *= 2;
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
	storage->values = calloc(STORAGE_OWNERS, spec->value_size);
	if (!storage->values) {
		storage_free(&storage->map);
		return -ENOMEM;
	}
	*map = &storage->map;
	return 0;
}

void storage_free(struct emu_map *map)
{
	struct storage_map *storage = storage_of(map);

	pthread_mutex_destroy(&storage->lock);
	free(storage->values);
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

static int owner_of(const struct storage_map *storage, const void *key)
{
	int fd;

	memcpy(&fd, key, sizeof(fd));
	return storage->owner(emu_of_map(&storage->map), fd);
}

static unsigned char *value_of(const struct storage_map *storage, int owner)
{
	return storage->values + (size_t)owner * storage->map.value_size;
}

int storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct storage_map *storage = storage_of(map);
	int owner = owner_of(storage, key);
	bool present;

	if (owner < 0)
		return owner;
	pthread_mutex_lock(&storage->lock);
	present = storage->present[owner];
	if (present)
		memcpy(value, value_of(storage, owner), map->value_size);
	pthread_mutex_unlock(&storage->lock);
	if (!present)
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

/* bpf_local_storage_update(): the owner is looked for before the flags are looked at. */
int storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct storage_map *storage = storage_of(map);
	int error, owner = owner_of(storage, key);

	if (owner < 0)
		return owner;
	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	pthread_mutex_lock(&storage->lock);
	error = check_flags(storage->present[owner], flags);
	if (!error) {
		storage->present[owner] = true;
		memcpy(value_of(storage, owner), value, map->value_size);
	}
	pthread_mutex_unlock(&storage->lock);
	return error;
}

int storage_delete(struct emu_map *map, const void *key)
{
	struct storage_map *storage = storage_of(map);
	int owner = owner_of(storage, key);
	bool present;

	if (owner < 0)
		return owner;
	pthread_mutex_lock(&storage->lock);
	present = storage->present[owner];
	storage->present[owner] = false;
	pthread_mutex_unlock(&storage->lock);
	return present ? 0 : -ENOENT;
}

int storage_owner_none(struct emu *emu, int fd)
{
	return -EBADF;
}
