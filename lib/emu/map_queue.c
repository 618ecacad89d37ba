// SPDX-License-Identifier: BSD-2-Clause
/* queue */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/map_queue.h"
#include "emu/map_simple.h"

#define QUEUE_FLAGS (BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)

static struct queue_map *queue_of(struct emu_map *map)
{
	return (struct queue_map *)map;
}

int queue_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	if (!spec->max_entries || spec->key_size || !spec->value_size ||
	    (spec->map_flags & ~QUEUE_FLAGS) || !map_flags_access_ok(spec->map_flags))
		return -EINVAL;
	return spec->value_size > KMALLOC_MAX ? -E2BIG : 0;
}

static uint64_t kernel_bytes(const struct map_spec *spec)
{
	return KERNEL_ARRAY_SIZE + ((uint64_t)spec->max_entries + 1) * spec->value_size;
}

int queue_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		bool last_first, struct emu_map **map)
{
	struct queue_map *queue = calloc(1, sizeof(*queue));
	int error = queue ? map_init(&queue->map, emu, ops, spec, kernel_bytes(spec)) : -ENOMEM;

	if (error) {
		free(queue);
		return error;
	}
	pthread_mutex_init(&queue->lock, NULL);
	queue->last_first = last_first;
	queue->slots = (uint64_t)spec->max_entries + 1;
	queue->values = calloc(queue->slots, spec->value_size);
	if (!queue->values) {
		queue_free(&queue->map);
		return -ENOMEM;
	}
	*map = &queue->map;
	return 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return queue_alloc(emu, spec, &map_queue_ops, false, map);
}

void queue_free(struct emu_map *map)
{
	struct queue_map *queue = queue_of(map);

	pthread_mutex_destroy(&queue->lock);
	free(queue->values);
	map_destroy(map);
	free(queue);
}

static unsigned char *value_at(const struct queue_map *queue, uint64_t slot)
{
	return queue->values + slot * queue->map.value_size;
}

static uint64_t after(const struct queue_map *queue, uint64_t slot)
{
	return slot + 1 == queue->slots ? 0 : slot + 1;
}

static uint64_t before(const struct queue_map *queue, uint64_t slot)
{
	return slot ? slot - 1 : queue->slots - 1;
}

static int get(struct queue_map *queue, void *value, bool take)
{
	uint64_t slot = queue->last_first ? before(queue, queue->head) : queue->tail;

	if (queue->head == queue->tail)
		return -ENOENT;
	memcpy(value, value_at(queue, slot), queue->map.value_size);
	if (take && queue->last_first)
		queue->head = slot;
	else if (take)
		queue->tail = after(queue, slot);
	return 0;
}

int queue_peek(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct queue_map *queue = queue_of(map);
	int error;

	pthread_mutex_lock(&queue->lock);
	error = get(queue, value, false);
	pthread_mutex_unlock(&queue->lock);
	return error;
}

int queue_pop(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct queue_map *queue = queue_of(map);
	int error;

	pthread_mutex_lock(&queue->lock);
	error = get(queue, value, true);
	pthread_mutex_unlock(&queue->lock);
	return error;
}

/* BPF_EXIST: where the queue is full, the oldest value makes room. */
static int put(struct queue_map *queue, const void *value, bool replace)
{
	if (after(queue, queue->head) == queue->tail) {
		if (!replace)
			return -E2BIG;
		queue->tail = after(queue, queue->tail);
	}
	memcpy(value_at(queue, queue->head), value, queue->map.value_size);
	queue->head = after(queue, queue->head);
	return 0;
}

int queue_push(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct queue_map *queue = queue_of(map);
	int error;

	if ((flags & BPF_NOEXIST) || flags > BPF_EXIST)
		return -EINVAL;
	pthread_mutex_lock(&queue->lock);
	error = put(queue, value, flags == BPF_EXIST);
	pthread_mutex_unlock(&queue->lock);
	return error;
}

int queue_delete(struct emu_map *map, const void *key)
{
	return -EINVAL;
}

int queue_next_key(struct emu_map *map, const void *key, void *next)
{
	return -EINVAL;
}

const struct emu_map_ops map_queue_ops = {
	.alloc_check = queue_alloc_check,
	.alloc = alloc,
	.free = queue_free,
	.memory_usage = simple_memory_usage,
	.meta_equal = map_meta_equal,
	.lookup = queue_peek,
	.update = queue_push,
	.delete = queue_delete,
	.next_key = queue_next_key,
	.lookup_and_delete = queue_pop,
};
