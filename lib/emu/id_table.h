/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids of objects of one kind: 1 .. INT_MAX-1, given out in a cycle like idr_alloc_cyclic().
 *
 * The table holds no references; an object takes itself out before it is freed.
 */
#ifndef BPFUSE_EMU_ID_TABLE_H
#define BPFUSE_EMU_ID_TABLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct emu_object;

struct id_table {
	pthread_mutex_t lock;
	struct emu_object **objects; /* by ascending id */
	size_t count, capacity;
	uint32_t last; /* the id given out last */
};

void id_table_init(struct id_table *table);
void id_table_destroy(struct id_table *table);
/* Sets object->id. -ENOMEM, or -ENOSPC when every id is taken. */
int id_table_add(struct id_table *table, struct emu_object *object);
/* Sets object->id to 0; does nothing if it is 0 already. */
void id_table_remove(struct id_table *table, struct emu_object *object);
/* A new reference to the living object of that id, or NULL. */
struct emu_object *id_table_get(struct id_table *table, uint32_t id);
/* The smallest id above `after`, or 0. */
uint32_t id_table_next(struct id_table *table, uint32_t after);

#endif
