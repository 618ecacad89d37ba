// SPDX-License-Identifier: BSD-2-Clause
/* The promises of walk.h at size: every element exactly once, also while a writer is busy. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/walk.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include "kernel_fixture.h"

#define ELEMENTS 100000u

/* The kernel, unless WALK_BACKEND says otherwise ("emu"). */
static struct backend *world_open(void)
{
	const char *source = getenv("WALK_BACKEND");
	struct backend *backend;

	if (!source)
		return kernel_fixture_open();
	cr_assert_eq(backend_open(source, NULL, &backend, NULL), 0);
	return backend;
}

/* Keys hold a number; the tests own 0 .. ELEMENTS-1, a busy writer owns those above. */
struct shape {
	char name[24];
	uint32_t type, key_size, value_size, max_entries, flags;
};

static const struct shape shapes[] = {
	{"hash", BPF_MAP_TYPE_HASH, 4, 8, 2 * ELEMENTS, 0},
	{"hash, wide", BPF_MAP_TYPE_HASH, 40, 200, 2 * ELEMENTS, BPF_F_NO_PREALLOC},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2 * ELEMENTS, 0},
	{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 4 * ELEMENTS, 0},
	{"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 2 * ELEMENTS, BPF_F_NO_PREALLOC},
	{"devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 2 * ELEMENTS, 0},
	{"hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 2 * ELEMENTS, 0},
};

/* A map to be inside others, and to be their pattern. */
static struct handle *inner_of_all;

static struct handle *inner_map(struct backend *backend)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = spec.value_size = spec.max_entries = 4;
	if (!inner_of_all)
		cr_assert_eq(map_create(backend, &spec, &inner_of_all), 0);
	return inner_of_all;
}

/* What a value has to be: any number, a device (lo), or a map. */
static uint32_t value_number(const struct shape *shape, struct handle *map, uint32_t number)
{
	if (shape->type == BPF_MAP_TYPE_DEVMAP_HASH)
		return 1;
	if (shape->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return (uint32_t)handle_fd(inner_map(map->backend));
	return number;
}

static bool value_is_plain(const struct shape *shape)
{
	return shape->type != BPF_MAP_TYPE_DEVMAP_HASH && shape->type != BPF_MAP_TYPE_HASH_OF_MAPS;
}

static struct handle *shape_create(struct backend *backend, const struct shape *shape)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map;

	spec.type = shape->type;
	spec.key_size = shape->key_size;
	spec.value_size = shape->value_size;
	spec.max_entries = shape->max_entries;
	spec.map_flags = shape->flags;
	if (shape->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		spec.inner_map_fd = handle_fd(inner_map(backend));
	cr_assert_eq(map_create(backend, &spec, &map), 0, "%s", shape->name);
	return map;
}

static void key_make(const struct shape *shape, uint32_t number, unsigned char *key)
{
	uint32_t prefix = 32, big_endian = __builtin_bswap32(number);

	memset(key, 0, shape->key_size);
	if (shape->type == BPF_MAP_TYPE_LPM_TRIE) {
		memcpy(key, &prefix, 4);
		memcpy(key + 4, &big_endian, 4);
	} else {
		memcpy(key, &number, 4);
	}
}

static uint32_t key_number(const struct shape *shape, const unsigned char *key)
{
	uint32_t number;

	memcpy(&number, key + (shape->type == BPF_MAP_TYPE_LPM_TRIE ? 4 : 0), 4);
	return shape->type == BPF_MAP_TYPE_LPM_TRIE ? __builtin_bswap32(number) : number;
}

static void shape_fill(const struct shape *shape, struct handle *map)
{
	size_t value_size =
		map_value_bytes(shape->type, shape->value_size, map->backend->possible_cpus);
	unsigned char *keys = malloc(ELEMENTS * shape->key_size);
	unsigned char *values = calloc(ELEMENTS, value_size);
	uint32_t done;

	for (uint32_t i = 0; i < ELEMENTS; i++) {
		key_make(shape, i, keys + i * shape->key_size);
		memcpy(values + i * value_size, &(uint32_t){value_number(shape, map, i)}, 4);
	}
	cr_assert_eq(map_update_many(map, keys, values, ELEMENTS, BPF_ANY, &done), 0);
	cr_assert_eq(done, ELEMENTS);
	free(keys);
	free(values);
}

/* Walks; every own element must come exactly once, with its value. */
static void walk_check(const struct shape *shape, struct handle *map, unsigned flags)
{
	unsigned char *seen = calloc(ELEMENTS, 1);
	uint32_t found = 0;
	struct walk_chunk chunk;
	struct walk *walk;
	int result;

	cr_assert_eq(walk_open(map, flags, &walk), 0);
	while ((result = walk_next(walk, &chunk)) > 0) {
		cr_assert_eq(chunk.values == NULL, !(flags & WALK_VALUES));
		for (uint32_t i = 0; i < chunk.count; i++) {
			uint32_t number = key_number(shape, chunk.keys + i * chunk.key_size);

			if (number >= ELEMENTS)
				continue;
			cr_assert(!seen[number], "%s: %u twice", shape->name, number);
			seen[number] = 1;
			found++;
			if (chunk.values && value_is_plain(shape))
				cr_assert(!memcmp(chunk.values + i * chunk.value_size, &number, 4));
		}
	}
	cr_assert_eq(result, 0);
	cr_assert_eq(found, ELEMENTS, "%s: %u found", shape->name, found);
	walk_close(walk);
	free(seen);
}

/* --- a writer of other keys --- */

struct writer {
	const struct shape *shape;
	struct handle *map;
	atomic_bool stop;
	uint64_t changes;
};

static void *writer_run(void *context)
{
	struct writer *writer = context;
	unsigned char key[64], value[1024] = {0};
	uint32_t random = 1, number = value_number(writer->shape, writer->map, 0);

	memcpy(value, &number, sizeof(number));
	while (!atomic_load(&writer->stop)) {
		random = random * 1664525 + 1013904223;
		key_make(writer->shape, ELEMENTS + (random >> 8) % 1000, key);
		if (random & 0x80)
			map_update(writer->map, key, value, BPF_ANY);
		else
			map_delete(writer->map, key);
		writer->changes++;
	}
	return NULL;
}

ParameterizedTestParameters(walk, exactly_once)
{
	return cr_make_param_array(struct shape, (struct shape *)shapes,
				   sizeof(shapes) / sizeof(shapes[0]));
}

ParameterizedTest(struct shape *shape, walk, exactly_once)
{
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, shape);
	struct writer writer = {.shape = shape, .map = map};
	pthread_t thread;
	uint64_t count;

	shape_fill(shape, map);
	cr_assert_eq(map_count(map, &count), 0);
	cr_assert_eq(count, ELEMENTS);
	walk_check(shape, map, 0);
	cr_assert_eq(pthread_create(&thread, NULL, writer_run, &writer), 0);
	for (int i = 0; i < 3; i++)
		walk_check(shape, map, WALK_VALUES);
	walk_check(shape, map, WALK_VALUES | WALK_DRAIN);
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	/* Few in a map of maps: each waits for all programs (maybe_wait_bpf_programs()). */
	cr_assert_gt(writer.changes, 10);
	cr_assert_eq(map_clear(map, NULL), 0);
	cr_assert_eq(map_count(map, &count), 0);
	cr_assert_eq(count, 0);
	/* and full again */
	shape_fill(shape, map);
	cr_assert_eq(map_clear(map, &count), 0);
	cr_assert_eq(count, ELEMENTS);
	handle_close(inner_of_all);
	handle_close(map);
	backend_close(backend);
}

/* Whoever always deletes the current key makes get_next_key start over again and again. */
Test(walk, ends_when_the_current_key_vanishes)
{
	struct shape shape = {"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 4, 1000, BPF_F_NO_PREALLOC};
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, &shape);
	unsigned char key[8], value[8] = {0};
	struct walk_chunk chunk;
	struct walk *walk;
	uint32_t given = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		key_make(&shape, i, key);
		cr_assert_eq(map_update(map, key, value, BPF_ANY), 0);
	}
	cr_assert_eq(walk_open(map, 0, &walk), 0);
	while (walk_next(walk, &chunk) > 0) {
		given += chunk.count;
		for (uint32_t i = 0; i < chunk.count; i++)
			cr_assert_eq(map_delete(map, chunk.keys + i * chunk.key_size), 0);
	}
	cr_assert_eq(given, 1000);
	walk_close(walk);
	handle_close(map);
	backend_close(backend);
}

/* --- LPM: one node is exchanged again and again, and the kernel takes a wrong turn there --- */

#define HOT_WALKS 3000u
#define HOT_ROUTES 1000u

static void *hot_run(void *context)
{
	struct writer *writer = context;
	unsigned char key[8] = {8};

	while (!atomic_load(&writer->stop)) {
		writer->changes++;
		map_update(writer->map, key, &writer->changes, BPF_ANY);
	}
	return NULL;
}

Test(walk, one_busy_key_hides_none_of_the_others)
{
	struct shape shape = {"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 2000, BPF_F_NO_PREALLOC};
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, &shape);
	struct writer writer = {.shape = &shape, .map = map};
	unsigned char key[8] = {8}, value[8] = {0};
	pthread_t thread;
	uint64_t count;

	/* 0.0.0.0/8 on the left of the root, all others on its right */
	cr_assert_eq(map_update(map, key, value, BPF_ANY), 0);
	for (uint32_t i = 0; i < HOT_ROUTES; i++) {
		key_make(&shape, 0x80000000u + 16 * i, key);
		cr_assert_eq(map_update(map, key, value, BPF_ANY), 0);
	}
	cr_assert_eq(pthread_create(&thread, NULL, hot_run, &writer), 0);
	for (unsigned i = 0; i < HOT_WALKS; i++) {
		cr_assert_eq(map_count(map, &count), 0);
		cr_assert_eq(count, HOT_ROUTES + 1, "walk %u: %lu", i, (unsigned long)count);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	cr_assert_gt(writer.changes, 1000);
	handle_close(map);
	backend_close(backend);
}

/* --- types that answer otherwise --- */

static const struct refusal {
	uint32_t type, key_size, value_size, max_entries, flags;
	int open, count;
} refusals[] = {
	{BPF_MAP_TYPE_QUEUE, 0, 4, 4, 0, -EINVAL, -EINVAL},
	{BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 4, 0, -EOPNOTSUPP, -EOPNOTSUPP},
	{BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, -ENOTSUPP, -ENOTSUPP},
	{BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0, 0, -ENOTSUPP},
	{BPF_MAP_TYPE_SOCKMAP, 4, 4, 4, 0, 0, -ENOTSUPP},
	{BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_WRONLY, -EPERM, -EPERM},
	{BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_WRONLY, -EPERM, -EPERM},
};

Test(walk, refusals_pass_through)
{
	struct backend *backend = world_open();

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct shape shape = {
			"",	   row->type, row->key_size, row->value_size, row->max_entries,
			row->flags};
		struct handle *map = shape_create(backend, &shape);
		struct walk *walk = NULL;
		uint64_t count;

		cr_assert_eq(walk_open(map, 0, &walk), row->open, "type %u", row->type);
		walk_close(walk);
		cr_assert_eq(map_count(map, &count), row->count, "type %u", row->type);
		handle_close(map);
	}
	backend_close(backend);
}

Test(walk, empty_slots_are_left_out)
{
	struct shape outer_shape = {"", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 10000, 0};
	struct shape inner_shape = {"", BPF_MAP_TYPE_HASH, 4, 4, 1, 0};
	struct backend *backend = world_open();
	struct handle *inner = shape_create(backend, &inner_shape), *outer;
	struct map_spec spec = MAP_SPEC_INIT;
	struct walk_chunk chunk;
	struct map_info info;
	struct walk *walk;
	uint32_t key, id;
	uint64_t count;

	spec.type = outer_shape.type;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = outer_shape.max_entries;
	spec.inner_map_fd = handle_fd(inner);
	cr_assert_eq(map_create(backend, &spec, &outer), 0);
	cr_assert_eq(map_info(inner, &info), 0);
	for (key = 0; key < 10000; key += 3333)
		cr_assert_eq(map_update(outer, &key, &(int){handle_fd(inner)}, BPF_ANY), 0);
	cr_assert_eq(map_count(outer, &count), 0);
	cr_assert_eq(count, 4);
	cr_assert_eq(walk_open(outer, WALK_VALUES, &walk), 0);
	cr_assert_eq(walk_next(walk, &chunk), 1);
	cr_assert_eq(chunk.count, 4);
	memcpy(&key, chunk.keys + 4, 4);
	memcpy(&id, chunk.values + 4, 4);
	cr_assert(key == 3333 && id == info.id);
	walk_close(walk);
	cr_assert_eq(map_clear(outer, &count), 0);
	cr_assert_eq(count, 4);
	cr_assert_eq(map_count(outer, &count), 0);
	cr_assert_eq(count, 0);
	handle_close(inner);
	handle_close(outer);
	backend_close(backend);
}

Test(walk, arrays_cannot_be_cleared)
{
	struct shape shape = {"", BPF_MAP_TYPE_ARRAY, 4, 4, 5000, 0};
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, &shape);
	uint64_t count;

	cr_assert_eq(map_count(map, &count), 0);
	cr_assert_eq(count, 5000);
	cr_assert_eq(map_clear(map, &count), -EINVAL);
	handle_close(map);
	backend_close(backend);
}

Test(walk, a_queue_drains_by_popping)
{
	struct shape shape = {"", BPF_MAP_TYPE_QUEUE, 0, 4, 100, 0};
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, &shape);
	uint64_t count;

	for (uint32_t i = 0; i < 70; i++)
		cr_assert_eq(map_update(map, NULL, &i, BPF_ANY), 0);
	cr_assert_eq(map_clear(map, &count), 0);
	cr_assert_eq(count, 70);
	handle_close(map);
	backend_close(backend);
}

Test(bulk, update_stops_at_the_first_refusal)
{
	struct shape shape = {"", BPF_MAP_TYPE_HASH, 4, 4, 3, 0};
	struct backend *backend = world_open();
	struct handle *map = shape_create(backend, &shape);
	uint32_t keys[] = {1, 2, 3, 4, 5}, values[5] = {0}, done;

	cr_assert_eq(map_update_many(map, keys, values, 5, BPF_ANY, &done), -E2BIG);
	cr_assert_eq(done, 3);
	cr_assert_eq(map_freeze(map), 0);
	cr_assert_eq(map_update_many(map, keys, values, 3, BPF_ANY, &done), -EPERM);
	cr_assert_eq(done, 0);
	handle_close(map);
	backend_close(backend);
}

int main(int argc, char **argv)
{
	return getenv("WALK_BACKEND") ? tests_main(argc, argv) : kernel_tests_main(argc, argv);
}
