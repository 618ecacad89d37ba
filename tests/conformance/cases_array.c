// SPDX-License-Identifier: BSD-2-Clause
/* Array, queue, stack, bloom filter. */
#include <errno.h>
#include <string.h>
#include <linux/bpf.h>
#include "cases.h"

static void walk(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 5, 0);

	EXPECT(first_key(map), 0);
	EXPECT(next_key(map, 0), 1);
	EXPECT(next_key(map, 4), -ENOENT);
	EXPECT(next_key(map, 5), 0);
	EXPECT(next_key(map, UINT32_MAX), 0);
	EXPECT(get(map, 4), 0);
	EXPECT(put(map, 4, 9, BPF_EXIST), 0);
	EXPECT(get(map, 4), 9);
	handle_close(map);
}

static void batch(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 5, 0);
	uint32_t keys[8] = {4, 5, 6}, values[8] = {44, 55, 66}, token, count = 3;

	EXPECT(map_update_batch(map, keys, values, &count, 0), -E2BIG);
	EXPECT(count, 1);
	EXPECT(get(map, 4), 44);
	count = 5;
	EXPECT(map_lookup_batch(map, NULL, &token, keys, values, &count, 0), 0);
	EXPECT(count, 5);
	EXPECT(values[4], 44);
	EXPECT(token, 4);
	EXPECT(map_lookup_batch(map, &token, &token, keys, values, &count, 0), -ENOENT);
	EXPECT(count, 0);
	count = 3;
	EXPECT(map_lookup_batch(map, NULL, &token, keys, values, &count, 0), 0);
	EXPECT(keys[2], 2);
	count = 3;
	EXPECT(map_lookup_batch(map, &token, &token, keys, values, &count, 0), -ENOENT);
	EXPECT(count, 2);
	EXPECT(keys[0], 3);
	handle_close(map);
}

static void percpu_array(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 3, 2, 0);
	unsigned cpus = check->world->backend->possible_cpus;
	unsigned char slots[BYTES_MAX], back[BYTES_MAX];
	uint32_t key = 1;

	for (unsigned cpu = 0; cpu < cpus; cpu++)
		memset(slots + 8 * cpu, (int)cpu + 1, 8);
	EXPECT(map_update(map, &key, slots, BPF_ANY), 0);
	EXPECT(map_lookup(map, &key, back, 0), 0);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		EXPECT(memcmp(back + 8 * cpu, slots + 8 * cpu, 3), 0);
	handle_close(map);
}

const struct test_case array_cases[] = {
	{BPF_MAP_TYPE_ARRAY, "get-next-key goes by index", walk},
	{BPF_MAP_TYPE_ARRAY, "batches go by index", batch},
	{BPF_MAP_TYPE_PERCPU_ARRAY, "slots are 8 bytes wide", percpu_array},
	{0},
};

/* --- without keys --- */

static int push(struct handle *map, uint32_t value, uint64_t flags)
{
	return map_update(map, NULL, &value, flags);
}

static long long peek(struct handle *map)
{
	uint32_t value;
	int error = map_lookup(map, NULL, &value, 0);

	return error ? error : (long long)value;
}

static long long pop(struct handle *map)
{
	uint32_t value;
	int error = map_lookup_and_delete(map, NULL, &value, 0);

	return error ? error : (long long)value;
}

static void order_of(struct check *check, uint32_t type, uint32_t first, uint32_t last)
{
	struct handle *map = make_map(check, type, 0, 4, 3, 0);

	EXPECT(pop(map), -ENOENT);
	EXPECT(push(map, 1, BPF_ANY), 0);
	EXPECT(push(map, 2, BPF_EXIST), 0);
	EXPECT(push(map, 3, BPF_ANY), 0);
	EXPECT(push(map, 4, BPF_ANY), -E2BIG);
	EXPECT(peek(map), first);
	EXPECT(pop(map), first);
	EXPECT(pop(map), 2);
	EXPECT(pop(map), last);
	EXPECT(peek(map), -ENOENT);
	handle_close(map);
}

static void queue_order(struct check *check)
{
	order_of(check, BPF_MAP_TYPE_QUEUE, 1, 3);
}

static void stack_order(struct check *check)
{
	order_of(check, BPF_MAP_TYPE_STACK, 3, 1);
}

/* BPF_EXIST drops the oldest of a full one */
static void replacing(struct check *check)
{
	struct handle *queue = make_map(check, BPF_MAP_TYPE_QUEUE, 0, 4, 2, 0);
	struct handle *stack = make_map(check, BPF_MAP_TYPE_STACK, 0, 4, 2, 0);

	for (uint32_t value = 1; value <= 3; value++) {
		EXPECT(push(queue, value, BPF_EXIST), 0);
		EXPECT(push(stack, value, BPF_EXIST), 0);
	}
	EXPECT(pop(queue), 2);
	EXPECT(pop(queue), 3);
	EXPECT(pop(queue), -ENOENT);
	EXPECT(pop(stack), 3);
	EXPECT(pop(stack), 2);
	EXPECT(pop(stack), -ENOENT);
	handle_close(queue);
	handle_close(stack);
}

static void key_pointer(struct check *check)
{
	struct handle *queue = make_map(check, BPF_MAP_TYPE_QUEUE, 0, 4, 2, 0);
	uint32_t number = 1;

	EXPECT(map_update(queue, &number, &number, BPF_ANY), -EINVAL);
	EXPECT(map_lookup(queue, &number, &number, 0), -EINVAL);
	EXPECT(map_delete(queue, &number), -EINVAL);
	handle_close(queue);
}

static void bloom(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 100, 0);
	uint32_t value, absent = 0;

	for (value = 0; value < 100; value++)
		EXPECT(push(map, value, BPF_ANY), 0);
	for (value = 0; value < 100; value++)
		EXPECT(map_lookup(map, NULL, &value, 0), 0);
	for (value = 1000; value < 2000; value++)
		absent += map_lookup(map, NULL, &value, 0) == -ENOENT;
	EXPECT(absent > 800, 1);
	handle_close(map);
}

const struct test_case queue_cases[] = {
	{BPF_MAP_TYPE_QUEUE, "first in, first out", queue_order},
	{BPF_MAP_TYPE_STACK, "last in, first out", stack_order},
	{BPF_MAP_TYPE_QUEUE, "BPF_EXIST makes room", replacing},
	{BPF_MAP_TYPE_QUEUE, "a key pointer is refused", key_pointer},
	{BPF_MAP_TYPE_BLOOM_FILTER, "what was pushed is found", bloom},
	{0},
};
