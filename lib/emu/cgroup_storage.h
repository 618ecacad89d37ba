/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup_storage and percpu_cgroup_storage: kernel/bpf/local_storage.c. An element comes into
 * being when a program that uses the map is attached to a cgroup; there are no cgroups here.
 */
#ifndef BPFUSE_EMU_CGROUP_STORAGE_H
#define BPFUSE_EMU_CGROUP_STORAGE_H

#include "emu/map.h"

int cgroup_storage_alloc(struct emu *emu, const struct map_spec *spec,
			 const struct emu_map_ops *ops, struct emu_map **map);
int cgroup_storage_check_btf(const struct emu_map *map, const struct btf_types *types);
int cgroup_storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int cgroup_storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int cgroup_storage_delete(struct emu_map *map, const void *key);
int cgroup_storage_next_key(struct emu_map *map, const void *key, void *next);

#endif
