/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues and stacks: kernel/bpf/queue_stack_maps.c. One ring of values, two ways to take. */
#ifndef BPFUSE_EMU_MAP_QUEUE_H
#define BPFUSE_EMU_MAP_QUEUE_H

#include "emu/map.h"

struct queue_map {
	struct emu_map map;
	pthread_mutex_t lock;
	bool last_first; /* a stack */
	uint64_t slots;	 /* max_entries and one that stays free */
	uint64_t head;	 /* the slot for the next value */
	uint64_t tail;	 /* the oldest value; head: there is none */
	unsigned char *values;
};

int queue_alloc_check(struct emu *emu, const struct map_spec *spec);
int queue_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		bool last_first, struct emu_map **map);
void queue_free(struct emu_map *map);
int queue_peek(struct emu_map *map, const void *key, void *value, uint64_t flags);
int queue_push(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int queue_pop(struct emu_map *map, const void *key, void *value, uint64_t flags);
int queue_delete(struct emu_map *map, const void *key);
int queue_next_key(struct emu_map *map, const void *key, void *next);

#endif
