// SPDX-License-Identifier: BSD-2-Clause
/* reuseport_sockarray: kernel/bpf/reuseport_array.c. Takes sockets, of which there are none. */
#include <errno.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/sockmap.h"

#define KERNEL_REUSEPORT_SIZE 296 /* struct reuseport_array */

static int alloc_check(struct emu *emu, const struct map_spec *spec)
{
	if (spec->value_size != 4 && spec->value_size != 8)
		return -EINVAL;
	return array_alloc_check(emu, spec);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return simple_alloc(emu, spec, &map_reuseport_sockarray_ops,
			    KERNEL_REUSEPORT_SIZE + (uint64_t)spec->max_entries * 8, map);
}

/* bpf_fd_reuseport_array_update_elem(): unlike sockmap, flags and index come first. */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	int64_t fd;
	int error;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (array_index(key) >= map->max_entries)
		return -E2BIG;
	error = socket_value_fd(map, value, &fd);
	/* A value of 4 bytes is taken for an int, and a negative one for no open file. */
	if (error && map->value_size == sizeof(int))
		return -EBADF;
	return error ? error : fd_as_socket(emu_of_map(map), fd);
}

static int delete (struct emu_map *map, const void *key)
{
	return array_index(key) >= map->max_entries ? -E2BIG : -ENOENT;
}

const struct emu_map_ops map_reuseport_sockarray_ops = {
	.alloc_check = alloc_check,
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.meta_equal = map_meta_equal,
	.lookup = socket_lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
