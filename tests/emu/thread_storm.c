// SPDX-License-Identifier: BSD-2-Clause
/*
 * Many threads on the same maps, the same tree and the same tables. What they check themselves is
 * little; the sanitizers check the rest. A plain program: ThreadSanitizer and criterion's
 * processes do not get on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "emu_world.h"

#define THREADS 4
#define ROUNDS 3000

#define CHECK(truth)                                                                               \
	do {                                                                                       \
		if (!(truth)) {                                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth);        \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
#define CHECK_EQ(a, b) CHECK((a) == (b))

struct crowd {
	struct backend *world;
	struct handle *map;
	atomic_uint next_number;
	void (*work)(struct crowd *crowd, unsigned number);
};

static void *start(void *context)
{
	struct crowd *crowd = context;

	crowd->work(crowd, atomic_fetch_add(&crowd->next_number, 1));
	return NULL;
}

static void run(struct crowd *crowd)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, start, crowd), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Every element operation, in an order that differs from thread to thread. */
static void use_elements(struct crowd *crowd, unsigned number)
{
	unsigned char value[512] = {0}, key[16] = {0}, next[16], keys[16 * 64], values[512 * 64];
	unsigned char token[16];
	uint32_t seed = number * 2654435761u + 1, count;

	for (int i = 0; i < ROUNDS; i++) {
		seed = seed * 1664525 + 1013904223;
		key[0] = (unsigned char)(seed >> 24) % 32;
		key[4] = (unsigned char)(seed >> 20);
		switch ((seed >> 8) % 8) {
		case 0:
		case 1:
		case 2:
			map_update(crowd->map, key, value, 0);
			break;
		case 3:
			map_delete(crowd->map, key);
			break;
		case 4:
			map_next_key(crowd->map, i % 16 ? key : NULL, next);
			break;
		case 5:
			map_lookup_and_delete(crowd->map, key, value, 0);
			break;
		case 6:
			count = 64;
			map_lookup_batch(crowd->map, NULL, token, keys, values, &count, 0);
			break;
		default:
			map_lookup(crowd->map, key, value, 0);
		}
	}
}

static void crowd_on(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	WORLD(world);
	HANDLE(map);
	struct crowd crowd = {.world = world, .work = use_elements};

	CHECK_EQ(create(world, type, key, value, entries, flags, &map), 0);
	crowd.map = map;
	run(&crowd);
}

static void test_hash(void)
{
	crowd_on(BPF_MAP_TYPE_HASH, 4, 8, 24, 0);
	crowd_on(BPF_MAP_TYPE_HASH, 5, 40, 24, BPF_F_NO_PREALLOC);
	crowd_on(BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 24, 0);
}

static void test_lru(void)
{
	crowd_on(BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, 0);
	crowd_on(BPF_MAP_TYPE_LRU_HASH, 8, 8, 64, BPF_F_NO_COMMON_LRU);
	crowd_on(BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 16, 0);
}

static void test_array(void)
{
	crowd_on(BPF_MAP_TYPE_ARRAY, 4, 64, 32, 0);
	crowd_on(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 32, 0);
}

static void test_trie(void)
{
	crowd_on(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 100, BPF_F_NO_PREALLOC);
}

static void test_devices(void)
{
	crowd_on(BPF_MAP_TYPE_DEVMAP, 4, 8, 16, 0);
	crowd_on(BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 16, 0);
	crowd_on(BPF_MAP_TYPE_CPUMAP, 4, 8, 2, 0);
}

/* Queues have no keys. */
static void use_queue(struct crowd *crowd, unsigned number)
{
	uint64_t value = number;

	for (int i = 0; i < ROUNDS; i++) {
		map_update(crowd->map, NULL, &value, i % 3 ? 0 : BPF_EXIST);
		map_lookup(crowd->map, NULL, &value, 0);
		map_lookup_and_delete(crowd->map, NULL, &value, 0);
	}
}

static void test_queue(void)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK,
					 BPF_MAP_TYPE_BLOOM_FILTER};

	for (size_t i = 0; i < 3; i++) {
		WORLD(world);
		HANDLE(map);
		struct crowd crowd = {.world = world, .work = use_queue};

		CHECK_EQ(create(world, types[i], 0, 8, 8, 0, &map), 0);
		crowd.map = map;
		run(&crowd);
	}
}

/* Each thread counts in keys of its own; nothing of it may be lost among the others'. */
static void fill_own_keys(struct crowd *crowd, unsigned number)
{
	uint64_t value;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t key = i * THREADS + number;

		value = key;
		CHECK_EQ(map_update(crowd->map, &key, &value, BPF_NOEXIST), 0);
		CHECK_EQ(map_lookup(crowd->map, &key, &value, 0), 0);
		CHECK_EQ(value, key);
		if (i % 2)
			CHECK_EQ(map_delete(crowd->map, &key), 0);
	}
}

static void test_nothing_is_lost(void)
{
	WORLD(world);
	HANDLE(map);
	struct crowd crowd = {.world = world, .work = fill_own_keys};
	uint32_t key, count = 0;
	int error;

	CHECK_EQ(create(world, BPF_MAP_TYPE_HASH, 4, 8, THREADS * ROUNDS, 0, &map), 0);
	crowd.map = map;
	run(&crowd);
	for (error = map_next_key(map, NULL, &key); !error; error = map_next_key(map, &key, &key))
		count++;
	CHECK_EQ(count, THREADS * ROUNDS / 2);
}

/* Inner maps come and go while others look at them through the outer one and by id. */
static void use_references(struct crowd *crowd, unsigned number)
{
	for (int i = 0; i < ROUNDS / 10; i++) {
		HANDLE(inner);
		HANDLE(again);
		struct map_info info;
		uint32_t index = (number + (unsigned)i) % 4, id;
		int fd;

		CHECK_EQ(create(crowd->world, BPF_MAP_TYPE_HASH, 4, 8, 4, 0, &inner), 0);
		fd = handle_fd(inner);
		map_update(crowd->map, &index, &fd, 0);
		if (!map_lookup(crowd->map, &index, &id, 0) &&
		    !object_open(crowd->world, OBJECT_MAP, id, 0, &again))
			CHECK_EQ(map_info(again, &info), 0);
		if (i % 3 == 0)
			map_delete(crowd->map, &index);
		object_next(crowd->world, OBJECT_MAP, 0, &id);
	}
}

static void test_maps_in_maps(void)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS};

	for (size_t i = 0; i < 2; i++) {
		WORLD(world);
		HANDLE(inner);
		HANDLE(outer);
		struct map_spec spec = MAP_SPEC_INIT;
		struct crowd crowd = {.world = world, .work = use_references};

		CHECK_EQ(create(world, BPF_MAP_TYPE_HASH, 4, 8, 4, 0, &inner), 0);
		spec.type = types[i];
		spec.key_size = spec.value_size = spec.max_entries = 4;
		spec.inner_map_fd = handle_fd(inner);
		CHECK_EQ(map_create(world, &spec, &outer), 0);
		crowd.map = outer;
		run(&crowd);
	}
}

static void use_tree(struct crowd *crowd, unsigned number)
{
	static const struct caller caller = {.uid = 1000};
	char name[32], other[32];

	snprintf(name, sizeof(name), "d%u", number % 2);
	snprintf(other, sizeof(other), "d%u/p", (number + 1) % 2);
	for (int i = 0; i < ROUNDS / 10; i++) {
		HANDLE(again);
		struct tree_entry *entries;
		struct stat st;
		size_t count;

		tree_mkdir(crowd->world, &caller, name, 0755);
		pin(crowd->map, &caller, other);
		tree_stat(crowd->world, other, &st);
		pin_open(crowd->world, other, 0, &again);
		tree_rename(crowd->world, &caller, other, "elsewhere", 0);
		if (!tree_list(crowd->world, "", &entries, &count))
			tree_entries_free(entries, count);
		tree_unlink(crowd->world, &caller, i % 2 ? "elsewhere" : other);
		tree_rmdir(crowd->world, &caller, name);
	}
}

static void test_tree(void)
{
	WORLD(world);
	HANDLE(map);
	struct crowd crowd = {.world = world, .work = use_tree};

	CHECK_EQ(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, &map), 0);
	crowd.map = map;
	run(&crowd);
}

int main(void)
{
	test_hash();
	test_lru();
	test_array();
	test_trie();
	test_devices();
	test_queue();
	test_nothing_is_lost();
	test_maps_in_maps();
	test_tree();
	return 0;
}
