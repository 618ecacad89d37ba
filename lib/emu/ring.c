// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/map_simple.h"
#include "emu/ring.h"

#define PAGE 4096
#define META_PAGES 3		/* the ring's own, the consumer's and the producer's position */
#define KERNEL_RINGBUF_SIZE 304 /* struct bpf_ringbuf_map */

/* ringbuf_map_mem_usage(): the data's pages are mapped twice in a row. */
static uint64_t kernel_bytes(uint64_t size)
{
	uint64_t pages = size / PAGE;

	return KERNEL_RINGBUF_SIZE + (META_PAGES + pages) * PAGE + (META_PAGES + 2 * pages) * 8;
}

/* ringbuf_map_alloc() */
int ring_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
	       struct emu_map **map)
{
	uint32_t size = spec->max_entries;
	int error;

	if ((spec->map_flags & ~BPF_F_NUMA_NODE) || spec->key_size || spec->value_size || !size ||
	    (size & (size - 1)) || size % PAGE)
		return -EINVAL;
	error = simple_alloc(emu, spec, ops, kernel_bytes(size), map);
	if (error)
		return error;
	(*map)->records = record_queue_new(size);
	if ((*map)->records)
		return 0;
	simple_free(*map);
	return -ENOMEM;
}
