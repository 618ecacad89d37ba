/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling LRU maps. kernel/bpf/bpf_lru_list.c gives free nodes out per CPU: a writer that is
 * moved to another CPU leaves free nodes behind and evicts instead, and with
 * BPF_F_NO_COMMON_LRU each CPU owns its share for good. So the writer stays on one CPU, and
 * fills each CPU's share from there in the second case.
 */
#ifndef IMAGE_LRU_H
#define IMAGE_LRU_H

#include <stdint.h>
#include <bpfuse/backend.h>

/*
 * map_update_many(), BPF_ANY, for any map; for LRU maps from the CPU that suits. `written`
 * elements of `total` were written before.
 */
int lru_update_many(struct handle *map, const struct map_info *info, const void *keys,
		    const void *values, uint32_t count, uint64_t written, uint64_t total,
		    uint32_t *done);
/* The thread may run where it could before. */
void lru_update_end(void);

#endif
