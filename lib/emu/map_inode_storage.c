// SPDX-License-Identifier: BSD-2-Clause
/* inode_storage: the owner is the inode of a file. BPF handles share one, the kernel's anonymous
 * inode; the numbers below them are a terminal or the like, another one. */
#include <errno.h>
#include "emu/storage.h"

#define ANONYMOUS_INODE 3 /* 0 to 2: the three files that are no handles */

static int owner(struct emu *emu, int fd)
{
	if (!fd_is_open(emu, fd))
		return -EBADF;
	return fd < ANONYMOUS_INODE ? fd : ANONYMOUS_INODE;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return storage_alloc(emu, spec, &map_inode_storage_ops, owner, map);
}

const struct emu_map_ops map_inode_storage_ops = {
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
