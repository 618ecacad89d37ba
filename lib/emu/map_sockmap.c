// SPDX-License-Identifier: BSD-2-Clause
/* sockmap: net/core/sock_map.c. Takes sockets, of which there are none here. */
#include <errno.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/sockmap.h"

#define KERNEL_SOCKMAP_SIZE 376 /* struct bpf_stab */

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	if (!spec->max_entries || spec->key_size != 4 ||
	    (spec->value_size != 4 && spec->value_size != 8) || (spec->map_flags & ~SOCKMAP_FLAGS))
		return -EINVAL;
	return simple_alloc(emu, spec, &map_sockmap_ops,
			    KERNEL_SOCKMAP_SIZE + (uint64_t)spec->max_entries * 8, map);
}

static int delete (struct emu_map *map, const void *key)
{
	return -EINVAL;
}

const struct emu_map_ops map_sockmap_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = socket_lookup,
	.update = socket_update,
	.delete = delete,
	.next_key = array_next_key,
};
