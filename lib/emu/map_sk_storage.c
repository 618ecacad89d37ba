// SPDX-License-Identifier: BSD-2-Clause
/* sk_storage: the owner is a socket, of which there are none here. */
#include <errno.h>
#include "emu/storage.h"

static int owner(struct emu *emu, int fd)
{
	return fd_as_socket(emu, fd);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return storage_alloc(emu, spec, &map_sk_storage_ops, owner, map);
}

const struct emu_map_ops map_sk_storage_ops = {
	.alloc_check = storage_alloc_check,
	.alloc = alloc,
	.free = storage_free,
	.memory_usage = storage_memory_usage,
	.check_btf = storage_check_btf,
	.meta_equal = map_meta_equal,
	.lookup = storage_lookup,
	.update = storage_update,
	.delete = storage_delete,
};
