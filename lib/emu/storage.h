/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local storages: kernel/bpf/bpf_local_storage.c. A value belongs to a socket, an inode, a
 * task or a cgroup, which a file descriptor names: that is the key. It goes with its owner. Not
 * to be walked.
 */
#ifndef BPFUSE_EMU_STORAGE_H
#define BPFUSE_EMU_STORAGE_H

#include "emu/file.h"
#include "emu/map.h"

#define STORAGE_VALUE_MAX 65407 /* BPF_LOCAL_STORAGE_MAX_VALUE_SIZE, bytes */

/*
 * Whose value a number means. `file` is a new reference, or NULL for an owner that is no file
 * here and never goes: then `number` tells such owners apart.
 */
struct storage_owner {
	struct emu_file *file;
	int number;
};
typedef int (*storage_owner_fn)(struct emu *emu, int fd, struct storage_owner *owner);

int storage_alloc_check(struct emu *emu, const struct map_spec *spec);
int storage_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  storage_owner_fn owner, struct emu_map **map);
void storage_free(struct emu_map *map);
uint64_t storage_memory_usage(struct emu_map *map);
int storage_check_btf(const struct emu_map *map, const struct btf_types *types);
int storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int storage_delete(struct emu_map *map, const void *key);

#endif
