// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/socket_array.h"

int socket_array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		       uint64_t kernel_size, struct emu_map **map)
{
	struct socket_array *array = calloc(1, sizeof(*array));
	int error = array ? map_init(&array->map, emu, ops, spec,
				     kernel_size + (uint64_t)spec->max_entries * 8)
			  : -ENOMEM;

	if (error) {
		free(array);
		return error;
	}
	array->slots = calloc(spec->max_entries, sizeof(struct emu_file *));
	if (!array->slots) {
		map_destroy(&array->map);
		free(array);
		return -ENOMEM;
	}
	pthread_mutex_init(&array->lock, NULL);
	*map = &array->map;
	return 0;
}

struct emu_file *socket_array_at(struct socket_array *array, uint32_t index)
{
	struct emu_file *file = array->slots[index];

	return file && !file_is_closed(file) ? file : NULL;
}

struct emu_file *socket_array_set(struct socket_array *array, uint32_t index, struct emu_file *file)
{
	struct emu_file *old = array->slots[index];

	array->slots[index] = file;
	if (old && array->left)
		array->left(old);
	return old;
}

bool socket_array_clear(struct socket_array *array, uint32_t index)
{
	struct emu_file *old;
	bool present;

	pthread_mutex_lock(&array->lock);
	present = socket_array_at(array, index);
	old = socket_array_set(array, index, NULL);
	pthread_mutex_unlock(&array->lock);
	file_put(old);
	return present;
}

void socket_array_free(struct emu_map *map)
{
	struct socket_array *array = socket_array_of(map);

	for (uint32_t i = 0; i < map->max_entries; i++)
		socket_array_clear(array, i);
	free(array->slots);
	pthread_mutex_destroy(&array->lock);
	map_destroy(map);
	free(array);
}

int socket_array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct socket_array *array = socket_array_of(map);
	uint32_t index = array_index(key);
	struct emu_file *file;

	if (map->value_size != sizeof(file->serial))
		return -ENOSPC;
	if (index >= map->max_entries)
		return -ENOENT;
	pthread_mutex_lock(&array->lock);
	file = socket_array_at(array, index);
	if (file)
		memcpy(value, &file->serial, sizeof(file->serial));
	pthread_mutex_unlock(&array->lock);
	return file ? 0 : -ENOENT;
}

int socket_value_fd(const struct emu_map *map, const void *value, int64_t *fd)
{
	uint64_t wide;
	uint32_t narrow;

	if (map->value_size == sizeof(wide)) {
		memcpy(&wide, value, sizeof(wide));
	} else {
		memcpy(&narrow, value, sizeof(narrow));
		wide = narrow;
	}
	*fd = (int64_t)wide;
	return wide > INT32_MAX ? -EINVAL : 0;
}

int socket_check_flags(bool present, uint64_t flags)
{
	if (present && flags == BPF_NOEXIST)
		return -EEXIST;
	return !present && flags == BPF_EXIST ? -ENOENT : 0;
}

int socket_suits_sockmap(const struct emu_file *file)
{
	const unsigned suitable =
		FILE_BIT(TCP_LISTENING) | FILE_BIT(UDP_BOUND) | FILE_BIT(REUSEPORT);

	return suitable & 1u << file->kind ? 0 : -EOPNOTSUPP;
}
