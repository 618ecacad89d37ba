// SPDX-License-Identifier: BSD-2-Clause
/* Snapshots of the emulated backend: everything comes back, whichever way it goes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "world.h"

/* bloom filter, ring buffer, perf event array */
#define OPAQUE 3

static void assert_no_difference(const char *from, const char *to)
{
	cleanup_free char *lines = world_diff(from, to);

	cr_assert_str_eq(lines, "", "%s", lines);
}

Test(snapshot, everything_comes_back)
{
	static const struct snapshot_dump_options queues = {.queues = true, .label = "a label"};
	WORLD(from);
	WORLD(to);
	cleanup_with(handle_closep) struct handle *prog = world_tail_program(from);
	cleanup_with(handle_closep) struct handle *other = world_tail_program(to);
	const char *first, *second;
	size_t omissions;

	world_build(from, prog);
	first = world_dump(from, "first", &queues, OPAQUE);
	cr_assert_eq(world_restore(first, to, "", NULL, &omissions), 0);
	cr_assert_eq(omissions, OPAQUE);
	second = world_dump(to, "second", &queues, OPAQUE);
	assert_no_difference(first, second);
	/* reading a queue has left it as it was */
	assert_no_difference(first, world_dump(from, "again", &queues, OPAQUE));
}

Test(snapshot, goes_into_another_directory)
{
	WORLD(world);
	uint64_t value;

	world_build_plain(world, 100, 7);
	cr_assert_eq(tree_mkdir(world, &test_root, "deep", 0755), 0);
	cr_assert_eq(tree_mkdir(world, &test_root, "deep/er", 0755), 0);
	world_dump(world, "plain", NULL, 0);
	cr_assert_eq(world_restore(scratch_path("plain"), world, "deep/er", NULL, NULL), 0);
	cr_assert_eq(world_plain(world, "deep/er/app/plain", 9, &value), 0);
	cr_assert_eq(value, 63);
}

Test(snapshot, goes_through_a_pipe)
{
	WORLD(world);
	struct fault fault = FAULT_INIT;
	int fd = open(scratch_path("tar"), O_RDWR | O_CREAT, 0600);

	world_build_plain(world, 1000, 3);
	world_dump(world, "packed", NULL, 0);
	cr_assert_eq(snapshot_pack(scratch_path("packed"), fd, NULL, &fault), 0, "%s", fault.text);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	cr_assert_eq(mkdir(scratch_path("unpacked"), 0700), 0);
	cr_assert_eq(snapshot_unpack(fd, scratch_path("unpacked"), NULL, &fault), 0, "%s",
		     fault.text);
	close(fd);
	assert_no_difference(scratch_path("packed"), scratch_path("unpacked"));
}

Test(snapshot, queues_are_left_out_unless_asked_for)
{
	WORLD(from);
	cleanup_with(handle_closep) struct handle *prog = world_tail_program(from);

	world_build(from, prog);
	world_dump(from, "first", NULL, OPAQUE + 2);
}

Test(snapshot, existing_pins_stay_unless_replaced)
{
	static const struct snapshot_restore_options replace = {.replace = true};
	WORLD(world);
	cleanup_free char *before = NULL, *after = NULL;
	uint64_t value;

	world_build_plain(world, 10, 2);
	world_dump(world, "old", NULL, 0);
	world_build_plain(world, 10, 3);
	cr_assert_eq(tree_symlink(world, &test_root, "x", "app/stays"), 0);
	before = world_tree(world, "");
	cr_assert_eq(world_restore(scratch_path("old"), world, "", NULL, NULL), -EEXIST);
	after = world_tree(world, "");
	cr_assert_str_eq(before, after);
	cr_assert_eq(world_plain(world, "app/plain", 5, &value), 0);
	cr_assert_eq(value, 15);
	cr_assert_eq(world_restore(scratch_path("old"), world, "", &replace, NULL), 0);
	cr_assert_eq(world_plain(world, "app/plain", 5, &value), 0);
	cr_assert_eq(value, 10);
	free(after);
	after = world_tree(world, "");
	cr_assert_str_eq(before, after, "what the snapshot does not have is gone: %s", after);
}

Test(snapshot, incremental_stores_what_changed)
{
	struct snapshot_dump_options incremental = {.base = scratch_path("base")};
	WORLD(world);
	WORLD(other);
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct stat whole, part;
	uint32_t key = 3;
	uint64_t value = 1234567;

	world_build_plain(world, 5000, 2);
	world_dump(world, "base", NULL, 0);
	cr_assert_eq(pin_open(world, "app/plain", 0, &map), 0);
	cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	key = 4;
	cr_assert_eq(map_delete(map, &key), 0);
	world_dump(world, "part", &incremental, 0);
	world_dump(world, "whole", NULL, 0);
	cr_assert_eq(stat(scratch_path("whole/bpfmap-data.img"), &whole), 0);
	cr_assert_eq(stat(scratch_path("part/bpfmap-data.img"), &part), 0);
	cr_assert_lt(part.st_size, 100);
	cr_assert_gt(whole.st_size, 50000);
	assert_no_difference(scratch_path("whole"), scratch_path("part"));
	/* a chain */
	incremental.base = scratch_path("part");
	cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	world_dump(world, "third", &incremental, 0);
	cr_assert_eq(world_restore(scratch_path("third"), other, "", NULL, NULL), 0);
	cr_assert_eq(world_plain(other, "app/plain", 3, &value), 0);
	cr_assert_eq(value, 1234567);
	cr_assert_eq(world_plain(other, "app/plain", 4999, &value), 0);
	cr_assert_eq(value, 9998);
}

Test(snapshot, incremental_needs_its_base)
{
	struct snapshot_dump_options incremental = {.base = scratch_path("base")};
	const char *bases[3] = {NULL};
	WORLD(world);
	struct fault fault = FAULT_INIT;
	struct image *image;

	world_build_plain(world, 50, 2);
	world_dump(world, "base", NULL, 0);
	world_dump(world, "part", &incremental, 0);
	world_build_plain(world, 51, 2);
	world_dump(world, "stranger", NULL, 0);
	bases[0] = scratch_path("stranger");
	bases[1] = NULL;
	/* it is where it was */
	cr_assert_eq(
		snapshot_open(scratch_path("part"), bases, SNAPSHOT_ELEMENTS, NULL, &image, &fault),
		0, "%s", fault.text);
	snapshot_close(image);
	cr_assert_eq(rename(scratch_path("base"), scratch_path("moved")), 0);
	cr_assert_eq(
		snapshot_open(scratch_path("part"), bases, SNAPSHOT_ELEMENTS, NULL, &image, &fault),
		-EINVAL);
	cr_assert(strstr(fault.text, "is not the snapshot that this one builds on"), "%s",
		  fault.text);
	bases[1] = scratch_path("moved");
	cr_assert_eq(
		snapshot_open(scratch_path("part"), bases, SNAPSHOT_ELEMENTS, NULL, &image, &fault),
		0, "%s", fault.text);
	snapshot_close(image);
}

Test(snapshot, drain_takes_each_element_out_once)
{
	static const struct snapshot_dump_options drain = {.drain = true};
	WORLD(world);
	uint64_t value;

	world_build_plain(world, 3000, 2);
	world_dump(world, "before", NULL, 0);
	world_dump(world, "drained", &drain, 0);
	assert_no_difference(scratch_path("before"), scratch_path("drained"));
	cr_assert_eq(world_plain(world, "app/plain", 1, &value), -ENOENT);
}

Test(snapshot, large_maps_are_split_and_joined)
{
	static const struct snapshot_dump_options split = {.entry_bytes = 1000};
	WORLD(world);
	WORLD(other);

	world_build_plain(world, 5000, 2);
	world_dump(world, "split", &split, 0);
	world_dump(world, "whole", NULL, 0);
	assert_no_difference(scratch_path("whole"), scratch_path("split"));
	cr_assert_eq(world_restore(scratch_path("split"), other, "", NULL, NULL), 0);
	world_dump(other, "other", NULL, 0);
	assert_no_difference(scratch_path("whole"), scratch_path("other"));
}

Test(snapshot, promise_is_exact_only_when_known)
{
	static const struct snapshot_dump_options verify = {.verify = true};
	WORLD(world);
	struct image *image;
	json_t *shown;
	const char *promise;

	world_build_plain(world, 100, 2);
	for (int round = 0; round < 2; round++) {
		image = world_open(world_dump(world, round ? "b" : "a", round ? &verify : NULL, 0));
		shown = snapshot_describe(image);
		promise = json_string_value(json_object_get(
			json_array_get(json_object_get(shown, "maps"), 0), "promise"));
		cr_assert_str_eq(promise, round ? "exact" : "fuzzy");
		json_decref(shown);
		snapshot_close(image);
	}
}

Test(snapshot, other_cpus_need_a_rule)
{
	struct snapshot_restore_options options = {0};
	WORLD(from);
	WORLD(to);
	struct map_spec spec = MAP_SPEC_INIT;
	cleanup_with(handle_closep) struct handle *map = NULL;
	uint64_t values[64] = {1, 2, 3, 4};
	uint32_t key = 0;
	size_t omissions;

	from->possible_cpus = 4;
	to->possible_cpus = 2;
	spec.type = BPF_MAP_TYPE_PERCPU_HASH;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = 4;
	cr_assert_eq(tree_mkdir(from, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(from, &spec, &map), 0);
	cr_assert_eq(pin(map, &test_root, "app/plain"), 0);
	cr_assert_eq(map_update(map, &key, values, BPF_ANY), 0);
	world_dump(from, "cpus", NULL, 0);

	cr_assert_eq(world_restore(scratch_path("cpus"), to, "", &options, &omissions),
		     -EOPNOTSUPP);
	cr_assert_eq(omissions, 1);
	options.replace = true;
	options.cpus = SNAPSHOT_CPUS_COPY;
	cr_assert_eq(world_restore(scratch_path("cpus"), to, "", &options, NULL), 0);
	cr_assert_eq(world_plain(to, "app/plain", 0, values), 0);
	cr_assert_eq(values[0], 1);
	cr_assert_eq(values[1], 2);
	options.cpus = SNAPSHOT_CPUS_SUM;
	cr_assert_eq(world_restore(scratch_path("cpus"), to, "", &options, NULL), 0);
	cr_assert_eq(world_plain(to, "app/plain", 0, values), 0);
	cr_assert_eq(values[0], 10);
	cr_assert_eq(values[1], 0);
}

Test(snapshot, what_cannot_be_restored_is_refused_or_left_out)
{
	static const struct snapshot_dump_options queues = {.queues = true};
	static const struct snapshot_restore_options partial = {.partial = true};
	WORLD(from);
	WORLD(to);
	cleanup_with(handle_closep) struct handle *prog = world_tail_program(from);
	cleanup_free char *tree = NULL;
	size_t omissions;

	world_build(from, prog);
	world_dump(from, "first", &queues, OPAQUE);
	/* the program of the prog_array does not exist there */
	cr_assert_eq(world_restore(scratch_path("first"), to, "", NULL, &omissions), -EOPNOTSUPP);
	cr_assert_eq(omissions, 1);
	tree = world_tree(to, "");
	cr_assert_str_eq(tree, "");
	cr_assert_eq(world_restore(scratch_path("first"), to, "", &partial, &omissions), 0);
	cr_assert_eq(omissions, 1 + OPAQUE);
}

Test(snapshot, devices_are_known_by_name)
{
	WORLD(from);
	WORLD(to);
	struct map_spec spec = MAP_SPEC_INIT;
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct device_info device;
	uint32_t key = 1, value;
	uint64_t found = 0;

	cr_assert_eq(device_add(from, "eth7"), 0);
	cr_assert_eq(device_find(from, "eth7", &device), 0);
	value = device.ifindex;
	spec.type = BPF_MAP_TYPE_DEVMAP;
	spec.key_size = spec.value_size = spec.max_entries = 4;
	cr_assert_eq(tree_mkdir(from, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(from, &spec, &map), 0);
	cr_assert_eq(pin(map, &test_root, "app/plain"), 0);
	cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	world_dump(from, "devices", NULL, 0);
	cr_assert_eq(world_restore(scratch_path("devices"), to, "", NULL, NULL), -EOPNOTSUPP);
	cr_assert_eq(device_add(to, "other"), 0);
	cr_assert_eq(device_add(to, "eth7"), 0);
	cr_assert_eq(device_find(to, "eth7", &device), 0);
	cr_assert_neq(device.ifindex, value);
	cr_assert_eq(world_restore(scratch_path("devices"), to, "", NULL, NULL), 0);
	cr_assert_eq(world_plain(to, "app/plain", 1, &found), 0);
	cr_assert_eq(found, device.ifindex);
}

Test(snapshot, device_bound_maps_go_to_the_device_of_that_name)
{
	WORLD(from);
	WORLD(to);
	struct map_spec spec = MAP_SPEC_INIT;
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct device_info device;
	uint32_t key = 1;
	uint64_t value = 77;

	cr_assert_eq(device_add(from, "nsim0"), 0);
	cr_assert_eq(device_find(from, "nsim0", &device), 0);
	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = 2;
	spec.ifindex = device.ifindex;
	cr_assert_eq(tree_mkdir(from, &test_root, "app", 0755), 0);
	cr_assert_eq(map_create(from, &spec, &map), 0);
	cr_assert_eq(pin(map, &test_root, "app/plain"), 0);
	cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	world_dump(from, "bound", NULL, 0);
	cr_assert_eq(world_restore(scratch_path("bound"), to, "", NULL, NULL), -EOPNOTSUPP);
	cr_assert_eq(device_add(to, "nsim0"), 0);
	cr_assert_eq(world_restore(scratch_path("bound"), to, "", NULL, NULL), 0);
	value = 0;
	cr_assert_eq(world_plain(to, "app/plain", 1, &value), 0);
	cr_assert_eq(value, 77);
	cr_assert_eq(device_remove(from, "nsim0"), 0);
	world_dump(from, "orphan", NULL, 1);
}

/* --- what a newer version may have written --- */

static json_t *manifest_read(const char *directory)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/manifest.json", directory);
	return json_load_file(path, 0, NULL);
}

/* With new members in the manifest, and new sums for it. */
static void members_add(const char *directory)
{
	json_t *manifest = manifest_read(directory);
	cleanup_free char *command = NULL;
	char path[4096];

	json_object_set_new(manifest, "future", json_pack("{s:i}", "a", 1));
	json_object_set_new(json_array_get(json_object_get(manifest, "maps"), 0), "colour",
			    json_string("red"));
	json_object_set_new(json_array_get(json_object_get(manifest, "tree"), 1), "selinux",
			    json_string("bpf_t"));
	snprintf(path, sizeof(path), "%s/manifest.json", directory);
	cr_assert_eq(json_dump_file(manifest, path, 0), 0);
	json_decref(manifest);
	cr_assert_gt(asprintf(&command, "cd %s && sha256sum *.img manifest.json > SHA256SUMS",
			      directory),
		     0);
	cr_assert_eq(system(command), 0);
}

static void assert_members(const char *directory)
{
	json_t *manifest = manifest_read(directory);
	const json_t *map = json_array_get(json_object_get(manifest, "maps"), 0);
	const json_t *node = json_array_get(json_object_get(manifest, "tree"), 1);

	cr_assert_eq(json_integer_value(json_object_get(json_object_get(manifest, "future"), "a")),
		     1, "%s", directory);
	cr_assert_str_eq(json_string_value(json_object_get(map, "colour")), "red");
	cr_assert_str_eq(json_string_value(json_object_get(node, "selinux")), "bpf_t");
	cr_assert_str_eq(json_string_value(json_object_get(manifest, "label")), "kept");
	json_decref(manifest);
}

Test(snapshot, unknown_members_are_kept)
{
	static const struct backend_options edit = {.read_write = true};
	static const struct snapshot_dump_options label = {.label = "kept"};
	struct snapshot_dump_options incremental = {.base = scratch_path("old")};
	WORLD(world);
	cleanup_with(world_closep) struct backend *edited = NULL;
	cleanup_with(handle_closep) struct handle *map = NULL;
	cleanup_free char *source = NULL;
	struct image *image;
	json_t *shown;
	uint32_t key = 1;
	uint64_t value = 99;

	world_build_plain(world, 10, 2);
	world_dump(world, "old", &label, 0);
	members_add(scratch_path("old"));
	cr_assert_gt(asprintf(&source, "image:%s", scratch_path("old")), 0);
	cr_assert_eq(backend_open(source, &edit, &edited, NULL), 0);
	cr_assert_eq(pin_open(edited, "app/plain", 0, &map), 0);
	cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	assert_members(world_dump(edited, "new", NULL, 0));
	assert_members(world_dump(edited, "difference", &incremental, 0));
	image = world_open(scratch_path("difference"));
	shown = snapshot_describe(image);
	cr_assert_not_null(json_object_get(shown, "future"));
	json_decref(shown);
	snapshot_close(image);
}

Test(snapshot, image_is_mounted)
{
	static const struct snapshot_dump_options queues = {.queues = true};
	static const struct backend_options edit = {.read_write = true};
	WORLD(from);
	cleanup_with(handle_closep) struct handle *prog = world_tail_program(from);
	cleanup_with(world_closep) struct backend *mounted = NULL;
	cleanup_with(world_closep) struct backend *edited = NULL;
	cleanup_with(handle_closep) struct handle *map = NULL;
	cleanup_free char *source = NULL;
	struct fault fault = FAULT_INIT;
	uint32_t key = 1;
	char value[12] = "edited";

	world_build(from, prog);
	world_dump(from, "first", &queues, OPAQUE);
	cr_assert_gt(asprintf(&source, "image:%s", scratch_path("first")), 0);
	cr_assert_eq(backend_open(source, NULL, &mounted, &fault), 0, "%s", fault.text);
	cr_assert_eq(tree_mkdir(mounted, &test_root, "new", 0755), -EROFS);
	assert_no_difference(
		scratch_path("first"),
		world_dump(mounted, "again", &(struct snapshot_dump_options){0}, OPAQUE + 2));

	cr_assert_eq(backend_open(source, &edit, &edited, &fault), 0, "%s", fault.text);
	cr_assert_eq(pin_open(edited, "app/hash", 0, &map), 0);
	cr_assert_eq(map_update(map, &key, value, BPF_ANY), 0);
	world_dump(edited, "edited", &queues, OPAQUE);
	free(source);
	source = world_diff(scratch_path("first"), scratch_path("edited"));
	cr_assert_str_eq(source, "~ app/hash: 1\t\"hex-e903000000000000f1030000\" -> "
				 "\"hex-656469746564000000000000\"\n");
}
