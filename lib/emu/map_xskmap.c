// SPDX-License-Identifier: BSD-2-Clause
/* xskmap: net/xdp/xskmap.c. AF_XDP sockets, of which nothing can be looked up. */
#include <errno.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/socket_array.h"

#define KERNEL_XSKMAP_SIZE 304 /* struct xsk_map */
#define KERNEL_NODE_SIZE 32    /* struct xsk_map_node */

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	if (!spec->max_entries || spec->key_size != 4 || spec->value_size != 4 ||
	    (spec->map_flags & ~SOCKMAP_FLAGS))
		return -EINVAL;
	return socket_array_alloc(emu, spec, &map_xskmap_ops, KERNEL_XSKMAP_SIZE, map);
}

static uint64_t memory_usage(struct emu_map *map)
{
	struct socket_array *array = socket_array_of(map);
	uint64_t count = 0;

	pthread_mutex_lock(&array->lock);
	for (uint32_t i = 0; i < map->max_entries; i++)
		if (socket_array_at(array, i))
			count++;
	pthread_mutex_unlock(&array->lock);
	return map->reserved + count * KERNEL_NODE_SIZE;
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return -EOPNOTSUPP;
}

/* To put in what is there already is right whatever the flags. */
static int put(struct socket_array *array, uint32_t index, struct emu_file *file, uint64_t flags)
{
	struct emu_file *old;
	int error = 0;

	pthread_mutex_lock(&array->lock);
	old = socket_array_at(array, index);
	if (old != file)
		error = socket_check_flags(old, flags);
	if (old != file && !error)
		file = socket_array_set(array, index, file);
	pthread_mutex_unlock(&array->lock);
	file_put(file);
	return error;
}

/* xsk_map_update_elem() */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	uint32_t index = array_index(key);
	struct emu_file *file;
	int fd, error;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	memcpy(&fd, value, sizeof(fd));
	error = file_from_fd(emu_of_map(map), fd, FILE_SOCKETS, -ENOTSOCK, &file);
	if (error)
		return error;
	if (file->kind == EMU_FILE_XSK)
		return put(socket_array_of(map), index, file, flags);
	file_put(file);
	return -EOPNOTSUPP;
}

static int delete (struct emu_map *map, const void *key)
{
	uint32_t index = array_index(key);

	if (index >= map->max_entries)
		return -EINVAL;
	socket_array_clear(socket_array_of(map), index);
	return 0;
}

/* xsk_map_meta_equal() */
static bool meta_equal(const struct emu_map *template, const struct emu_map *inner)
{
	return template->max_entries == inner->max_entries && map_meta_equal(template, inner);
}

const struct emu_map_ops map_xskmap_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = socket_array_free,
	.memory_usage = memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
