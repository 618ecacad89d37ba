// SPDX-License-Identifier: BSD-2-Clause
/*
 * inode_storage: the owner is the inode of a file. Handles of BPF objects and perf events share
 * one, the kernel's anonymous inode; the numbers below all handles are files of their own.
 */
#include <errno.h>
#include "emu/storage.h"

#define ANONYMOUS_INODE FD_FIRST /* any number that is no owner of its own */

static int find_owner(struct emu *emu, int fd, struct storage_owner *owner)
{
	const unsigned with_inode = ~FILE_BIT(PERF_EVENT);
	int error = file_from_fd(emu, fd, with_inode, -EINVAL, &owner->file);

	if (error != -EINVAL)
		return error;
	owner->file = NULL;
	owner->number = fd < FD_FIRST ? fd : ANONYMOUS_INODE;
	return 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return storage_alloc(emu, spec, &map_inode_storage_ops, find_owner, map);
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
