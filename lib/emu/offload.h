/* SPDX-License-Identifier: BSD-2-Clause */
/* Device-bound maps: kernel/bpf/offload.c. */
#ifndef BPFUSE_EMU_OFFLOAD_H
#define BPFUSE_EMU_OFFLOAD_H

#include "emu/map.h"

/* bpf_map_offload_map_alloc(): spec->ifindex is not 0. */
int offload_map_alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map);

#endif
