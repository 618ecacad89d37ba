// SPDX-License-Identifier: BSD-2-Clause
/* cgrp_storage: the owner is a cgroup, of which there are none here. */
#include <errno.h>
#include "emu/storage.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return storage_alloc(emu, spec, &map_cgrp_storage_ops, storage_owner_none, map);
}

const struct emu_map_ops map_cgrp_storage_ops = {
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
