// SPDX-License-Identifier: BSD-2-Clause
/*
 * Device-bound maps of the emulation: creation, the drivers' limits, orphans, ports of one ASIC,
 * network namespaces, programs, latency, faults, statistics. What the kernel answers in the same
 * cases is compared in tests/vm/.
 */
#include <string.h>
#include <time.h>
#include <pthread.h>
#include <bpfuse/interrupt.h>
#include <bpfuse/walk.h>
#include "emu/emu.h"
#include "emu_test.h"

static uint32_t ifindex_of(struct backend *world, const char *name)
{
	struct device_info info;

	cr_assert_eq(device_find(world, name, &info), 0, "%s", name);
	return info.ifindex;
}

static int create_on(struct backend *world, const char *device, uint32_t type, uint32_t entries,
		     struct handle **map)
{
	struct map_spec spec = spec_of(type, 4, 8, entries, 0);

	spec.ifindex = ifindex_of(world, device);
	return map_create(world, &spec, map);
}

static int set(struct backend *world, const char *device, enum device_attribute attribute,
	       const char *text)
{
	return device_set(world, device, attribute, text, strlen(text), NULL);
}

/* The attribute reads so. */
static void expect(struct backend *world, const char *device, enum device_attribute attribute,
		   const char *wanted)
{
	struct buffer text = BUFFER_INIT;

	cr_assert_eq(device_get(world, device, attribute, &text), 0);
	cr_expect_str_eq(text.data ? text.data : "", wanted);
	buffer_free(&text);
}

/* A line of `stats`. */
static unsigned long calls(struct backend *world, const char *device, const char *operation)
{
	struct buffer text = BUFFER_INIT;
	unsigned long count = 0;
	char *line;

	cr_assert_eq(device_get(world, device, DEVICE_STATS, &text), 0);
	line = strstr(text.data, operation);
	cr_assert(line);
	sscanf(line + strlen(operation), "%lu", &count);
	buffer_free(&text);
	return count;
}

static struct map_info info_of(struct handle *map)
{
	struct map_info info;

	cr_assert_eq(map_info(map, &info), 0);
	return info;
}

Test(device, comes_and_goes)
{
	WORLD(world);
	cleanup_free struct device_info *devices = NULL;
	struct device_info info;
	size_t count;

	cr_expect_eq(device_add(world, "nsim0"), 0);
	cr_expect_eq(device_add(world, "nsim0"), -EEXIST);
	cr_expect_eq(device_add(world, "lo"), -EEXIST);
	cr_expect_eq(device_add(world, "a name"), -EINVAL);
	cr_expect_eq(device_add(world, "sixteencharacter"), -EINVAL);
	cr_assert_eq(device_list(world, &devices, &count), 0);
	cr_assert_eq(count, 2);
	cr_expect_str_eq(devices[0].name, "lo");
	cr_expect_not(devices[0].offload);
	cr_expect_str_eq(devices[1].name, "nsim0");
	cr_expect(devices[1].offload);
	cr_expect_eq(device_rename(world, "nsim0", "lo"), -EEXIST);
	cr_expect_eq(device_rename(world, "nsim0", "nsim1"), 0);
	cr_expect_eq(device_find(world, "nsim0", &info), -ENODEV);
	cr_expect_eq(device_remove(world, "nsim0"), -ENODEV);
	cr_expect_eq(device_remove(world, "nsim1"), 0);
	cr_expect_eq(device_remove(world, "lo"), -EOPNOTSUPP);
}

Test(device, creation_is_checked_in_the_kernels_order)
{
	WORLD(world);
	HANDLE(map);
	struct map_spec spec = MAP_SPEC_INIT;

	device_add(world, "nsim0");
	spec.type = BPF_MAP_TYPE_PERCPU_HASH;
	spec.value_size = 8;
	spec.max_entries = 1;
	spec.ifindex = 99;
	cr_expect_eq(map_create(world, &spec, &map), -EINVAL, "the type's own checks");
	emu_set_capabilities(world, EMU_CAP_BPF | EMU_CAP_NET_ADMIN);
	spec.key_size = 8;
	cr_expect_eq(map_create(world, &spec, &map), -EPERM);
	emu_set_capabilities(world, EMU_CAP_ALL);
	cr_expect_eq(map_create(world, &spec, &map), -EINVAL, "only hash and array");
	cr_expect_eq(create_on(world, "lo", BPF_MAP_TYPE_HASH, 2, &map), -EOPNOTSUPP);
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 0, &map), -EINVAL);
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 3, &map), -ENOMEM);
	spec.type = BPF_MAP_TYPE_HASH;
	spec.map_flags = BPF_F_NO_PREALLOC;
	spec.ifindex = ifindex_of(world, "nsim0");
	cr_expect_eq(map_create(world, &spec, &map), -EINVAL, "netdevsim takes no flags");
	spec.map_flags = BPF_F_RDONLY;
	cr_expect_eq(map_create(world, &spec, &map), 0, "access is the handle's, not the map's");
	cr_expect_eq(set(world, "nsim0", DEVICE_ACCEPT, "N"), 0);
	expect(world, "nsim0", DEVICE_ACCEPT, "0");
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 3, &map), -EOPNOTSUPP);
}

Test(device, netdevsim_hash)
{
	WORLD(world);
	HANDLE(map);
	uint32_t key = 0;
	uint64_t value;

	device_add(world, "nsim0");
	cr_assert_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 1, &map), 0);
	cr_expect_eq(map_next_key(map, NULL, &key), -ENOENT);
	cr_expect_eq(put(map, 0, 10, BPF_EXIST), -ENOENT);
	cr_expect_eq(put(map, 0, 10, BPF_NOEXIST), 0);
	cr_expect_eq(put(map, 5, 15, BPF_ANY), 0, "two slots, whatever max_entries says");
	cr_expect_eq(put(map, 6, 16, BPF_ANY), -E2BIG);
	cr_expect_eq(put(map, 6, 16, BPF_EXIST), -ENOENT);
	cr_expect_eq(put(map, 5, 16, BPF_NOEXIST), -EEXIST);
	cr_expect_eq(put(map, 5, 16, 3), -EINVAL);
	cr_expect_eq(put(map, 5, 16, BPF_F_LOCK), -EINVAL);
	cr_expect_eq(del(map, 0), 0);
	cr_expect_eq(del(map, 0), -ENOENT);
	cr_expect_eq(put(map, 11, 21, BPF_ANY), 0);
	cr_assert_eq(map_next_key(map, NULL, &key), 0);
	cr_expect_eq(key, 11, "the lowest free slot");
	cr_assert_eq(map_next_key(map, &key, &key), 0);
	cr_expect_eq(key, 5);
	cr_expect_eq(map_next_key(map, &key, &key), -ENOENT);
	cr_expect_eq(get(map, 5, &value), 0);
	cr_expect_eq(value, 15);
	cr_expect_eq(map_lookup_and_delete(map, &key, &value, 0), -ENOTSUPP);
}

Test(device, netdevsim_array)
{
	WORLD(world);
	HANDLE(map);
	uint32_t key, absent = 7;
	uint64_t value;

	device_add(world, "nsim0");
	cr_assert_eq(create_on(world, "nsim0", BPF_MAP_TYPE_ARRAY, 1, &map), 0);
	cr_expect_eq(get(map, 1, &value), 0);
	cr_expect_eq(get(map, 2, &value), -ENOENT);
	cr_expect_eq(put(map, 2, 1, BPF_ANY), -E2BIG);
	cr_expect_eq(put(map, 1, 1, BPF_NOEXIST), -EEXIST);
	cr_expect_eq(put(map, 1, 1, BPF_ANY), 0);
	cr_expect_eq(del(map, 0), -EINVAL);
	cr_expect_eq(map_next_key(map, &absent, &key), 0);
	cr_expect_eq(key, 0);
}

Test(device, dead_map)
{
	WORLD(world);
	HANDLE(map);
	HANDLE(again);
	struct map_info info;
	uint32_t id, key = 0;
	uint64_t value = 0;

	device_add(world, "nsim0");
	cr_assert_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &map), 0);
	id = info_of(map).id;
	cr_expect_eq(put(map, 0, 1, BPF_ANY), 0);
	cr_expect_eq(pin(map, &root_caller, "orphan"), 0);
	cr_expect_eq(device_remove(world, "nsim0"), 0);
	cr_expect_eq(map_info(map, &info), -ENODEV);
	cr_expect_eq(get(map, 0, &value), -ENODEV);
	cr_expect_eq(put(map, 0, 1, BPF_ANY), -ENODEV);
	cr_expect_eq(del(map, 0), -ENODEV);
	cr_expect_eq(map_next_key(map, NULL, &key), -ENODEV);
	cr_expect_eq(put(map, 0, 1, 3), -EINVAL, "flags first");
	cr_expect_eq(map_lookup(map, &key, &value, BPF_F_LOCK), -EINVAL);
	cr_expect_eq(map_lookup_and_delete(map, &key, &value, 0), -ENOTSUPP);
	cr_expect_eq(map_freeze(map), 0);
	cr_expect_eq(object_open(world, OBJECT_MAP, id, 0, &again), -ENOENT);
	cr_expect_eq(object_next(world, OBJECT_MAP, 0, &id), -ENOENT);
	cr_expect_eq(device_add(world, "nsim0"), 0);
	cr_expect_eq(get(map, 0, &value), -ENODEV, "never revived");
	cr_assert_eq(pin_open(world, "orphan", 0, &again), 0);
	cr_expect_eq(get(again, 0, &value), -ENODEV);
}

Test(device, ports_of_one_asic)
{
	WORLD(world);
	HANDLE(map);
	uint64_t value;

	device_add(world, "port0");
	device_add(world, "port1");
	device_add(world, "port2");
	cr_expect_eq(set(world, "port1", DEVICE_ASIC, "port0"), 0);
	cr_expect_eq(set(world, "port2", DEVICE_ASIC, "port0"), 0);
	expect(world, "port2", DEVICE_ASIC, "port0");
	cr_assert_eq(create_on(world, "port0", BPF_MAP_TYPE_HASH, 2, &map), 0);
	cr_expect_eq(put(map, 1, 100, BPF_ANY), 0);
	cr_expect_eq(set(world, "port0", DEVICE_ASIC, "other"), -EBUSY);
	cr_expect_eq(set(world, "port1", DEVICE_DRIVER, "nfp"), -EBUSY);
	cr_expect_eq(device_remove(world, "port0"), 0);
	cr_expect_eq(info_of(map).ifindex, ifindex_of(world, "port2"), "the newest port");
	cr_expect_eq(get(map, 1, &value), 0);
	cr_expect_eq(value, 100);
	cr_expect_eq(device_remove(world, "port2"), 0);
	cr_expect_eq(info_of(map).ifindex, ifindex_of(world, "port1"));
	cr_expect_eq(device_remove(world, "port1"), 0);
	cr_expect_eq(get(map, 1, &value), -ENODEV);
}

Test(device, moves_between_namespaces)
{
	WORLD(world);
	HANDLE(map);
	HANDLE(refused);
	uint64_t value, home;

	device_add(world, "nsim0");
	cr_assert_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &map), 0);
	home = info_of(map).netns_ino;
	cr_expect_eq(set(world, "nsim0", DEVICE_NETNS, "blue"), 0);
	expect(world, "nsim0", DEVICE_NETNS, "blue");
	cr_expect_neq(info_of(map).netns_ino, home);
	cr_expect_eq(put(map, 1, 1, BPF_ANY), 0, "it works from any namespace");
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &refused), -EINVAL);
	cr_expect_eq(set(world, "nsim0", DEVICE_NETNS, "init"), 0);
	cr_expect_eq(info_of(map).netns_ino, home);
	cr_expect_eq(get(map, 1, &value), 0);
}

/* --- programs --- */

static int load(struct backend *world, uint32_t type, const char *device, struct handle *map,
		struct fault *log, struct handle **prog)
{
	int fd = map ? handle_fd(map) : -1;
	struct emu_prog_spec spec = {
		.type = type,
		.ifindex = device ? ifindex_of(world, device) : 0,
		.map_fds = &fd,
		.map_count = map ? 1 : 0,
		.log = log,
	};

	return emu_prog_load(world, &spec, prog);
}

Test(device, programs_and_maps_must_match)
{
	const char *sentence = "offload device mismatch between prog and map";
	WORLD(world);
	HANDLE(host);
	HANDLE(bound);
	HANDLE(events);
	HANDLE(prog);
	HANDLE(second);
	struct prog_info info = {0};
	struct fault log = FAULT_INIT;
	uint32_t id;

	device_add(world, "a");
	device_add(world, "b");
	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &host), 0);
	cr_assert_eq(create_on(world, "a", BPF_MAP_TYPE_HASH, 2, &bound), 0);
	cr_expect_eq(load(world, BPF_PROG_TYPE_XDP, "a", host, &log, &prog), -EINVAL);
	cr_expect_str_eq(log.text, sentence);
	cr_expect_eq(load(world, BPF_PROG_TYPE_XDP, "b", bound, &log, &prog), -EINVAL);
	cr_expect_eq(load(world, BPF_PROG_TYPE_XDP, NULL, bound, &log, &prog), -EINVAL);
	cr_expect_str_eq(log.text, sentence);
	cr_expect_eq(load(world, BPF_PROG_TYPE_SOCKET_FILTER, "a", bound, &log, &prog), -EINVAL);
	cr_expect_eq(load(world, BPF_PROG_TYPE_XDP, "lo", NULL, &log, &prog), -EOPNOTSUPP);
	cr_assert_eq(load(world, BPF_PROG_TYPE_XDP, "a", bound, &log, &prog), 0);
	if (!create(world, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0, &events))
		cr_expect_eq(load(world, BPF_PROG_TYPE_XDP, "a", events, &log, &second), 0);
	cr_expect_eq(device_remove(world, "a"), 0);
	cr_expect_eq(prog_info(prog, &info), -ENODEV);
	cr_expect_eq(object_next(world, OBJECT_PROG, 0, &id), 0, "a program keeps its id");
}

/* --- latency, faults, statistics --- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *slow_lookup(void *map)
{
	uint64_t value;

	return (void *)(intptr_t)get(map, 1, &value);
}

Test(device, latency_is_its_own)
{
	WORLD(world);
	HANDLE(slow);
	HANDLE(quick);
	uint64_t value;
	pthread_t thread;
	double start;
	void *result;

	device_add(world, "slow");
	device_add(world, "quick");
	cr_assert_eq(create_on(world, "slow", BPF_MAP_TYPE_HASH, 2, &slow), 0);
	cr_assert_eq(create_on(world, "quick", BPF_MAP_TYPE_HASH, 2, &quick), 0);
	cr_expect_eq(put(quick, 1, 1, BPF_ANY), 0);
	cr_expect_eq(set(world, "slow", DEVICE_LATENCY_US, "20000"), 0);
	start = seconds();
	cr_expect_eq(get(slow, 1, &value), -ENOENT);
	cr_expect_geq(seconds() - start, 0.02);

	cr_expect_eq(set(world, "slow", DEVICE_LATENCY_US, "30000000"), 0);
	cr_assert_eq(pthread_create(&thread, NULL, slow_lookup, slow), 0);
	while (calls(world, "slow", "lookup") < 2)
		sched_yield();
	start = seconds();
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(get(quick, 1, &value), 0);
	cr_expect_eq(device_remove(world, "quick"), 0);
	cr_expect_eq(device_add(world, "quick"), 0);
	cr_expect_eq(device_remove(world, "slow"), 0, "unregister wakes those who sleep");
	pthread_join(thread, &result);
	cr_expect_eq((intptr_t)result, -ENODEV);
	cr_expect_lt(seconds() - start, 10);
}

Test(device, a_shorter_latency_is_that_of_who_sleeps_too)
{
	WORLD(world);
	HANDLE(map);
	pthread_t thread;
	double start = seconds();
	void *result;

	device_add(world, "slow");
	cr_assert_eq(create_on(world, "slow", BPF_MAP_TYPE_HASH, 2, &map), 0);
	cr_expect_eq(set(world, "slow", DEVICE_LATENCY_US, "30000000"), 0);
	cr_assert_eq(pthread_create(&thread, NULL, slow_lookup, map), 0);
	while (calls(world, "slow", "lookup") < 1)
		sched_yield();
	cr_expect_eq(set(world, "slow", DEVICE_LATENCY_US, "0"), 0);
	pthread_join(thread, &result);
	cr_expect_eq((intptr_t)result, -ENOENT);
	cr_expect_lt(seconds() - start, 10);
}

static bool always(void *context)
{
	return true;
}

/* So many that a map of no device would be read by a thread ahead of its reader. */
#define MANY 20000

Test(device, a_reader_of_many_elements_can_be_interrupted)
{
	WORLD(world);
	HANDLE(map);
	struct walk_ahead *walk;
	struct walk_chunk chunk;
	double start = seconds();
	int rc = 1;

	device_add(world, "slow");
	cr_assert_eq(set(world, "slow", DEVICE_DRIVER, "generic"), 0);
	cr_assert_eq(create_on(world, "slow", BPF_MAP_TYPE_HASH, MANY, &map), 0);
	for (uint32_t key = 0; key < MANY; key++)
		cr_assert_eq(put(map, key, key, BPF_ANY), 0);
	cr_assert_eq(walk_ahead_open(map, 0, &walk), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(walk_ahead_next(walk, &chunk), 1);
	cr_expect_eq(set(world, "slow", DEVICE_LATENCY_US, "30000000"), 0);
	interrupt_ask(always, NULL);
	while (rc == 1)
		rc = walk_ahead_next(walk, &chunk);
	cr_expect_eq(rc, -EINTR);
	walk_ahead_close(walk);
	interrupt_ask(NULL, NULL);
	cr_expect_lt(seconds() - start, 10);
}

Test(device, faults_and_statistics)
{
	WORLD(world);
	HANDLE(map);
	uint64_t value;

	device_add(world, "nsim0");
	cr_assert_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &map), 0);
	cr_expect_eq(set(world, "nsim0", DEVICE_FAIL, "lookup EIO 2\nupdate 28\n"), 0);
	expect(world, "nsim0", DEVICE_FAIL, "lookup EIO 2\nupdate ENOSPC");
	cr_expect_eq(put(map, 1, 1, BPF_ANY), -ENOSPC);
	cr_expect_eq(get(map, 1, &value), -EIO);
	cr_expect_eq(get(map, 1, &value), -EIO);
	cr_expect_eq(get(map, 1, &value), -ENOENT, "nothing half-applied");
	cr_expect_eq(put(map, 1, 1, BPF_ANY), -ENOSPC, "for ever");
	cr_expect_eq(set(world, "nsim0", DEVICE_FAIL, "delete EIO\nnonsense EIO"), -EINVAL);
	expect(world, "nsim0", DEVICE_FAIL, "update ENOSPC");
	cr_expect_eq(set(world, "nsim0", DEVICE_FAIL, "update 0"), 0);
	expect(world, "nsim0", DEVICE_FAIL, "");
	cr_expect_eq(put(map, 1, 1, BPF_ANY), 0);
	expect(world, "nsim0", DEVICE_STATS,
	       "alloc 1\nfree 0\nlookup 3\nupdate 3\ndelete 0\nget_next_key 0\nbind 0");
	cr_expect_eq(set(world, "nsim0", DEVICE_FAIL, "alloc ENOSPC 1"), 0);
	handle_close(move_ptr(map));
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &map), -ENOSPC);
	cr_expect_eq(create_on(world, "nsim0", BPF_MAP_TYPE_HASH, 2, &map), 0);
	cr_expect_eq(calls(world, "nsim0", "free"), 1);
	cr_expect_eq(set(world, "nsim0", DEVICE_STATS, "0"), 0);
	cr_expect_eq(calls(world, "nsim0", "alloc"), 0);
}

/* --- drivers --- */

static int create_sized(struct backend *world, const char *device, uint32_t key, uint32_t value,
			uint32_t entries, uint32_t flags, struct handle **map)
{
	struct map_spec spec = spec_of(BPF_MAP_TYPE_HASH, key, value, entries, flags);

	spec.ifindex = ifindex_of(world, device);
	return map_create(world, &spec, map);
}

Test(device, nfp_limits)
{
	WORLD(world);
	HANDLE(first);
	HANDLE(map);

	device_add(world, "nfp0");
	cr_expect_eq(set(world, "nfp0", DEVICE_DRIVER, "nfp"), 0);
	expect(world, "nfp0", DEVICE_DRIVER, "nfp");
	cr_expect_eq(set(world, "nfp0", DEVICE_LIMITS, "max_maps=2 max_elements=100"), 0);
	cr_expect_eq(create_sized(world, "nfp0", 65, 8, 1, 0, &map), -ENOMEM);
	cr_expect_eq(create_sized(world, "nfp0", 8, 65, 1, 0, &map), -ENOMEM);
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 101, 0, &map), -ENOMEM);
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 1, BPF_F_NO_PREALLOC, &map), -EINVAL);
	cr_assert_eq(create_sized(world, "nfp0", 64, 64, 60, 0, &first), 0);
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 41, 0, &map), -ENOMEM,
		     "elements are the device's");
	cr_assert_eq(create_sized(world, "nfp0", 8, 8, 40, 0, &map), 0);
	handle_close(move_ptr(first));
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 60, 0, &first), 0);
	handle_close(move_ptr(map));
	handle_close(move_ptr(first));
	cr_expect_eq(set(world, "nfp0", DEVICE_LIMITS, "map_types=4"), 0);
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 1, 0, &map), -EOPNOTSUPP);
	cr_expect_eq(set(world, "nfp0", DEVICE_LIMITS, "map_types=0"), 0);
	cr_expect_eq(create_sized(world, "nfp0", 8, 8, 1, BPF_F_NO_PREALLOC, &map), -EOPNOTSUPP);
}

Test(device, generic_limits)
{
	WORLD(world);
	HANDLE(map);
	uint32_t key = 0;

	device_add(world, "paper");
	cr_expect_eq(set(world, "paper", DEVICE_LIMITS, "max_entries=9"), -EPERM, "netdevsim's");
	cr_expect_eq(set(world, "paper", DEVICE_DRIVER, "generic"), 0);
	cr_expect_eq(set(world, "paper", DEVICE_DRIVER, "ixgbe"), -EINVAL);
	cr_expect_eq(set(world, "paper", DEVICE_LIMITS, "max_entries=9 nonsense=1"), -EINVAL);
	cr_expect_eq(set(world, "paper", DEVICE_LIMITS, "max_entries=3 max_key_size=8"), 0);
	cr_expect_eq(create_sized(world, "paper", 9, 8, 3, 0, &map), -E2BIG);
	cr_expect_eq(create_sized(world, "paper", 4, 8, 4, 0, &map), -E2BIG);
	cr_assert_eq(create_sized(world, "paper", 4, 8, 3, 0, &map), 0);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(put(map, 30 + i, i, BPF_ANY), 0);
	cr_expect_eq(put(map, 40, 1, BPF_ANY), -E2BIG);
	cr_expect_eq(del(map, 31), 0);
	cr_expect_eq(map_next_key(map, NULL, &key), 0);
	cr_expect_eq(key, 30);
	cr_expect_eq(map_next_key(map, &key, &key), 0);
	cr_expect_eq(key, 32);
}
