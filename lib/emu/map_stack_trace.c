// SPDX-License-Identifier: BSD-2-Clause
/* stack_trace: kernel/bpf/stackmap.c. Only programs put stacks in, so it stays empty here. */
#include <errno.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"

#define STACK_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID)
#define STACK_DEPTH_MAX 127   /* kernel.perf_event_max_stack */
#define BUILD_ID_SIZE 32      /* struct bpf_stack_build_id */
#define KERNEL_MAP_SIZE 320   /* struct bpf_stack_map */
#define KERNEL_BUCKET_SIZE 16 /* struct stack_map_bucket */

/* stack_map_alloc() checks after the capabilities are known. */
static int check(const struct map_spec *spec)
{
	uint32_t entry = spec->map_flags & BPF_F_STACK_BUILD_ID ? BUILD_ID_SIZE : 8;

	if (spec->map_flags & ~STACK_FLAGS)
		return -EINVAL;
	if (!spec->max_entries || spec->key_size != 4 || spec->value_size < 8 ||
	    spec->value_size % 8)
		return -EINVAL;
	if (spec->value_size % entry || spec->value_size / entry > STACK_DEPTH_MAX)
		return -EINVAL;
	return spec->max_entries > 1u << 31 ? -E2BIG : 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	uint64_t bytes = KERNEL_MAP_SIZE + round_up_power_of_two(spec->max_entries) * 8 +
			 (uint64_t)spec->max_entries * (KERNEL_BUCKET_SIZE + spec->value_size);
	int error = check(spec);

	return error ? error : simple_alloc(emu, spec, &map_stack_trace_ops, bytes, map);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return -ENOENT;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	return -EINVAL;
}

static int delete (struct emu_map *map, const void *key)
{
	return array_index(key) >= round_up_power_of_two(map->max_entries) ? -E2BIG : -ENOENT;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	return -ENOENT;
}

const struct emu_map_ops map_stack_trace_ops = {
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
	.lookup_and_delete = lookup,
};
