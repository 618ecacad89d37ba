// SPDX-License-Identifier: BSD-2-Clause
/* xskmap: net/xdp/xskmap.c. Takes AF_XDP sockets, of which there are none here. */
#include <errno.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"

#define XSKMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)
#define KERNEL_XSKMAP_SIZE 304 /* struct xsk_map */

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	if (!spec->max_entries || spec->key_size != 4 || spec->value_size != 4 ||
	    (spec->map_flags & ~XSKMAP_FLAGS))
		return -EINVAL;
	return simple_alloc(emu, spec, &map_xskmap_ops,
			    KERNEL_XSKMAP_SIZE + (uint64_t)spec->max_entries * 8, map);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return -EOPNOTSUPP;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	int fd;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (array_index(key) >= map->max_entries)
		return -E2BIG;
	memcpy(&fd, value, sizeof(fd));
	return fd_as_socket(emu_of_map(map), fd);
}

static int delete (struct emu_map *map, const void *key)
{
	return array_index(key) >= map->max_entries ? -EINVAL : 0;
}

/* xsk_map_meta_equal() */
static bool meta_equal(const struct emu_map *template, const struct emu_map *inner)
{
	return template->max_entries == inner->max_entries && map_meta_equal(template, inner);
}

const struct emu_map_ops map_xskmap_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
