// SPDX-License-Identifier: BSD-2-Clause
/* sockmap: net/core/sock_map.c. */
#include <errno.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/socket_array.h"

#define KERNEL_SOCKMAP_SIZE 376 /* struct bpf_stab */

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	if (!spec->max_entries || spec->key_size != 4 ||
	    (spec->value_size != 4 && spec->value_size != 8) || (spec->map_flags & ~SOCKMAP_FLAGS))
		return -EINVAL;
	return socket_array_alloc(emu, spec, &map_sockmap_ops, KERNEL_SOCKMAP_SIZE, map);
}

/* sock_map_update_common(); takes the file over. */
static int put(struct socket_array *array, uint32_t index, struct emu_file *file, uint64_t flags)
{
	int error;

	if (flags > BPF_EXIST)
		error = -EINVAL;
	else if (index >= array->map.max_entries)
		error = -E2BIG;
	else
		error = 0;
	if (!error) {
		pthread_mutex_lock(&array->lock);
		error = socket_check_flags(socket_array_at(array, index), flags);
		if (!error)
			file = socket_array_set(array, index, file);
		pthread_mutex_unlock(&array->lock);
	}
	file_put(file);
	return error;
}

/* sock_map_update_elem_sys(): the socket is looked at before anything else. */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct emu_file *file;
	int64_t fd;
	int error = socket_value_fd(map, value, &fd);

	if (!error)
		error = file_from_fd(emu_of_map(map), fd, FILE_SOCKETS, -ENOTSOCK, &file);
	if (error)
		return error;
	error = socket_suits_sockmap(file);
	if (!error)
		return put(socket_array_of(map), array_index(key), file, flags);
	file_put(file);
	return error;
}

static int delete (struct emu_map *map, const void *key)
{
	uint32_t index = array_index(key);

	if (index >= map->max_entries)
		return -EINVAL;
	return socket_array_clear(socket_array_of(map), index) ? 0 : -EINVAL;
}

const struct emu_map_ops map_sockmap_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = socket_array_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = socket_array_lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
