// SPDX-License-Identifier: BSD-2-Clause
/* Hash, LRU hash, LPM trie. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "cases.h"

static void fill(struct handle *map, uint32_t count)
{
	for (uint32_t key = 0; key < count; key++)
		put(map, key, key + 100, BPF_ANY);
}

static void restart(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 16, 0);
	uint32_t first, second;

	EXPECT(first_key(map), -ENOENT);
	EXPECT(next_key(map, 7), -ENOENT);
	fill(map, 10);
	first = (uint32_t)first_key(map);
	second = (uint32_t)next_key(map, first);
	EXPECT(next_key(map, 999), first);
	EXPECT(drop(map, first), 0);
	EXPECT(next_key(map, first), second);
	EXPECT(count_keys(map), 9);
	handle_close(map);
}

static void batch_stops(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 3, 0);
	uint32_t keys[] = {1, 2, 3, 4, 5, 6}, values[6] = {0}, holes[] = {1, 99, 2}, count = 6;

	EXPECT(map_update_batch(map, keys, values, &count, 0), -E2BIG);
	EXPECT(count, 3);
	count = 3;
	EXPECT(map_delete_batch(map, holes, &count, 0), -ENOENT);
	EXPECT(count, 1);
	EXPECT(count_keys(map), 2);
	count = 0;
	EXPECT(map_update_batch(map, keys, values, &count, 0), 0);
	EXPECT(map_delete_batch(map, keys, &count, 0), 0);
	EXPECT(map_lookup_batch(map, NULL, keys, keys, values, &count, 0), 0);
	handle_close(map);
}

/* Whole buckets: a small room gives some of them, or ENOSPC until it is large enough. */
static void batch_walk(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 64, 0);
	uint32_t keys[64], values[64], token = 0, seen = 0, count, room = 1;
	bool started = false;
	int error = 0;

	fill(map, 64);
	while (!error) {
		count = room;
		error = map_lookup_batch(map, started ? &token : NULL, &token, keys, values, &count,
					 0);
		if (error == -ENOSPC) {
			EXPECT(count, 0);
			room *= 2;
			error = 0;
			continue;
		}
		started = true;
		seen += count;
	}
	EXPECT(error, -ENOENT);
	EXPECT(seen, 64);
	count = 64;
	token = 100000;
	EXPECT(map_lookup_batch(map, &token, &token, keys, values, &count, 0), -ENOENT);
	EXPECT(count, 0);
	count = 64;
	EXPECT(map_lookup_and_delete_batch(map, NULL, &token, keys, values, &count, 0), -ENOENT);
	EXPECT(count, 64);
	EXPECT(first_key(map), -ENOENT);
	handle_close(map);
}

static void percpu_slots(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_PERCPU_HASH, 4, 5, 4, 0);
	unsigned cpus = check->world->backend->possible_cpus;
	unsigned char slots[BYTES_MAX], back[BYTES_MAX];
	uint32_t key = 3;

	memset(slots, 0xee, sizeof(slots));
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		memset(slots + 8 * cpu, (int)cpu + 1, 5);
	EXPECT(map_update(map, &key, slots, BPF_ANY), 0);
	memset(back, 0xaa, sizeof(back));
	EXPECT(map_lookup(map, &key, back, 0), 0);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		EXPECT(back[8 * cpu], cpu + 1);
		EXPECT(back[8 * cpu + 4], cpu + 1);
	}
	EXPECT(back[8 * cpus], 0xaa);
	handle_close(map);
}

static void full_then_free(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 3, BPF_F_NO_PREALLOC);

	fill(map, 3);
	EXPECT(put(map, 9, 0, BPF_ANY), -E2BIG);
	EXPECT(put(map, 1, 7, BPF_ANY), 0);
	EXPECT(get(map, 1), 7);
	EXPECT(drop(map, 0), 0);
	EXPECT(put(map, 9, 0, BPF_ANY), 0);
	EXPECT(put(map, 8, 0, BPF_ANY), -E2BIG);
	handle_close(map);
}

static void take_gives(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_LRU_HASH, 4, 4, 8, 0);
	uint32_t key = 2, value = 0;

	EXPECT(put(map, 2, 55, BPF_ANY), 0);
	EXPECT(map_lookup_and_delete(map, &key, &value, 0), 0);
	EXPECT(value, 55);
	EXPECT(map_lookup_and_delete(map, &key, &value, 0), -ENOENT);
	handle_close(map);
}

/* Free nodes wait in lists of each CPU, up to LOCAL_FREE_TARGET (bpf_lru_list.c) of them. */
static void lru_evicts(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_LRU_HASH, 4, 4, 1000, 0);
	unsigned kept;

	for (uint32_t key = 0; key < 3000; key++)
		EXPECT(put(map, key, key, BPF_NOEXIST), 0);
	EXPECT(get(map, 2999), 2999);
	EXPECT(get(map, 0), -ENOENT);
	kept = count_keys(map);
	EXPECT(kept <= 1000 && kept >= 1000 - 128, true);
	handle_close(map);
}

/* prealloc_init(): every CPU has its own list, of as many entries */
static void lru_rounds_up(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_LRU_HASH, 4, 4, 7, BPF_F_NO_COMMON_LRU);
	unsigned cpus = check->world->backend->possible_cpus;
	struct map_info info;

	EXPECT(map_info(map, &info), 0);
	EXPECT(info.max_entries, (7 + cpus - 1) / cpus * cpus);
	handle_close(map);
}

/* --- LPM --- */

struct prefix {
	uint32_t length;
	unsigned char address[4];
};

static struct prefix prefix_parse(const char *text, uint32_t length)
{
	struct prefix prefix = {.length = length};

	inet_pton(AF_INET, text, prefix.address);
	return prefix;
}

static int lpm_put(struct handle *map, const char *text, uint32_t length, uint32_t value,
		   uint64_t flags)
{
	struct prefix key = prefix_parse(text, length);

	return map_update(map, &key, &value, flags);
}

static long long lpm_get(struct handle *map, const char *text, uint32_t length)
{
	struct prefix key = prefix_parse(text, length);
	uint32_t value;
	int error = map_lookup(map, &key, &value, 0);

	return error ? error : (long long)value;
}

static int lpm_drop(struct handle *map, const char *text, uint32_t length)
{
	struct prefix key = prefix_parse(text, length);

	return map_delete(map, &key);
}

static struct handle *lpm_map(struct check *check, uint32_t max_entries)
{
	return make_map(check, BPF_MAP_TYPE_LPM_TRIE, 8, 4, max_entries, BPF_F_NO_PREALLOC);
}

static void lpm_longest(struct check *check)
{
	struct handle *map = lpm_map(check, 10);

	EXPECT(lpm_put(map, "10.0.0.0", 8, 8, 0), 0);
	EXPECT(lpm_put(map, "10.1.0.0", 16, 16, 0), 0);
	EXPECT(lpm_put(map, "10.1.2.0", 24, 24, 0), 0);
	EXPECT(lpm_put(map, "0.0.0.0", 0, 1, 0), 0);
	EXPECT(lpm_get(map, "10.1.2.3", 32), 24);
	EXPECT(lpm_get(map, "10.1.3.3", 32), 16);
	EXPECT(lpm_get(map, "10.9.3.3", 32), 8);
	EXPECT(lpm_get(map, "11.9.3.3", 32), 1);
	EXPECT(lpm_get(map, "10.1.2.3", 20), 16);
	EXPECT(lpm_get(map, "10.1.2.3", 33), -ENOENT);
	EXPECT(lpm_put(map, "1.2.3.4", 33, 0, 0), -EINVAL);
	EXPECT(lpm_drop(map, "1.2.3.4", 33), -EINVAL);
	EXPECT(lpm_drop(map, "10.1.0.0", 15), -ENOENT);
	EXPECT(lpm_drop(map, "10.1.77.77", 16), 0);
	EXPECT(lpm_get(map, "10.1.3.3", 32), 8);
	EXPECT(lpm_get(map, "10.1.2.3", 32), 24);
	handle_close(map);
}

/* trie_get_next_key(): most specific first, the 0 branch before the 1 branch */
static void lpm_order(struct check *check)
{
	static const struct prefix expected[] = {
		{16, {10, 1, 0, 0}},	{16, {10, 200, 0, 0}}, {8, {10, 0, 0, 0}},
		{32, {192, 168, 0, 1}}, {1, {128, 0, 0, 0}},   {0, {0, 0, 0, 0}},
	};
	struct handle *map = lpm_map(check, 10);
	struct prefix key, other = {9, {1, 1, 1, 1}};

	EXPECT(lpm_put(map, "0.0.0.0", 0, 0, 0), 0);
	EXPECT(lpm_put(map, "192.168.0.1", 32, 0, 0), 0);
	EXPECT(lpm_put(map, "10.200.0.0", 16, 0, 0), 0);
	EXPECT(lpm_put(map, "10.0.0.0", 8, 0, 0), 0);
	EXPECT(lpm_put(map, "128.0.0.0", 1, 0, 0), 0);
	EXPECT(lpm_put(map, "10.1.0.0", 16, 0, 0), 0);
	for (size_t i = 0; i < 6; i++) {
		EXPECT(map_next_key(map, i ? &key : NULL, &key), 0);
		EXPECT(memcmp(&key, &expected[i], sizeof(key)), 0);
	}
	EXPECT(map_next_key(map, &key, &key), -ENOENT);
	EXPECT(map_next_key(map, &other, &key), 0);
	EXPECT(memcmp(&key, &expected[0], sizeof(key)), 0);
	handle_close(map);
}

static void lpm_host_bits(struct check *check)
{
	struct handle *map = lpm_map(check, 2);
	struct prefix key;

	EXPECT(lpm_put(map, "10.77.77.77", 8, 1, 0), 0);
	EXPECT(map_next_key(map, NULL, &key), 0);
	EXPECT(key.address[3], 77);
	EXPECT(lpm_put(map, "10.1.2.3", 8, 2, BPF_NOEXIST), -EEXIST);
	EXPECT(lpm_put(map, "10.1.2.3", 8, 2, BPF_EXIST), 0);
	EXPECT(map_next_key(map, NULL, &key), 0);
	EXPECT(key.address[3], 3);
	EXPECT(lpm_put(map, "11.0.0.0", 8, 2, 0), 0);
	EXPECT(lpm_put(map, "12.0.0.0", 8, 2, 0), -ENOSPC);
	EXPECT(lpm_put(map, "12.0.0.0", 8, 2, BPF_EXIST), -ENOENT);
	EXPECT(lpm_put(map, "11.0.0.1", 8, 3, 0), 0);
	EXPECT(lpm_drop(map, "10.0.0.0", 8), 0);
	EXPECT(lpm_put(map, "12.0.0.0", 8, 2, 0), 0);
	handle_close(map);
}

static void lpm_batches(struct check *check)
{
	struct handle *map = lpm_map(check, 5);
	struct prefix keys[6], token;
	uint32_t values[6] = {0}, count = 6;

	for (uint32_t i = 0; i < 6; i++)
		keys[i] = (struct prefix){32, {9, 9, 9, (unsigned char)(i * 16)}};
	EXPECT(map_update_batch(map, keys, values, &count, 0), -ENOSPC);
	EXPECT(count, 5);
	count = 3;
	EXPECT(map_lookup_batch(map, NULL, &token, keys, values, &count, 0), 0);
	EXPECT(count, 3);
	count = 3;
	EXPECT(map_lookup_batch(map, &token, &token, keys, values, &count, 0), -ENOENT);
	EXPECT(count, 2);
	EXPECT(map_delete_batch(map, keys, &count, 0), 0);
	EXPECT(count, 2);
	handle_close(map);
}

/* htab_map_alloc(): the bytes of the buckets, a power of two, are counted in 32 bits. */
static void too_many_entries(struct check *check)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
					 BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH};
	static const uint32_t entries[] = {(1u << 27) + 1, 1u << 28, 1u << 31, UINT32_MAX};
	struct map_spec spec = {.key_size = 4, .value_size = 4};
	struct handle *map;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		spec.type = types[i];
		spec.map_flags = i < 2 ? BPF_F_NO_PREALLOC : 0;
		for (size_t j = 0; j < sizeof(entries) / sizeof(entries[0]); j++) {
			spec.max_entries = entries[j];
			EXPECT(map_create(check->world->backend, &spec, &map), -E2BIG);
		}
	}
}

const struct test_case hash_cases[] = {
	{BPF_MAP_TYPE_HASH, "more entries than there can be buckets for", too_many_entries},
	{BPF_MAP_TYPE_HASH, "get-next-key of an absent key starts over", restart},
	{BPF_MAP_TYPE_HASH, "batches stop at the first error", batch_stops},
	{BPF_MAP_TYPE_HASH, "lookup batches give whole buckets", batch_walk},
	{BPF_MAP_TYPE_HASH, "a full map without preallocation", full_then_free},
	{BPF_MAP_TYPE_PERCPU_HASH, "slots are 8 bytes wide", percpu_slots},
	{BPF_MAP_TYPE_LRU_HASH, "lookup and delete", take_gives},
	{BPF_MAP_TYPE_LRU_HASH, "eviction keeps nearly max_entries", lru_evicts},
	{BPF_MAP_TYPE_LRU_HASH, "lists per CPU round max_entries up", lru_rounds_up},
	{BPF_MAP_TYPE_LPM_TRIE, "the longest prefix wins", lpm_longest},
	{BPF_MAP_TYPE_LPM_TRIE, "order of iteration", lpm_order},
	{BPF_MAP_TYPE_LPM_TRIE, "bits behind the prefix", lpm_host_bits},
	{BPF_MAP_TYPE_LPM_TRIE, "batches go by key", lpm_batches},
	{0},
};
