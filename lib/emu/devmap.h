/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of devmap and devmap_hash: kernel/bpf/devmap.c. An entry stands for a device and may
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

#define KERNEL_DEVMAP_SIZE 344	    /* struct bpf_dtab */
#define KERNEL_DEVMAP_ENTRY_SIZE 64 /* struct bpf_dtab_netdev */

int devmap_check(const struct map_spec *spec);
/* Reads a value; the program is 0 where the map's values have none. */
struct devmap_value devmap_value_read(const struct emu_map *map, const void *value);
void devmap_value_write(const struct emu_map *map, const struct devmap_entry *entry, void *value);
/* __dev_map_alloc_node(); the device table's lock is held. */
int devmap_entry_new(struct emu_map *map, uint32_t key, const struct devmap_value *value,
		     struct devmap_entry **entry);
void devmap_entry_free(struct devmap_entry *entry); /* NULL is allowed */

#endif
