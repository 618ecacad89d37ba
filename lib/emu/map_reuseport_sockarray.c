// SPDX-License-Identifier: BSD-2-Clause
/* reuseport_sockarray: kernel/bpf/reuseport_array.c. A socket sits in one slot of one map. */
#include <errno.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/socket_array.h"

#define KERNEL_REUSEPORT_SIZE 296 /* struct reuseport_array */

static int alloc_check(struct emu *emu, const struct map_spec *spec)
{
	if (spec->value_size != 4 && spec->value_size != 8)
		return -EINVAL;
	return array_alloc_check(emu, spec);
}

static void left(struct emu_file *file)
{
	file->in_reuseport = false;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error = socket_array_alloc(emu, spec, &map_reuseport_sockarray_ops,
				       KERNEL_REUSEPORT_SIZE, map);

	if (!error)
		socket_array_of(*map)->left = left;
	return error;
}

/* A value of 4 bytes is taken for an int, and a negative one for no open file. */
static int value_fd(const struct emu_map *map, const void *value, int64_t *fd)
{
	int error = socket_value_fd(map, value, fd);

	return error && map->value_size == sizeof(int) ? -EBADF : error;
}

/* reuseport_array_update_check() */
static int check(const struct emu_file *file, bool present, uint64_t flags)
{
	int error = socket_check_flags(present, flags);

	if (error)
		return error;
	if (file->kind == EMU_FILE_XSK)
		return -ENOTSUPP;
	return file->kind == EMU_FILE_REUSEPORT ? 0 : -EINVAL;
}

static int put(struct socket_array *array, uint32_t index, struct emu_file *file, uint64_t flags)
{
	int error;

	pthread_mutex_lock(&array->lock);
	error = check(file, socket_array_at(array, index), flags);
	if (!error && atomic_exchange(&file->in_reuseport, true))
		error = -EBUSY;
	if (!error)
		file = socket_array_set(array, index, file);
	pthread_mutex_unlock(&array->lock);
	file_put(file);
	return error;
}

/* bpf_fd_reuseport_array_update_elem(): unlike sockmap, flags and index come first. */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	uint32_t index = array_index(key);
	struct emu_file *file;
	int64_t fd;
	int error;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	error = value_fd(map, value, &fd);
	if (!error)
		error = file_from_fd(emu_of_map(map), fd, FILE_SOCKETS, -ENOTSOCK, &file);
	return error ? error : put(socket_array_of(map), index, file, flags);
}

static int delete (struct emu_map *map, const void *key)
{
	uint32_t index = array_index(key);

	if (index >= map->max_entries)
		return -E2BIG;
	return socket_array_clear(socket_array_of(map), index) ? 0 : -ENOENT;
}

const struct emu_map_ops map_reuseport_sockarray_ops = {
	.alloc_check = alloc_check,
	.alloc = alloc,
	.free = socket_array_free,
	.memory_usage = simple_memory_usage,
	.meta_equal = map_meta_equal,
	.lookup = socket_array_lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
