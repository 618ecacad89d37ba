/* SPDX-License-Identifier: BSD-2-Clause */
/* What both kinds of ring buffer have in common. */
#ifndef BPFUSE_EMU_RING_H
#define BPFUSE_EMU_RING_H

#include "emu/map.h"

int ring_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
	       struct emu_map **map);

#endif
