// SPDX-License-Identifier: BSD-2-Clause
/*
 * Device-bound conformance: one list of rows, tried in the kernel's world (netdevsim) or in the
 * emulated one.
 *
 *   device_rows kernel|emu      prints a line a row: what was tried, TAB, what was answered
 *
 * run.sh boots a kernel that has netdevsim, runs both there, and compares row by row.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/errno_name.h>
#include "device_rows.h"

static struct device_world *world;

/* --- printing --- */

static void row(const char *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void row(const char *answer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\t%s\n", answer);
	fflush(stdout);
}

static const char *answer_of(int result)
{
	static char name[ERRNO_NAME_MAX];

	return result ? errno_name(-result, name) : "ok";
}

#define TRY(result, ...) row(answer_of(result), __VA_ARGS__)

static void number_row(unsigned long long number, const char *what)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", number);
	row(text, "%s", what);
}

/* --- maps --- */

static struct map_spec spec_on(const char *device, uint32_t type)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = 2;
	spec.ifindex = device ? world->ifindex(world, device) : 0;
	strcpy(spec.name, "row");
	return spec;
}

static int try_create(const struct map_spec *spec)
{
	struct handle *map = NULL;
	int error = map_create(world->backend, spec, &map);

	handle_close(map);
	return error;
}

static struct handle *map_on(const char *device, uint32_t type)
{
	struct map_spec spec = spec_on(device, type);
	struct handle *map = NULL;
	int error = map_create(world->backend, &spec, &map);

	if (error)
		TRY(error, "a map that the rows need");
	return map;
}

/* --- creating --- */

static void try_sizes(void)
{
	static const struct {
		const char *what;
		uint32_t type, key, value, entries, flags;
	} sizes[] = {
		{"hash 4 8 entries 1", BPF_MAP_TYPE_HASH, 4, 8, 1, 0},
		{"hash 4 8 entries 2", BPF_MAP_TYPE_HASH, 4, 8, 2, 0},
		{"hash 4 8 entries 3", BPF_MAP_TYPE_HASH, 4, 8, 3, 0},
		{"hash 4 8 entries 0", BPF_MAP_TYPE_HASH, 4, 8, 0, 0},
		{"hash 0 8", BPF_MAP_TYPE_HASH, 0, 8, 2, 0},
		{"hash 4 0", BPF_MAP_TYPE_HASH, 4, 0, 2, 0},
		{"hash 512 1024", BPF_MAP_TYPE_HASH, 512, 1024, 2, 0},
		{"hash 65536 8", BPF_MAP_TYPE_HASH, 65536, 8, 2, 0},
		{"hash 4 1 MiB", BPF_MAP_TYPE_HASH, 4, 1 << 20, 2, 0},
		{"hash 4 8 MiB", BPF_MAP_TYPE_HASH, 4, 8 << 20, 2, 0},
		{"array 4 8 entries 2", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0},
		{"array 4 8 entries 3", BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0},
		{"array 8 8", BPF_MAP_TYPE_ARRAY, 8, 8, 2, 0},
		{"array 4 8 entries 0", BPF_MAP_TYPE_ARRAY, 4, 8, 0, 0},
		{"hash no_prealloc", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_NO_PREALLOC},
		{"hash zero_seed", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_ZERO_SEED},
		{"hash rdonly_prog", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_RDONLY_PROG},
		{"hash wronly_prog", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_WRONLY_PROG},
		{"hash numa_node", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_NUMA_NODE},
		{"hash rdonly", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_RDONLY},
		{"hash wronly", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_WRONLY},
		{"hash rdonly wronly", BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_RDONLY | BPF_F_WRONLY},
		{"array mmapable", BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_MMAPABLE},
		{"array inner_map", BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_INNER_MAP},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct map_spec spec = spec_on("d0", sizes[i].type);

		spec.key_size = sizes[i].key;
		spec.value_size = sizes[i].value;
		spec.max_entries = sizes[i].entries;
		spec.map_flags = sizes[i].flags;
		TRY(try_create(&spec), "create %s", sizes[i].what);
	}
}

static void try_types(void)
{
	static const struct {
		const char *name;
		uint32_t type, value, flags;
	} types[] = {
		{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 8, 0},
		{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 8, 0},
		{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 8, 0},
		{"prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 0},
		{"devmap", BPF_MAP_TYPE_DEVMAP, 4, 0},
		{"perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 0},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct map_spec spec = spec_on("d0", types[i].type);

		spec.value_size = types[i].value;
		spec.map_flags = types[i].flags;
		TRY(try_create(&spec), "create %s", types[i].name);
	}
}

static void rows_create(void)
{
	struct map_spec spec;

	world->device_add(world, 0);
	try_sizes();
	try_types();
	spec = spec_on("d0", BPF_MAP_TYPE_HASH);
	spec.ifindex = 99999;
	TRY(try_create(&spec), "create on an ifindex that is none");
	spec.ifindex = 1;
	TRY(try_create(&spec), "create on lo");
	world->accept(world, 0, false);
	spec = spec_on("d0", BPF_MAP_TYPE_HASH);
	TRY(try_create(&spec), "create, accept off");
	spec.max_entries = 3;
	TRY(try_create(&spec), "create with 3 entries, accept off");
	world->accept(world, 0, true);
	world->device_remove(world, 0);
}

/* --- elements --- */

static int put(struct handle *map, uint32_t key, uint64_t value, uint64_t flags)
{
	return map_update(map, &key, &value, flags);
}

static void lookup_row(struct handle *map, uint32_t key, const char *what)
{
	uint64_t value = 0;
	int error = map_lookup(map, &key, &value, 0);
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	row(error ? answer_of(error) : text, "%s: lookup %u", what, key);
}

static void walk_row(struct handle *map, const char *what)
{
	char text[64] = "";
	uint32_t key;
	int error = map_next_key(map, NULL, &key);

	for (int step = 0; !error && step < 4; step++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ", key);
		error = map_next_key(map, &key, &key);
	}
	strcat(text, answer_of(error));
	row(text, "%s: keys", what);
}

static void update_rows(struct handle *map, const char *what)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} flags[] = {
		{"any", BPF_ANY},      {"noexist", BPF_NOEXIST},
		{"exist", BPF_EXIST},  {"3", 3},
		{"lock", BPF_F_LOCK},  {"8", 8},
		{"1<<40", 1ull << 40},
	};

	for (uint32_t key = 0; key < 4; key++)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			TRY(put(map, key, key * 10 + i, flags[i].flags), "%s: update %u %s", what,
			    key, flags[i].name);
}

/* What device-bound maps of all types leave to the ordinary table. */
static void common_rows(struct handle *map, const char *what)
{
	uint32_t key = 0, count = 2, keys[4];
	uint64_t value, values[4];

	TRY(map_lookup(map, &key, &value, BPF_F_LOCK), "%s: lookup lock", what);
	TRY(map_lookup(map, &key, &value, 1), "%s: lookup flags 1", what);
	TRY(map_lookup_and_delete(map, &key, &value, 0), "%s: lookup_and_delete", what);
	TRY(map_lookup_and_delete(map, &key, &value, BPF_F_LOCK), "%s: lookup_and_delete lock",
	    what);
	TRY(map_lookup_batch(map, NULL, &key, keys, values, &count, 0), "%s: lookup_batch", what);
	count = 2;
	TRY(map_lookup_and_delete_batch(map, NULL, &key, keys, values, &count, 0),
	    "%s: lookup_and_delete_batch", what);
	memset(keys, 0, sizeof(keys));
	memset(values, 0, sizeof(values));
	count = 2;
	TRY(map_update_batch(map, keys, values, &count, 0), "%s: update_batch", what);
	count = 2;
	TRY(map_delete_batch(map, keys, &count, 0), "%s: delete_batch", what);
}

static void rows_hash(void)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	uint32_t key = 77, next;

	world->device_add(world, 0);
	map = map_on("d0", BPF_MAP_TYPE_HASH);
	walk_row(map, "empty hash");
	lookup_row(map, 0, "empty hash");
	update_rows(map, "hash");
	walk_row(map, "full hash");
	lookup_row(map, 1, "full hash");
	TRY(map_next_key(map, &key, &next), "full hash: next of an absent key");
	number_row(next, "full hash: that next key");
	key = 0;
	TRY(map_delete(map, &key), "hash: delete 0");
	TRY(map_delete(map, &key), "hash: delete 0 again");
	TRY(put(map, 11, 1, BPF_ANY), "hash: update 11");
	walk_row(map, "hash after delete and update");
	common_rows(map, "hash");
	TRY(map_freeze(map), "hash: freeze");
	TRY(put(map, 11, 1, BPF_ANY), "frozen hash: update");
	TRY(map_delete(map, &key), "frozen hash: delete");
	lookup_row(map, 11, "frozen hash");
	world->device_remove(world, 0);
}

static void rows_array(void)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_spec spec;
	uint32_t key = 0, next;

	world->device_add(world, 0);
	spec = spec_on("d0", BPF_MAP_TYPE_ARRAY);
	spec.max_entries = 1;
	TRY(map_create(world->backend, &spec, &map), "array: create with one entry");
	walk_row(map, "array");
	update_rows(map, "array");
	lookup_row(map, 1, "array");
	lookup_row(map, 2, "array");
	TRY(map_delete(map, &key), "array: delete 0");
	key = 7;
	TRY(map_delete(map, &key), "array: delete 7");
	TRY(map_next_key(map, &key, &next), "array: next of 7");
	common_rows(map, "array");
	world->device_remove(world, 0);
}

static void rows_access(void)
{
	struct map_spec spec;
	struct handle *map = NULL;
	uint32_t key = 0;
	uint64_t value;

	world->device_add(world, 0);
	spec = spec_on("d0", BPF_MAP_TYPE_HASH);
	spec.map_flags = BPF_F_RDONLY;
	TRY(map_create(world->backend, &spec, &map), "rdonly: create");
	TRY(put(map, 0, 1, 0), "rdonly: update");
	TRY(map_lookup(map, &key, &value, 0), "rdonly: lookup");
	handle_close(map);
	spec.map_flags = BPF_F_WRONLY;
	TRY(map_create(world->backend, &spec, &map), "wronly: create");
	TRY(put(map, 0, 1, 0), "wronly: update");
	TRY(map_lookup(map, &key, &value, 0), "wronly: lookup");
	TRY(map_next_key(map, NULL, &key), "wronly: next");
	handle_close(map);
	world->device_remove(world, 0);
}

/* --- where a map is --- */

static void where_row(struct handle *map, const char *port, const char *what)
{
	struct map_info info;
	int error = map_info(map, &info);
	const char *answer = error					   ? answer_of(error)
			     : info.ifindex == world->ifindex(world, port) ? "there"
									   : "elsewhere";

	row(answer, "%s: the map is on %s", what, port);
}

static void rows_ports(void)
{
	cleanup_with(handle_closep) struct handle *map = NULL;

	world->device_add(world, 0);
	map = map_on("d0", BPF_MAP_TYPE_HASH);
	TRY(put(map, 1, 100, 0), "ports: update");
	world->port_add(world, 0, 2);
	world->port_add(world, 0, 3);
	where_row(map, "d0", "three ports");
	world->port_remove(world, 0, 1);
	where_row(map, "d0p3", "the first port gone");
	lookup_row(map, 1, "the first port gone");
	world->port_remove(world, 0, 3);
	where_row(map, "d0p2", "two ports gone");
	lookup_row(map, 1, "two ports gone");
	world->port_remove(world, 0, 2);
	lookup_row(map, 1, "all ports gone");
	world->port_add(world, 0, 4);
	lookup_row(map, 1, "another port came");
	world->device_remove(world, 0);
}

static void rows_namespace(void)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_info home = {0}, away = {0};
	struct map_spec spec;

	world->device_add(world, 0);
	map = map_on("d0", BPF_MAP_TYPE_HASH);
	spec = spec_on("d0", BPF_MAP_TYPE_HASH);
	map_info(map, &home);
	world->rename(world, "d0", "renamed");
	where_row(map, "renamed", "after a rename");
	world->rename(world, "renamed", "d0");
	world->move(world, "d0", true);
	TRY(map_info(map, &away), "moved away: info");
	row(away.netns_ino != home.netns_ino ? "another" : "the same", "moved away: netns_ino");
	number_row(away.netns_dev, "moved away: netns_dev");
	TRY(put(map, 1, 5, 0), "moved away: update");
	TRY(try_create(&spec), "moved away: create by the old ifindex");
	world->move(world, "d0", false);
	map_info(map, &away);
	row(away.netns_ino != home.netns_ino ? "another" : "the same", "moved back: netns_ino");
	lookup_row(map, 1, "moved back");
	world->device_remove(world, 0);
}

/* --- removal --- */

static bool id_is_listed(enum object_kind kind, uint32_t id)
{
	uint32_t each = 0;

	while (!object_next(world->backend, kind, each, &each))
		if (each == id)
			return true;
	return false;
}

static void dead_rows(struct handle *map, const char *what)
{
	struct map_info info;
	uint32_t key = 1;
	uint64_t value;

	TRY(map_info(map, &info), "%s: info", what);
	lookup_row(map, 1, what);
	TRY(put(map, 1, 1, 0), "%s: update", what);
	TRY(put(map, 1, 1, 3), "%s: update flags 3", what);
	TRY(put(map, 1, 1, BPF_F_LOCK), "%s: update lock", what);
	TRY(map_delete(map, &key), "%s: delete", what);
	walk_row(map, what);
	TRY(map_lookup(map, &key, &value, BPF_F_LOCK), "%s: lookup lock", what);
	common_rows(map, what);
}

static void rows_removal(void)
{
	static const struct caller root = {0};
	cleanup_with(handle_closep) struct handle *map = NULL;
	cleanup_with(handle_closep) struct handle *array = NULL;
	cleanup_with(handle_closep) struct handle *again = NULL;
	struct map_state state = {0};
	struct handle *by_id = NULL;
	uint32_t id = 0;

	world->device_add(world, 0);
	map = map_on("d0", BPF_MAP_TYPE_HASH);
	array = map_on("d0", BPF_MAP_TYPE_ARRAY);
	put(map, 1, 1, 0);
	object_id(map, &id);
	row(id_is_listed(OBJECT_MAP, id) ? "yes" : "no", "alive: the id is listed");
	TRY(pin(map, &root, "orphan"), "alive: pin");
	world->device_remove(world, 0);
	row(id_is_listed(OBJECT_MAP, id) ? "yes" : "no", "dead: the id is listed");
	TRY(object_open(world->backend, OBJECT_MAP, id, 0, &by_id), "dead: open by id");
	handle_close(by_id);
	dead_rows(map, "dead hash");
	dead_rows(array, "dead array");
	TRY(map_state(map, &state), "dead: fdinfo");
	number_row(state.max_entries, "dead: fdinfo max_entries");
	TRY(pin(array, &root, "orphan2"), "dead: pin");
	TRY(pin_open(world->backend, "orphan", 0, &again), "dead: open the pin");
	if (again)
		lookup_row(again, 1, "dead, through the pin");
	world->device_add(world, 0);
	lookup_row(map, 1, "the device came again");
	TRY(map_freeze(map), "dead: freeze");
	tree_unlink(world->backend, &root, "orphan");
	tree_unlink(world->backend, &root, "orphan2");
	world->device_remove(world, 0);
}

/* --- programs --- */

static void prog_row(uint32_t type, const char *device, struct handle *map, const char *what)
{
	uint32_t ifindex = device ? world->ifindex(world, device) : 0;
	struct handle *prog = NULL;
	bool mismatch = false;
	int error = world->prog_load(world, type, ifindex, map, &prog, &mismatch);

	row(mismatch ? "EINVAL, offload device mismatch between prog and map" : answer_of(error),
	    "program %s", what);
	handle_close(prog);
}

static void rows_programs(void)
{
	cleanup_with(handle_closep) struct handle *host = NULL;
	cleanup_with(handle_closep) struct handle *bound = NULL;
	cleanup_with(handle_closep) struct handle *other = NULL;
	cleanup_with(handle_closep) struct handle *prog = NULL;
	struct prog_info info = {0};
	bool mismatch;
	uint32_t id = 0;

	world->device_add(world, 0);
	world->device_add(world, 1);
	world->port_add(world, 1, 2);
	host = map_on(NULL, BPF_MAP_TYPE_HASH);
	bound = map_on("d0", BPF_MAP_TYPE_HASH);
	other = map_on("d1", BPF_MAP_TYPE_HASH);
	prog_row(BPF_PROG_TYPE_XDP, "d0", NULL, "on a device, without maps");
	prog_row(BPF_PROG_TYPE_XDP, "d0", bound, "on a device, a map of the device");
	prog_row(BPF_PROG_TYPE_XDP, "d0", other, "on a device, a map of another");
	prog_row(BPF_PROG_TYPE_XDP, "d0", host, "on a device, a map of the host");
	prog_row(BPF_PROG_TYPE_XDP, NULL, bound, "of the host, a map of a device");
	prog_row(BPF_PROG_TYPE_XDP, NULL, host, "of the host, a map of the host");
	prog_row(BPF_PROG_TYPE_XDP, "d1p2", other, "on another port of the map's device");
	prog_row(BPF_PROG_TYPE_SCHED_CLS, "d0", bound, "sched_cls on a device");
	prog_row(BPF_PROG_TYPE_SOCKET_FILTER, "d0", NULL, "socket_filter on a device");
	prog_row(BPF_PROG_TYPE_XDP, "lo", NULL, "on lo");
	TRY(world->prog_load(world, BPF_PROG_TYPE_XDP, world->ifindex(world, "d0"), bound, &prog,
			     &mismatch),
	    "program that loses its device: load");
	if (prog)
		object_id(prog, &id);
	world->device_remove(world, 0);
	if (prog)
		TRY(prog_info(prog, &info), "program that lost its device: info");
	prog_info_free(&info);
	row(id_is_listed(OBJECT_PROG, id) ? "yes" : "no", "program that lost its device: listed");
	prog_row(BPF_PROG_TYPE_XDP, "d1", bound, "on a device, a dead map");
	world->device_remove(world, 1);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return fputs("usage: device_rows kernel|emu\n", stderr), 2;
	world = strcmp(argv[1], "kernel") ? device_world_emu() : device_world_kernel();
	rows_create();
	rows_hash();
	rows_array();
	rows_access();
	rows_ports();
	rows_namespace();
	rows_removal();
	rows_programs();
	backend_close(world->backend);
	return 0;
}
