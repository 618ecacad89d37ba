/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash tables that throw elements out instead of being full. */
#ifndef BPFUSE_EMU_HASHTAB_LRU_H
#define BPFUSE_EMU_HASHTAB_LRU_H

#include "emu/hashtab.h"

int hashtab_lru_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		      struct emu_map **map);

#endif
