// SPDX-License-Identifier: BSD-2-Clause
/* Element operations of hash, array and their per-CPU forms on the emulated backend. */
#include "emu_test.h"

Test(element, hash_follows_the_flags)
{
	WORLD(world);
	HANDLE(map);
	uint64_t value;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &map), 0);
	cr_assert_eq(get(map, 1, &value), -ENOENT);
	cr_assert_eq(put(map, 1, 10, BPF_EXIST), -ENOENT);
	cr_assert_eq(put(map, 1, 10, BPF_NOEXIST), 0);
	cr_assert_eq(put(map, 1, 11, BPF_NOEXIST), -EEXIST);
	cr_assert_eq(put(map, 1, 12, BPF_EXIST), 0);
	cr_assert_eq(put(map, 1, 12, 3), -EINVAL);
	cr_assert_eq(put(map, 1, 12, BPF_F_LOCK), -EINVAL);
	cr_assert_eq(get(map, 1, &value), 0);
	cr_assert_eq(value, 12);
	cr_assert_eq(put(map, 2, 20, 0), 0);
	cr_assert_eq(put(map, 3, 30, 0), -E2BIG);
	cr_assert_eq(put(map, 3, 30, BPF_EXIST), -ENOENT);
	cr_assert_eq(put(map, 2, 21, 0), 0);
	cr_assert_eq(del(map, 3), -ENOENT);
	cr_assert_eq(del(map, 2), 0);
	cr_assert_eq(put(map, 3, 30, 0), 0);
}

Test(element, zero_seed_walks_in_the_kernels_order)
{
	/* next_key of a kernel's hash with BPF_F_ZERO_SEED, keys 0..9, 16 entries. */
	static const uint32_t order[] = {4, 5, 0, 7, 2, 1, 8, 9, 6, 3};
	WORLD(world);
	HANDLE(map);
	uint32_t key;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_ZERO_SEED, &map), 0);
	for (uint32_t i = 0; i < 10; i++)
		cr_assert_eq(put(map, i, i, 0), 0);
	cr_assert_eq(map_next_key(map, NULL, &key), 0);
	for (uint32_t i = 0; i < 10; i++) {
		cr_assert_eq(key, order[i], "position %u", i);
		cr_assert_eq(map_next_key(map, &key, &key), i == 9 ? -ENOENT : 0);
	}
}

Test(element, a_missing_key_starts_the_walk_again)
{
	WORLD(world);
	HANDLE(map);
	uint32_t first, key = 1000, next;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 16, 0, &map), 0);
	cr_assert_eq(map_next_key(map, NULL, &first), -ENOENT);
	for (uint32_t i = 0; i < 16; i++)
		cr_assert_eq(put(map, i, i, 0), 0);
	cr_assert_eq(map_next_key(map, NULL, &first), 0);
	cr_assert_eq(map_next_key(map, &key, &next), 0);
	cr_assert_eq(next, first);
}

Test(element, batches_are_whole_buckets)
{
	WORLD(world);
	HANDLE(map);
	uint32_t token = 0, keys[64], count, total = 0;
	uint64_t values[64];
	bool seen[64] = {false};
	int error;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 64, 0, &map), 0);
	for (uint32_t i = 0; i < 64; i++)
		cr_assert_eq(put(map, i, i * 7, 0), 0);
	do {
		count = 16;
		error = map_lookup_batch(map, total ? &token : NULL, &token, keys, values, &count,
					 0);
		for (uint32_t i = 0; i < count; i++) {
			cr_assert(!seen[keys[i]]);
			cr_assert_eq(values[i], keys[i] * 7);
			seen[keys[i]] = true;
		}
		total += count;
	} while (!error);
	cr_assert_eq(error, -ENOENT);
	cr_assert_eq(total, 64);
	token = 64;
	count = 16;
	cr_assert_eq(map_lookup_batch(map, &token, &token, keys, values, &count, 0), -ENOENT);
	cr_assert_eq(count, 0);
	count = 1;
	error = 0;
	for (token = 0; !error && token < 64; count = 1)
		error = map_lookup_batch(map, &token, &token, keys, values, &count, 0);
	cr_assert_eq(error, -ENOSPC);
}

Test(element, taking_out_in_batches_empties_the_map)
{
	WORLD(world);
	HANDLE(map);
	uint32_t token, keys[64], count = 64;
	uint64_t values[64];

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 64, BPF_F_NO_PREALLOC, &map), 0);
	for (uint32_t i = 0; i < 64; i++)
		cr_assert_eq(put(map, i, i, 0), 0);
	cr_assert_eq(map_lookup_and_delete_batch(map, NULL, &token, keys, values, &count, 0),
		     -ENOENT);
	cr_assert_eq(count, 64);
	cr_assert_eq(map_next_key(map, NULL, keys), -ENOENT);
	for (uint32_t i = 0; i < 64; i++)
		cr_assert_eq(put(map, i + 100, i, 0), 0);
}

Test(element, batches_stop_at_the_first_error)
{
	WORLD(world);
	HANDLE(map);
	uint32_t keys[] = {1, 2, 3, 4}, absent[] = {1, 9, 2}, count = 4;
	uint64_t values[4] = {0};

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 3, 0, &map), 0);
	cr_assert_eq(map_update_batch(map, keys, values, &count, 0), -E2BIG);
	cr_assert_eq(count, 3);
	count = 3;
	cr_assert_eq(map_delete_batch(map, absent, &count, 0), -ENOENT);
	cr_assert_eq(count, 1);
	count = 4;
	cr_assert_eq(map_update_batch(map, keys, values, &count, BPF_NOEXIST), -EINVAL);
	cr_assert_eq(count, 0);
}

Test(element, array_has_all_its_keys)
{
	WORLD(world);
	HANDLE(map);
	uint64_t value = 1;
	uint32_t key = 77, next;

	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, &map), 0);
	cr_assert_eq(get(map, 3, &value), 0);
	cr_assert_eq(value, 0);
	cr_assert_eq(get(map, 4, &value), -ENOENT);
	cr_assert_eq(put(map, 3, 5, BPF_EXIST), 0);
	cr_assert_eq(put(map, 3, 5, BPF_NOEXIST), -EEXIST);
	cr_assert_eq(put(map, 4, 5, BPF_NOEXIST), -E2BIG);
	cr_assert_eq(del(map, 3), -EINVAL);
	cr_assert_eq(map_next_key(map, &key, &next), 0);
	cr_assert_eq(next, 0);
	key = 3;
	cr_assert_eq(map_next_key(map, &key, &next), -ENOENT);
	cr_assert_eq(map_lookup_and_delete(map, &key, &value, 0), -ENOTSUPP);
}

Test(element, per_cpu_values_have_a_slot_a_cpu)
{
	WORLD(world);
	HANDLE(hash);
	HANDLE(array);
	unsigned cpus = world->possible_cpus;
	uint32_t key = 1;
	cleanup_free uint64_t *in = calloc(cpus, 8), *out = calloc(cpus, 8);

	for (unsigned i = 0; i < cpus; i++)
		in[i] = 100 + i;
	cr_assert_eq(create(world, BPF_MAP_TYPE_PERCPU_HASH, 4, 5, 4, 0, &hash), 0);
	cr_assert_eq(create(world, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0, &array), 0);
	cr_assert_eq(map_update(hash, &key, in, 0), 0);
	cr_assert_eq(map_lookup(hash, &key, out, 0), 0);
	cr_assert_arr_eq(in, out, 8 * cpus);
	cr_assert_eq(map_update(array, &key, in, 0), 0);
	cr_assert_eq(map_lookup(array, &key, out, 0), 0);
	cr_assert_arr_eq(in, out, 8 * cpus);
}

Test(element, modes_belong_to_handles_and_frozen_to_the_map)
{
	WORLD(world);
	HANDLE(map);
	HANDLE(reader);
	HANDLE(writer);
	struct map_info info;
	struct map_state state;
	uint64_t value;
	uint32_t key = 1;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 4, BPF_F_RDONLY, &reader), 0);
	cr_assert_eq(map_info(reader, &info), 0);
	cr_assert_eq(info.map_flags, 0);
	cr_assert_eq(put(reader, 1, 1, 0), -EPERM);
	cr_assert_eq(map_freeze(reader), -EPERM);
	cr_assert_eq(object_open(world, OBJECT_MAP, info.id, 0, &map), 0);
	cr_assert_eq(object_open(world, OBJECT_MAP, info.id, BPF_F_WRONLY, &writer), 0);
	cr_assert_eq(put(writer, 1, 1, 0), 0);
	cr_assert_eq(get(writer, 1, &value), -EPERM);
	cr_assert_eq(map_lookup_and_delete(writer, &key, &value, 0), -EPERM);
	cr_assert_eq(map_freeze(map), 0);
	cr_assert_eq(map_freeze(map), -EPERM);
	cr_assert_eq(put(map, 1, 1, 0), -EPERM);
	cr_assert_eq(get(map, 1, &value), 0);
	cr_assert_eq(map_state(map, &state), 0);
	cr_assert(state.frozen);
}
