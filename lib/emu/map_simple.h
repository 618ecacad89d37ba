/* SPDX-License-Identifier: BSD-2-Clause */
/* Map types whose structure is no more than the common one, and answers that many types give. */
#ifndef BPFUSE_EMU_MAP_SIMPLE_H
#define BPFUSE_EMU_MAP_SIMPLE_H

#include "emu/map.h"

int simple_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		 uint64_t bytes, struct emu_map **map);
void simple_free(struct emu_map *map);
/* What was given as `bytes` to simple_alloc() or map_init(). */
uint64_t simple_memory_usage(struct emu_map *map);

#endif
