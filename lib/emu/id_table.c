// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "emu/id_table.h"
#include "emu/object.h"

#define ID_END ((uint32_t)INT_MAX)

void id_table_init(struct id_table *table)
{
	*table = (struct id_table){0};
	pthread_mutex_init(&table->lock, NULL);
}

void id_table_destroy(struct id_table *table)
{
	free(table->objects);
	pthread_mutex_destroy(&table->lock);
}

/* Position of the first object whose id is at least `id`. */
static size_t position_of(const struct id_table *table, uint32_t id)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->objects[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first id from `from` on that nobody has; *position is where it belongs. ID_END: none. */
static uint32_t free_id(const struct id_table *table, uint32_t from, size_t *position)
{
	uint32_t id = from;
	size_t at = position_of(table, from);

	while (id < ID_END && at < table->count && table->objects[at]->id == id) {
		id++;
		at++;
	}
	*position = at;
	return id;
}

static int make_room(struct id_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 16;
	struct emu_object **objects;

	if (table->count < table->capacity)
		return 0;
	objects = reallocarray(table->objects, capacity, sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	table->objects = objects;
	table->capacity = capacity;
	return 0;
}

static int add_locked(struct id_table *table, struct emu_object *object)
{
	size_t position;
	uint32_t id;
	int error = make_room(table);

	if (error)
		return error;
	id = free_id(table, table->last + 1, &position);
	if (id >= ID_END)
		id = free_id(table, 1, &position);
	if (id >= ID_END)
		return -ENOSPC;
	memmove(table->objects + position + 1, table->objects + position,
		(table->count - position) * sizeof(*table->objects));
	table->objects[position] = object;
	table->count++;
	table->last = id;
	object->id = id;
	return 0;
}

int id_table_add(struct id_table *table, struct emu_object *object)
{
	int error;

	pthread_mutex_lock(&table->lock);
	error = add_locked(table, object);
	pthread_mutex_unlock(&table->lock);
	return error;
}

void id_table_remove(struct id_table *table, struct emu_object *object)
{
	size_t position;

	pthread_mutex_lock(&table->lock);
	if (object->id) {
		position = position_of(table, object->id);
		table->count--;
		memmove(table->objects + position, table->objects + position + 1,
			(table->count - position) * sizeof(*table->objects));
		object->id = 0;
	}
	pthread_mutex_unlock(&table->lock);
}

struct emu_object *id_table_get(struct id_table *table, uint32_t id)
{
	struct emu_object *object = NULL;
	size_t position;

	pthread_mutex_lock(&table->lock);
	position = position_of(table, id);
	if (position < table->count && table->objects[position]->id == id &&
	    object_get_unless_dead(table->objects[position]))
		object = table->objects[position];
	pthread_mutex_unlock(&table->lock);
	return object;
}

uint32_t id_table_next(struct id_table *table, uint32_t after)
{
	size_t position;
	uint32_t id;

	pthread_mutex_lock(&table->lock);
	position = position_of(table, after + 1);
	id = position < table->count ? table->objects[position]->id : 0;
	pthread_mutex_unlock(&table->lock);
	return id;
}
