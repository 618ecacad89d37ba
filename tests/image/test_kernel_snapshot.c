// SPDX-License-Identifier: BSD-2-Clause
/* The same tree between the kernel and the emulation of it, all four ways. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/walk.h>
#include "emu/emu.h"
#include "in_place.h"
#include "kernel_fixture.h"
#include "world.h"

#define OPAQUE 3

static const struct snapshot_dump_options queues = {.queues = true};

/* r0 = 0; exit */
static struct handle *kernel_program(struct backend *backend)
{
	static const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "tail", "GPL", code, 2, NULL);
	struct bpf_prog_info info = {0};
	__u32 length = sizeof(info);
	struct handle *prog = NULL;

	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &length), 0);
	cr_assert_eq(object_open(backend, OBJECT_PROG, info.id, 0, &prog), 0);
	close(fd);
	return prog;
}

/* The same program, as far as a snapshot can tell. */
static struct handle *emulated_program(struct backend *emu, struct handle *like)
{
	struct emu_prog_spec spec = {.gpl_compatible = true, .jited = true};
	struct prog_info info = {0};
	struct handle *prog = NULL;

	cr_assert_eq(prog_info(like, &info), 0);
	spec.type = info.type;
	memcpy(spec.name, info.name, sizeof(spec.name));
	memcpy(spec.tag, info.tag, sizeof(spec.tag));
	prog_info_free(&info);
	cr_assert_eq(emu_prog_load(emu, &spec, &prog), 0);
	return prog;
}

static void assert_no_difference(const char *from, const char *to)
{
	cleanup_free char *lines = world_diff(from, to);

	cr_assert_str_eq(lines, "", "%s", lines);
}

Test(kernel_snapshot, comes_back_all_four_ways)
{
	struct backend *kernel = kernel_fixture_open(), *emu = world_empty();
	struct handle *prog = kernel_program(kernel), *emulated = emulated_program(emu, prog);
	size_t omissions;

	world_build(kernel, prog);
	world_dump(kernel, "kernel", &queues, OPAQUE);
	/* kernel to kernel, into another place */
	cr_assert_eq(tree_mkdir(kernel, &test_root, "second", 0755), 0);
	cr_assert_eq(world_restore(scratch_path("kernel"), kernel, "second", NULL, &omissions), 0);
	cr_assert_eq(omissions, OPAQUE);
	cr_assert_eq(tree_rename(kernel, &test_root, "app", "first", 0), 0);
	cr_assert_eq(tree_rename(kernel, &test_root, "second/app", "app", 0), 0);
	world_dump(kernel, "kernel-kernel", &queues, OPAQUE);
	assert_no_difference(scratch_path("kernel"), scratch_path("kernel-kernel"));
	/* kernel to emulated */
	cr_assert_eq(world_restore(scratch_path("kernel"), emu, "", NULL, NULL), 0);
	world_dump(emu, "kernel-emu", &queues, OPAQUE);
	assert_no_difference(scratch_path("kernel"), scratch_path("kernel-emu"));
	/* emulated to kernel */
	cr_assert_eq(world_restore(scratch_path("kernel-emu"), kernel, "second", NULL, NULL), 0);
	cr_assert_eq(tree_rename(kernel, &test_root, "app", "third", 0), 0);
	cr_assert_eq(tree_rename(kernel, &test_root, "second/app", "app", 0), 0);
	world_dump(kernel, "emu-kernel", &queues, OPAQUE);
	assert_no_difference(scratch_path("kernel"), scratch_path("emu-kernel"));
	handle_close(prog);
	handle_close(emulated);
	backend_close(emu);
	backend_close(kernel);
}

Test(kernel_snapshot, in_place_refills_every_type)
{
	struct backend *kernel = kernel_fixture_open();
	struct handle *prog = kernel_program(kernel);

	in_place_refills_every_type(kernel, prog);
	handle_close(prog);
	backend_close(kernel);
}

/* Full LRU maps: the fill stays on one CPU, or goes from CPU to CPU. */
static void lru_comes_back(struct backend *kernel, uint32_t type, uint32_t flags, uint32_t entries)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map = NULL;
	uint64_t values[64] = {0};
	cleanup_free char *lines = NULL;
	size_t omissions;
	char name[64];

	snprintf(name, sizeof(name), "lru-%u-%u", type, flags);
	spec.type = type;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = entries;
	spec.map_flags = flags;
	cr_assert_eq(tree_mkdir(kernel, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(kernel, &spec, &map), 0);
	cr_assert_eq(pin(map, &test_root, "app/plain"), 0);
	for (uint32_t key = 0; key < entries; key++) {
		values[0] = key;
		cr_assert_eq(map_update(map, &key, values, BPF_ANY), 0);
	}
	world_dump(kernel, name, NULL, 0);
	cr_assert_eq(world_restore(scratch_path(name), kernel, "",
				   &(struct snapshot_restore_options){.replace = true}, &omissions),
		     0, "%s", name);
	strcat(name, "-again");
	world_dump(kernel, name, NULL, 0);
	lines = strdup(scratch_path(name));
	lines[strlen(lines) - strlen("-again")] = '\0';
	assert_no_difference(lines, scratch_path(name));
	handle_close(map);
	tree_unlink(kernel, &test_root, "app/plain");
	tree_rmdir(kernel, &test_root, "app");
}

Test(kernel_snapshot, full_lru_maps_keep_their_elements)
{
	struct backend *kernel = kernel_fixture_open();

	lru_comes_back(kernel, BPF_MAP_TYPE_LRU_HASH, 0, 1000);
	lru_comes_back(kernel, BPF_MAP_TYPE_LRU_PERCPU_HASH, 0, 1000);
	lru_comes_back(kernel, BPF_MAP_TYPE_LRU_HASH, BPF_F_NO_COMMON_LRU, 1000);
	backend_close(kernel);
}

/* --- drained beside a writer that counts --- */

#define WRITTEN 30000

struct counting {
	struct handle *map;
	uint32_t key_size;
	uint32_t written;
	int error;
};

/* Each key once, with a value that tells it. */
static void *write_all(void *context)
{
	struct counting *counting = context;
	uint64_t values[256] = {0};
	uint32_t key[2] = {32, 0};

	for (uint32_t i = 0; i < WRITTEN && !counting->error; i++) {
		key[counting->key_size == 8] = i;
		values[0] = i;
		counting->error = map_update(counting->map, key, values, BPF_NOEXIST);
		__atomic_store_n(&counting->written, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static uint64_t elements_of(const char *directory)
{
	struct image *image = world_open(directory); /* refuses a key that is there twice */
	json_t *shown = snapshot_describe(image);
	const json_t *map = json_array_get(json_object_get(shown, "maps"), 0);
	uint64_t count = (uint64_t)json_integer_value(json_object_get(map, "elements"));

	json_decref(shown);
	snapshot_close(image);
	return count;
}

static void drained_exactly_once(struct backend *kernel, uint32_t type, uint32_t flags)
{
	static const struct snapshot_dump_options drain = {.drain = true, .replace = true};
	struct counting counting = {.key_size = type == BPF_MAP_TYPE_LPM_TRIE ? 8 : 4};
	struct map_spec spec = MAP_SPEC_INIT;
	uint64_t found = 0, left;
	unsigned drains = 0;
	pthread_t writer;

	spec.type = type;
	spec.key_size = counting.key_size;
	spec.value_size = 8;
	spec.max_entries = 4 * WRITTEN; /* LRU maps must not evict */
	spec.map_flags = flags;
	cr_assert_eq(tree_mkdir(kernel, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(kernel, &spec, &counting.map), 0);
	cr_assert_eq(pin(counting.map, &test_root, "app/plain"), 0);
	cr_assert_eq(pthread_create(&writer, NULL, write_all, &counting), 0);
	do {
		found += elements_of(world_dump(kernel, "drained", &drain, 0));
		drains++;
	} while (__atomic_load_n(&counting.written, __ATOMIC_ACQUIRE) < WRITTEN && drains < 1000);
	pthread_join(writer, NULL);
	cr_assert_eq(counting.error, 0, "%d", counting.error);
	cr_assert_eq(map_count(counting.map, &left), 0);
	cr_assert_eq(found + left, WRITTEN, "type %u: %ju in %u drains and %ju left", type,
		     (uintmax_t)found, drains, (uintmax_t)left);
	found += elements_of(world_dump(kernel, "drained", &drain, 0));
	cr_assert_eq(found, WRITTEN);
	handle_close(counting.map);
	tree_unlink(kernel, &test_root, "app/plain");
	tree_rmdir(kernel, &test_root, "app");
}

Test(kernel_snapshot, drain_takes_each_element_once_beside_a_writer)
{
	struct backend *kernel = kernel_fixture_open();

	drained_exactly_once(kernel, BPF_MAP_TYPE_HASH, 0);
	drained_exactly_once(kernel, BPF_MAP_TYPE_PERCPU_HASH, 0);
	drained_exactly_once(kernel, BPF_MAP_TYPE_LRU_HASH, 0);
	drained_exactly_once(kernel, BPF_MAP_TYPE_LRU_PERCPU_HASH, 0);
	drained_exactly_once(kernel, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC);
	backend_close(kernel);
}

/* --- full, and busy: more elements come by than the map holds at a time --- */

#define FULL 20000u

struct turnover {
	struct handle *map;
	bool stop;
	uint32_t changes;
};

/* One goes, another one comes. */
static void *turn_over(void *context)
{
	struct turnover *turnover = context;
	uint32_t keys[FULL], random = 1, next = FULL;
	uint64_t value = 0;

	for (uint32_t i = 0; i < FULL; i++)
		keys[i] = i;
	while (!__atomic_load_n(&turnover->stop, __ATOMIC_ACQUIRE)) {
		random = random * 1664525 + 1013904223;
		map_delete(turnover->map, &keys[(random >> 8) % FULL]);
		keys[(random >> 8) % FULL] = next;
		turnover->changes += !map_update(turnover->map, &next, &value, BPF_NOEXIST);
		next++;
	}
	return NULL;
}

static void turnover_start(struct backend *kernel, struct turnover *turnover, pthread_t *thread)
{
	struct map_spec spec = MAP_SPEC_INIT;
	uint64_t value = 0;

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = FULL;
	*turnover = (struct turnover){0};
	cr_assert_eq(tree_mkdir(kernel, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(kernel, &spec, &turnover->map), 0);
	cr_assert_eq(pin(turnover->map, &test_root, "app/full"), 0);
	for (uint32_t key = 0; key < FULL; key++)
		cr_assert_eq(map_update(turnover->map, &key, &value, BPF_ANY), 0);
	cr_assert_eq(pthread_create(thread, NULL, turn_over, turnover), 0);
}

static void turnover_end(struct backend *kernel, struct turnover *turnover, pthread_t thread)
{
	__atomic_store_n(&turnover->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	cr_assert_gt(turnover->changes, 1000);
	handle_close(turnover->map);
	tree_unlink(kernel, &test_root, "app/full");
	tree_rmdir(kernel, &test_root, "app");
}

Test(kernel_snapshot, a_full_map_that_changes_can_be_put_back)
{
	static const struct snapshot_dump_options dump = {.replace = true};
	static const struct snapshot_dump_options drain = {.drain = true, .replace = true};
	struct backend *kernel = kernel_fixture_open();
	struct turnover turnover;
	pthread_t thread;

	turnover_start(kernel, &turnover, &thread);
	for (int i = 0; i < 20; i++) /* refuses more than max_entries */
		cr_assert_leq(elements_of(world_dump(kernel, "full", &dump, 0)), FULL);
	for (int i = 0; i < 5; i++)
		cr_assert_leq(elements_of(world_dump(kernel, "full", &drain, 0)), FULL);
	turnover_end(kernel, &turnover, thread);
	backend_close(kernel);
}

/* What has no lookup-and-delete stays, and is told; asked for by name it is refused. */
Test(kernel_snapshot, drain_leaves_or_refuses_what_cannot_be_taken_out)
{
	static const struct snapshot_dump_options drain = {.drain = true};
	static const struct {
		const char *pin;
		int error;
	} refused[] = {
		{"app/array", -EINVAL},		 {"app/percpu_array", -EINVAL},
		{"app/progs", -ENOTSUPP},	 {"app/hash_of_maps", -ENOTSUPP},
		{"app/devmap", -ENOTSUPP},	 {"app/array_of_maps", -ENOTSUPP},
		{"app/cpumap", -ENOTSUPP},	 {"app/devmap_hash", -ENOTSUPP},
		{"app/opaque/bloom", -ENOTSUPP}, {"app/frozen", -EPERM},
	};
	struct backend *kernel = kernel_fixture_open();
	struct handle *prog = kernel_program(kernel);

	world_build(kernel, prog);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct snapshot_source source = {refused[i].pin, "map"};
		struct snapshot_dump_options options = drain;
		struct fault fault = FAULT_INIT;
		snapshot_report *report = NULL;

		options.state = scratch_path("state");
		cr_assert_eq(snapshot_dump(kernel, &source, 1, scratch_path("no"), &options,
					   &report, &fault),
			     refused[i].error, "%s: %s", refused[i].pin, fault.text);
		cr_assert(strstr(fault.text, "cannot be drained"), "%s", fault.text);
		json_decref(report);
	}
	/* the same maps in a tree, and a frozen one */
	world_dump(kernel, "tree", &drain, OPAQUE + 9);
	handle_close(prog);
	backend_close(kernel);
}

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
