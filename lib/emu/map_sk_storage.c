// SPDX-License-Identifier: BSD-2-Clause
/* sk_storage: the owner is a socket. */
#include <errno.h>
#include "emu/storage.h"

static int find_owner(struct emu *emu, int fd, struct storage_owner *owner)
{
	return file_from_fd(emu, fd, FILE_SOCKETS, -ENOTSOCK, &owner->file);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return storage_alloc(emu, spec, &map_sk_storage_ops, find_owner, map);
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
