// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/fd_array.h"
#include "emu/map_array.h"

#define FD_ARRAY_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

int fd_array_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	uint32_t flags = FD_ARRAY_FLAGS;

	if (spec->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		flags |= BPF_F_PRESERVE_ELEMS;
	if (spec->value_size != 4 || spec->key_size != 4 || !spec->max_entries ||
	    (spec->map_flags & ~flags))
		return -EINVAL;
	return 0;
}

int fd_array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		   int (*accept_fd)(struct fd_array *array, int fd, struct emu_object **object),
		   struct emu_map **map)
{
	struct fd_array *array = calloc(1, sizeof(*array));
	int error = array ? map_init(&array->map, emu, ops, spec,
				     KERNEL_ARRAY_SIZE + (uint64_t)spec->max_entries * 8)
			  : -ENOMEM;

	if (error) {
		free(array);
		return error;
	}
	array->accept_fd = accept_fd;
	array->slots = calloc(spec->max_entries, sizeof(*array->slots));
	error = array->slots ? lock_stripes_init(&array->locks, spec->max_entries) : -ENOMEM;
	if (error) {
		fd_array_free(&array->map);
		return error;
	}
	*map = &array->map;
	return 0;
}

/* Puts an object, or NULL, into a slot; what was there is the caller's. */
static struct emu_object *exchange(struct fd_array *array, uint32_t index,
				   struct emu_object *object, const struct emu_handle *handle)
{
	struct emu_object *old;

	stripe_lock(&array->locks, index);
	old = array->slots[index];
	array->slots[index] = object;
	if (array->through)
		array->through[index] = handle;
	stripe_unlock(&array->locks, index);
	return old;
}

void fd_array_clear(struct emu_map *map)
{
	for (uint32_t i = 0; i < map->max_entries; i++)
		object_put(exchange(fd_array_of(map), i, NULL, NULL));
}

void fd_array_free(struct emu_map *map)
{
	struct fd_array *array = fd_array_of(map);

	if (array->locks.stripes)
		fd_array_clear(map);
	lock_stripes_destroy(&array->locks);
	free(array->slots);
	free(array->through);
	free(array->context);
	map_destroy(map);
	free(array);
}

int fd_array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct fd_array *array = fd_array_of(map);
	uint32_t index = array_index(key), id = 0;
	struct emu_object *object;

	if (index >= map->max_entries)
		return -ENOENT;
	stripe_lock(&array->locks, index);
	object = array->slots[index];
	if (object)
		id = object->id;
	stripe_unlock(&array->locks, index);
	if (!object)
		return -ENOENT;
	memcpy(value, &id, sizeof(id));
	return 0;
}

/* bpf_fd_array_map_update_elem() */
int fd_array_update_through(struct emu_map *map, const struct emu_handle *handle, const void *key,
			    const void *value, uint64_t flags)
{
	struct fd_array *array = fd_array_of(map);
	uint32_t index = array_index(key);
	struct emu_object *object;
	int fd, error;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	memcpy(&fd, value, sizeof(fd));
	error = array->accept_fd(array, fd, &object);
	if (error)
		return error;
	object_put(exchange(array, index, object, handle));
	return 0;
}

int fd_array_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	return fd_array_update_through(map, NULL, key, value, flags);
}

static struct emu_object *take_if_through(struct fd_array *array, uint32_t index,
					  const struct emu_handle *handle)
{
	struct emu_object *object = NULL;

	stripe_lock(&array->locks, index);
	if (array->through[index] == handle) {
		object = array->slots[index];
		array->slots[index] = NULL;
		array->through[index] = NULL;
	}
	stripe_unlock(&array->locks, index);
	return object;
}

void fd_array_handle_gone(struct emu_map *map, const struct emu_handle *handle)
{
	struct fd_array *array = fd_array_of(map);

	for (uint32_t i = 0; array->through && i < map->max_entries; i++)
		object_put(take_if_through(array, i, handle));
}

int fd_array_delete(struct emu_map *map, const void *key)
{
	uint32_t index = array_index(key);
	struct emu_object *old;

	if (index >= map->max_entries)
		return -E2BIG;
	old = exchange(fd_array_of(map), index, NULL, NULL);
	object_put(old);
	return old ? 0 : -ENOENT;
}
