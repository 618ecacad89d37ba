// SPDX-License-Identifier: BSD-2-Clause
/* percpu_array: as array, with a value for each possible CPU. */
#include "emu/map_array.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return array_alloc(emu, spec, &map_percpu_array_ops, map);
}

const struct emu_map_ops map_percpu_array_ops = {
	.alloc_check = array_alloc_check,
	.alloc = alloc,
	.free = array_free,
	.memory_usage = array_memory_usage,
	.check_btf = array_check_btf,
	.meta_equal = map_meta_equal,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.next_key = array_next_key,
	.lookup_batch = generic_lookup_batch,
	.update_batch = generic_update_batch,
};
