/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local storages: kernel/bpf/bpf_local_storage.c. A value belongs to a socket, an inode, a
 * task or a cgroup, which a file descriptor names: that is the key. Not to be walked.
 */
#ifndef BPFUSE_EMU_STORAGE_H
#define BPFUSE_EMU_STORAGE_H

#include "emu/map.h"

#define STORAGE_VALUE_MAX 65407 /* BPF_LOCAL_STORAGE_MAX_VALUE_SIZE, bytes */

/* Whose value a number means: an owner is a small number, or -errno. */
#define STORAGE_OWNERS 4
typedef int (*storage_owner_fn)(struct emu *emu, int fd);

int storage_alloc_check(struct emu *emu, const struct map_spec *spec);
int storage_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  storage_owner_fn owner, struct emu_map **map);
void storage_free(struct emu_map *map);
uint64_t storage_memory_usage(struct emu_map *map);
int storage_check_btf(const struct emu_map *map, const struct btf_types *types);
int storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int storage_delete(struct emu_map *map, const void *key);

/* For what no number stands for: an open one is no task or cgroup, and a closed one nothing. */
int storage_owner_none(struct emu *emu, int fd);

#endif
