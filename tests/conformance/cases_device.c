// SPDX-License-Identifier: BSD-2-Clause
/* Devmaps and cpumaps: values with programs, devices that go. */
#include <errno.h>
#include <string.h>
#include <linux/bpf.h>
#include "cases.h"

struct entry {
	uint32_t number; /* ifindex, or queue size */
	int prog;	 /* descriptor in, id out */
};

static int put_entry(struct handle *map, uint32_t key, uint32_t number, int prog)
{
	struct entry entry = {number, prog};

	return map_update(map, &key, &entry, BPF_ANY);
}

static struct entry get_entry(struct handle *map, uint32_t key)
{
	struct entry entry = {0};

	if (map_lookup(map, &key, &entry, 0))
		entry.prog = -1;
	return entry;
}

static void programs(struct check *check, uint32_t type, int none_deletes)
{
	struct handle *map = make_map(check, type, 4, 8, 4, 0);
	uint32_t lo = (uint32_t)make_thing(check, THING_DEVICE);
	int devmap_prog = make_thing(check, THING_XDP_DEVMAP);

	EXPECT(put_entry(map, 1, lo, 0), 0);
	EXPECT(get_entry(map, 1).prog, 0);
	EXPECT(put_entry(map, 1, lo, -5), 0);
	EXPECT(put_entry(map, 1, lo, make_thing(check, THING_CLOSED)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, make_thing(check, THING_MAP_HASH)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, make_thing(check, THING_XDP)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, make_thing(check, THING_XDP_CPUMAP)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, make_thing(check, THING_SOCKET_FILTER)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, devmap_prog), 0);
	EXPECT(get_entry(map, 1).number, lo);
	EXPECT(get_entry(map, 1).prog > 0, true);
	EXPECT(put_entry(map, 2, lo, make_thing(check, THING_XDP_DEVMAP_FRAGS)), -EINVAL);
	drop_thing(check, devmap_prog);
	EXPECT(get_entry(map, 1).prog > 0, true);
	EXPECT(put_entry(map, 1, 99999, 0), -EINVAL);
	EXPECT(get_entry(map, 1).number, lo);
	EXPECT(put_entry(map, 1, 0, make_thing(check, THING_XDP_DEVMAP)), -EINVAL);
	EXPECT(put_entry(map, 1, lo, 0), 0);
	EXPECT(get_entry(map, 1).prog, 0);
	EXPECT(put_entry(map, 1, 0, 0), none_deletes);
	EXPECT(get_entry(map, 1).prog, none_deletes ? 0 : -1);
	handle_close(map);
}

static void devmap_programs(struct check *check)
{
	programs(check, BPF_MAP_TYPE_DEVMAP, 0);
}

static void devmap_hash_programs(struct check *check)
{
	programs(check, BPF_MAP_TYPE_DEVMAP_HASH, -EINVAL);
}

static void device_goes(struct check *check)
{
	struct handle *array = make_map(check, BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0);
	struct handle *hash = make_map(check, BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 0);
	struct world *world = check->world;
	uint32_t lo = (uint32_t)make_thing(check, THING_DEVICE), ifindex = 0;
	int error = world->device_add(world, "bpfuse0", &ifindex);

	if (error == -EOPNOTSUPP) {
		check->missing = true;
	} else {
		EXPECT(error, 0);
		EXPECT(put(array, 0, ifindex, BPF_ANY), 0);
		EXPECT(put(array, 1, lo, BPF_ANY), 0);
		EXPECT(put(hash, 70, ifindex, BPF_ANY), 0);
		EXPECT(put(hash, 71, lo, BPF_ANY), 0);
		EXPECT(get(array, 0), ifindex);
		EXPECT(world->device_remove(world, "bpfuse0"), 0);
		EXPECT(get(array, 0), -ENOENT);
		EXPECT(get(array, 1), lo);
		EXPECT(get(hash, 70), -ENOENT);
		EXPECT(first_key(hash), 71);
		EXPECT(count_keys(hash), 1);
		EXPECT(put(array, 0, ifindex, BPF_ANY), -EINVAL);
	}
	handle_close(array);
	handle_close(hash);
}

static void devmap_slots(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_DEVMAP, 4, 4, 2, 0);
	struct map_info info;

	EXPECT(map_info(map, &info), 0);
	EXPECT(info.map_flags, BPF_F_RDONLY_PROG);
	EXPECT(first_key(map), 0);
	EXPECT(next_key(map, 1), -ENOENT);
	EXPECT(get(map, 0), -ENOENT);
	EXPECT(put(map, 0, 0, BPF_ANY), 0);
	EXPECT(put(map, 2, 0, BPF_ANY), -E2BIG);
	EXPECT(drop(map, 0), 0);
	EXPECT(drop(map, 2), -EINVAL);
	handle_close(map);
}

static void cpumap_entries(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_CPUMAP, 4, 8, 64, 0);

	EXPECT(put_entry(map, 0, 192, 0), 0);
	EXPECT(get_entry(map, 0).number, 192);
	EXPECT(put_entry(map, 0, 16384, -1), 0);
	EXPECT(put_entry(map, 0, 16385, 0), -EOVERFLOW);
	EXPECT(put_entry(map, 63, 192, 0), -ENODEV);
	EXPECT(put_entry(map, 64, 192, 0), -E2BIG);
	EXPECT(put_entry(map, 0, 192, make_thing(check, THING_XDP_CPUMAP)), 0);
	EXPECT(get_entry(map, 0).prog > 0, true);
	EXPECT(put_entry(map, 0, 192, make_thing(check, THING_XDP)), -ENOMEM);
	EXPECT(put_entry(map, 0, 192, make_thing(check, THING_CLOSED)), -ENOMEM);
	EXPECT(get_entry(map, 0).number, 192);
	EXPECT(put_entry(map, 0, 0, 0), 0);
	EXPECT(get_entry(map, 0).prog, -1);
	handle_close(map);
}

const struct test_case device_cases[] = {
	{BPF_MAP_TYPE_DEVMAP, "programs in values", devmap_programs},
	{BPF_MAP_TYPE_DEVMAP_HASH, "programs in values", devmap_hash_programs},
	{BPF_MAP_TYPE_DEVMAP, "entries go with their device", device_goes},
	{BPF_MAP_TYPE_DEVMAP, "slots", devmap_slots},
	{BPF_MAP_TYPE_CPUMAP, "queues and programs", cpumap_entries},
	{0},
};
