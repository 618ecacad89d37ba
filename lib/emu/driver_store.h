/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storage that drivers may use: the elements of one hash or array map, in memory.
 *
 * A hash keeps its elements in order of insertion and iterates so; an array has max_entries
 * zeroed elements with the keys 0 .. max_entries-1. Rules are those of kernel/bpf/hashtab.c and
 * arraymap.c; limits are the driver's. Not thread-safe: one map's calls never overlap.
 */
#ifndef EMU_DRIVER_STORE_H
#define EMU_DRIVER_STORE_H

#include "emu/driver.h"

int store_alloc(struct device_map *map);
void store_free(struct device_map *map);
int store_lookup(struct device_map *map, const void *key, void *value);
/* E2BIG: full, or an index that is not there. */
int store_update(struct device_map *map, const void *key, const void *value, uint64_t flags);
int store_delete(struct device_map *map, const void *key);
int store_next_key(struct device_map *map, const void *key, void *next);

#endif
