// SPDX-License-Identifier: BSD-2-Clause
/* stack: as queue, but the last value comes first. */
#include "emu/map_queue.h"
#include "emu/map_simple.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return queue_alloc(emu, spec, &map_stack_ops, true, map);
}

const struct emu_map_ops map_stack_ops = {
	.alloc_check = queue_alloc_check,
	.alloc = alloc,
	.free = queue_free,
	.memory_usage = simple_memory_usage,
	.meta_equal = map_meta_equal,
	.lookup = queue_peek,
	.update = queue_push,
	.delete = queue_delete,
	.next_key = queue_next_key,
	.lookup_and_delete = queue_pop,
};
