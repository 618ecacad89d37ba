/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps in maps: kernel/bpf/map_in_map.c. */
#ifndef BPFUSE_EMU_MAP_INNER_H
#define BPFUSE_EMU_MAP_INNER_H

#include "emu/map.h"

/*
 * The template from the map behind fd, bpf_map_meta_alloc(): what inner maps must be like. It is
 * a copy, to be freed with free(), and holds nothing of the map.
 */
int inner_template_new(struct emu *emu, int fd, struct emu_map **template);
/* bpf_map_fd_get_ptr(): the map behind fd if it is like the template, a new reference. */
int inner_map_from_fd(struct emu *emu, const struct emu_map *template, int fd,
		      struct emu_map **map);

#endif
