/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain and per-CPU arrays: one structure, values in a row. */
#ifndef BPFUSE_EMU_MAP_ARRAY_H
#define BPFUSE_EMU_MAP_ARRAY_H

#include "emu/lock_stripes.h"
#include "emu/map.h"

#define KERNEL_ARRAY_SIZE 312 /* struct bpf_array, bytes; what many array-like types begin with */

struct array_map {
	struct emu_map map;
	struct lock_stripes locks; /* by index */
	unsigned char *values;	   /* max_entries of map.value_bytes; untouched ones cost nothing */
};

static inline uint32_t array_index(const void *key)
{
	uint32_t index;

	__builtin_memcpy(&index, key, sizeof(index));
	return index;
}

/* array_map_alloc_check(), for plain and per-CPU arrays. */
int array_alloc_check(struct emu *emu, const struct map_spec *spec);
int array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		struct emu_map **map);
void array_free(struct emu_map *map);
uint64_t array_memory_usage(struct emu_map *map);
int array_check_btf(const struct emu_map *map, const struct btf_types *types);

int array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int array_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int array_delete(struct emu_map *map, const void *key);
/* array_map_get_next_key(), for every type whose keys are 0 .. max_entries-1. */
int array_next_key(struct emu_map *map, const void *key, void *next);

#endif
