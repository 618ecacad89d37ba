// SPDX-License-Identifier: BSD-2-Clause
/* percpu_cgroup_storage: as cgroup_storage, with a value for each possible CPU. */
#include "emu/cgroup_storage.h"
#include "emu/map_simple.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return cgroup_storage_alloc(emu, spec, &map_percpu_cgroup_storage_ops, map);
}

const struct emu_map_ops map_percpu_cgroup_storage_ops = {
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = cgroup_storage_check_btf,
	.lookup = cgroup_storage_lookup,
	.update = cgroup_storage_update,
	.delete = cgroup_storage_delete,
	.next_key = cgroup_storage_next_key,
};
