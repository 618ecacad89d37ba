// SPDX-License-Identifier: BSD-2-Clause
/* arena: kernel/bpf/arena.c. Memory that programs share; no elements for bpf(2). */
#include <errno.h>
#include "emu/map_simple.h"

#define ARENA_FLAGS (BPF_F_MMAPABLE | EMU_F_SEGV_ON_FAULT | EMU_F_NO_USER_CONV)
#define PAGE 4096

/* arena_map_alloc(): comes after the check of capabilities. */
static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	uint64_t bytes = (uint64_t)spec->max_entries * PAGE;

	if (spec->key_size || spec->value_size || !spec->max_entries ||
	    !(spec->map_flags & BPF_F_MMAPABLE) || (spec->map_flags & ~ARENA_FLAGS) ||
	    spec->map_extra % PAGE)
		return -EINVAL;
	if (bytes > (uint64_t)4 << 30)
		return -E2BIG;
	/* The part that user space maps may not cross a multiple of 4 GiB. */
	if (spec->map_extra >> 32 != (spec->map_extra + bytes - 1) >> 32)
		return -ERANGE;
	return simple_alloc(emu, spec, &map_arena_ops, 0, map);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return -EINVAL;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	return -EOPNOTSUPP;
}

static int delete (struct emu_map *map, const void *key)
{
	return -EOPNOTSUPP;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	return -EOPNOTSUPP;
}

const struct emu_map_ops map_arena_ops = {
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
