/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What devmap and devmap_hash share: kernel/bpf/devmap.c. An entry stands for a device and may
 * hold a program; it vanishes when the device leaves the network namespace.
 *
 * Locking: an entry is made and put into its map with the lock of the device table shared, so
 * that none comes into being for a device whose going has been announced already. The map's own
 * lock is taken inside.
 */
#ifndef BPFUSE_EMU_DEVMAP_H
#define BPFUSE_EMU_DEVMAP_H

#include "emu/prog.h"

/* struct bpf_devmap_val, and of it what a map of 4 byte values has */
struct devmap_value {
	uint32_t ifindex;
	union {
		int fd;	     /* in */
		uint32_t id; /* out */
	} prog;
};

struct devmap_entry {
	struct devmap_entry *next; /* in a bucket */
	uint32_t key;
	uint32_t ifindex;
	struct emu_prog *prog; /* a reference, or NULL */
};

struct devmap {
	struct emu_map map;
	pthread_mutex_t lock;
	struct devmap_entry **slots; /* one entry each, or a list: the newest first */
	uint64_t slot_count;
	uint32_t count; /* of entries, as the kernel counts for its memory */
	struct netdev_notifier notifier;
};

static inline struct devmap *devmap_of(struct emu_map *map)
{
	return (struct devmap *)map;
}

int devmap_check(const struct map_spec *spec);
/* Allocates what devmap_check() has passed. */
int devmap_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		 uint64_t slot_count, struct emu_map **map);
void devmap_free(struct emu_map *map);
/* dev_map_mem_usage() */
uint64_t devmap_memory_usage(struct emu_map *map);

/* Reads a value; the program is 0 where the map's values have none. */
struct devmap_value devmap_value_read(const struct emu_map *map, const void *value);
void devmap_value_write(const struct emu_map *map, const struct devmap_entry *entry, void *value);
/* __dev_map_alloc_node(); the device table's lock is held. */
int devmap_entry_new(struct emu_map *map, uint32_t key, const struct devmap_value *value,
		     struct devmap_entry **entry);
void devmap_entry_free(struct devmap_entry *entry); /* NULL is allowed */

#endif
