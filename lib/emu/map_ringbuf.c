// SPDX-License-Identifier: BSD-2-Clause
/* ringbuf: kernel/bpf/ringbuf.c. Records from programs to user space; no element operations. */
#include "emu/map_simple.h"
#include "emu/ring.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return ring_alloc(emu, spec, &map_ringbuf_ops, map);
}

const struct emu_map_ops map_ringbuf_ops = {
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.meta_equal = map_meta_equal,
};
