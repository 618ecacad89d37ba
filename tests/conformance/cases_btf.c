// SPDX-License-Identifier: BSD-2-Clause
/* What BTF changes: spin locks in values, types that take no BTF. */
#include <errno.h>
#include <string.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "cases.h"

/*
 * Type 1: int; 2: struct bpf_spin_lock; 3: struct { struct bpf_spin_lock lock; int number; };
 * 4: an 8-byte integer.
 */
enum { BTF_INT = 1, BTF_LOCKED = 3, BTF_LONG = 4 };

struct locked {
	uint32_t lock, number;
};

static struct handle *lock_btf(struct check *check)
{
	struct btf *btf = btf__new_empty();
	struct handle *handle = NULL;
	const void *bytes;
	__u32 size;

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(btf, "bpf_spin_lock", 4);
	btf__add_field(btf, "val", BTF_INT, 0, 0);
	btf__add_struct(btf, "locked", 8);
	btf__add_field(btf, "lock", 2, 0, 0);
	btf__add_field(btf, "number", BTF_INT, 32, 0);
	btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	bytes = btf__raw_data(btf, &size);
	EXPECT(btf_load(check->world->backend, bytes, size, &handle), 0);
	btf__free(btf);
	if (!handle)
		longjmp(check->give_up, 1);
	return handle;
}

static int typed_map(struct check *check, uint32_t type, uint32_t flags, uint32_t value_type,
		     struct handle **map)
{
	struct handle *btf = lock_btf(check);
	const struct subject *subject = subject_get(type);
	struct map_spec spec;
	int error = subject_spec(subject, check->world, &spec);

	EXPECT(error, 0);
	spec.map_flags = subject->flags | flags;
	spec.btf_fd = handle_fd(btf);
	spec.btf_key_type_id = BTF_INT;
	spec.btf_value_type_id = value_type;
	spec.value_size = value_type == BTF_INT ? 4 : 8;
	error = map_create(check->world->backend, &spec, map);
	handle_close(btf);
	return error;
}

static struct handle *locked_map(struct check *check, uint32_t type)
{
	struct handle *map = NULL;

	EXPECT(typed_map(check, type, 0, BTF_LOCKED, &map), 0);
	if (!map)
		longjmp(check->give_up, 1);
	return map;
}

static int put_locked(struct handle *map, uint32_t key, uint32_t number, uint64_t flags)
{
	struct locked value = {.lock = 0xffff, .number = number};

	return map_update(map, &key, &value, flags);
}

static void expect_locked(struct check *check, struct handle *map, uint32_t key, uint32_t number,
			  uint64_t flags)
{
	struct locked value = {.lock = 7};

	EXPECT(map_lookup(map, &key, &value, flags), 0);
	EXPECT(value.lock, 0);
	EXPECT(value.number, number);
}

static void lock_in_hash(struct check *check)
{
	struct handle *map = locked_map(check, BPF_MAP_TYPE_HASH);
	struct locked value;
	uint32_t key = 1, count = 4, token, keys[4];
	struct locked values[4];

	EXPECT(put_locked(map, 1, 10, BPF_F_LOCK | BPF_EXIST), -ENOENT);
	EXPECT(put_locked(map, 1, 10, BPF_F_LOCK), 0);
	EXPECT(put_locked(map, 1, 11, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
	expect_locked(check, map, 1, 10, 0);
	EXPECT(put_locked(map, 1, 12, BPF_F_LOCK), 0);
	expect_locked(check, map, 1, 12, BPF_F_LOCK);
	EXPECT(put_locked(map, 2, 13, BPF_F_LOCK | BPF_NOEXIST), 0);
	EXPECT(map_lookup(map, &key, &value, BPF_F_LOCK | 1), -EINVAL);
	EXPECT(map_lookup_batch(map, NULL, &token, keys, values, &count, BPF_F_LOCK), -ENOENT);
	EXPECT(count, 2);
	EXPECT(values[0].lock, 0);
	EXPECT(map_lookup_and_delete(map, &key, &value, BPF_F_LOCK), 0);
	EXPECT(value.number, 12);
	EXPECT(map_freeze(map), -ENOTSUPP);
	handle_close(map);
}

static void lock_in_array(struct check *check)
{
	struct handle *map = locked_map(check, BPF_MAP_TYPE_ARRAY);

	EXPECT(put_locked(map, 1, 10, BPF_F_LOCK), 0);
	expect_locked(check, map, 1, 10, BPF_F_LOCK);
	EXPECT(put_locked(map, 1, 10, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
	EXPECT(put_locked(map, 1, 11, BPF_F_LOCK | BPF_EXIST), 0);
	expect_locked(check, map, 1, 11, 0);
	EXPECT(map_freeze(map), -ENOTSUPP);
	handle_close(map);
}

static void lock_refused(struct check *check)
{
	struct handle *map = NULL;

	EXPECT(typed_map(check, BPF_MAP_TYPE_PERCPU_HASH, 0, BTF_LOCKED, &map), -EOPNOTSUPP);
	EXPECT(typed_map(check, BPF_MAP_TYPE_LRU_HASH, 0, BTF_LOCKED, &map), -EOPNOTSUPP);
	EXPECT(typed_map(check, BPF_MAP_TYPE_HASH, BPF_F_RDONLY_PROG, BTF_LOCKED, &map), -EACCES);
	EXPECT(typed_map(check, BPF_MAP_TYPE_QUEUE, 0, BTF_LOCKED, &map), -EINVAL);
}

static void typed(struct check *check)
{
	struct handle *map = NULL;
	struct map_info info = {0};

	EXPECT(typed_map(check, BPF_MAP_TYPE_HASH, 0, BTF_LONG, &map), 0);
	EXPECT(map_info(map, &info), 0);
	EXPECT(info.btf_id > 0, true);
	EXPECT(info.btf_key_type_id, BTF_INT);
	EXPECT(info.btf_value_type_id, BTF_LONG);
	handle_close(map);
	EXPECT(typed_map(check, BPF_MAP_TYPE_HASH, 0, 99, &map), -EINVAL);
}

/* Types whose operations have no map_check_btf, or say ENOTSUPP there (map_check_no_btf()). */
static void untyped(struct check *check)
{
	static const struct {
		uint32_t type, value_type;
		int expected;
	} rows[] = {
		{BPF_MAP_TYPE_PROG_ARRAY, BTF_INT, 0},
		{BPF_MAP_TYPE_PERF_EVENT_ARRAY, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_CGROUP_ARRAY, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_ARRAY_OF_MAPS, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_HASH_OF_MAPS, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_DEVMAP, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_DEVMAP_HASH, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_CPUMAP, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_XSKMAP, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_SOCKMAP, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_SOCKHASH, BTF_INT, -ENOTSUPP},
		{BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, BTF_INT, 0},
		{BPF_MAP_TYPE_PERCPU_ARRAY, BTF_LONG, 0},
		{BPF_MAP_TYPE_LRU_PERCPU_HASH, BTF_LONG, 0},
		{BPF_MAP_TYPE_LPM_TRIE, BTF_LONG, -EINVAL},
		{BPF_MAP_TYPE_QUEUE, BTF_LONG, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct handle *map = NULL;
		int error = typed_map(check, rows[i].type, 0, rows[i].value_type, &map);

		if (error != rows[i].expected)
			printf("# %s\n", subject_get(rows[i].type)->name);
		EXPECT(error, rows[i].expected);
		handle_close(map);
	}
}

const struct test_case btf_cases[] = {
	{BPF_MAP_TYPE_HASH, "BPF_F_LOCK", lock_in_hash},
	{BPF_MAP_TYPE_ARRAY, "BPF_F_LOCK", lock_in_array},
	{BPF_MAP_TYPE_HASH, "where locks cannot be", lock_refused},
	{BPF_MAP_TYPE_HASH, "BTF types in info", typed},
	{BPF_MAP_TYPE_HASH, "which other types take BTF", untyped},
	{0},
};
