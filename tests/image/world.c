// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <bpfuse/buffer.h>
#include <bpfuse/cleanup.h>
#include "emu/emu.h"
#include "scratch.h"
#include "world.h"

const struct caller test_root = {0};

/* --- maps --- */

struct backend *world_empty(void)
{
	struct backend *backend;

	cr_assert_eq(emu_open(NULL, &backend, NULL), 0);
	return backend;
}

void world_closep(struct backend **backend)
{
	backend_close(*backend);
}

struct handle *world_tail_program(struct backend *backend)
{
	struct emu_prog_spec spec = {.type = BPF_PROG_TYPE_XDP,
				     .gpl_compatible = true,
				     .jited = true,
				     .tag = {1, 2, 3, 4, 5, 6, 7, 8},
				     .name = "tail"};
	struct handle *prog = NULL;

	cr_assert_eq(emu_prog_load(backend, &spec, &prog), 0);
	return prog;
}

static struct handle *make(struct backend *backend, const struct map_spec *spec, const char *path)
{
	struct handle *map = NULL;
	int error = map_create(backend, spec, &map);

	cr_assert_eq(error, 0, "%s: create: %d", path, error);
	if (path) {
		error = pin(map, &test_root, path);
		cr_assert_eq(error, 0, "%s: pin: %d", path, error);
	}
	return map;
}

static struct map_spec spec_of(uint32_t type, uint32_t key, uint32_t value, uint32_t entries,
			       const char *name)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = key;
	spec.value_size = value;
	spec.max_entries = entries;
	snprintf(spec.name, sizeof(spec.name), "%s", name);
	return spec;
}

/* Elements 0 .. count-1: key and value are filled from the number and a byte of their own. */
static void fill(struct handle *map, uint32_t count)
{
	struct map_info info;
	size_t value_size;
	cleanup_free unsigned char *key = NULL, *value = NULL;

	cr_assert_eq(map_info(map, &info), 0);
	value_size = map_value_bytes(info.type, info.value_size, map->backend->possible_cpus);
	key = calloc(1, info.key_size + 1);
	value = calloc(1, value_size + 1);
	for (uint32_t i = 0; i < count; i++) {
		int error;

		memcpy(key, &i, sizeof(i) < info.key_size ? sizeof(i) : info.key_size);
		for (size_t at = 0; at < value_size; at += 8) {
			uint32_t number = (uint32_t)(i * 1000 + at + info.type);
			size_t left = value_size - at;

			memcpy(value + at, &number, left < sizeof(number) ? left : sizeof(number));
		}
		error = map_update(map, info.key_size ? key : NULL, value, BPF_ANY);
		cr_assert_eq(error, 0, "%.16s: element %u: %d", info.name, i, error);
	}
}

static const struct plain {
	const char *name;
	uint32_t type, key, value, entries, flags, count;
} plain[] = {
	{"hash", BPF_MAP_TYPE_HASH, 4, 12, 64, 0, 40},
	{"full", BPF_MAP_TYPE_HASH, 7, 1, 16, BPF_F_NO_PREALLOC, 16},
	{"empty", BPF_MAP_TYPE_HASH, 4, 4, 4, 0, 0},
	{"array", BPF_MAP_TYPE_ARRAY, 4, 16, 8, 0, 5},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 16, 0, 10},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 8, 0, 8},
	{"lru", BPF_MAP_TYPE_LRU_HASH, 4, 8, 256, 0, 100},
	{"lru_percpu", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 256, 0, 100},
	{"queue", BPF_MAP_TYPE_QUEUE, 0, 4, 16, 0, 9},
	{"stack", BPF_MAP_TYPE_STACK, 0, 6, 16, 0, 9},
};

static void plain_build(struct backend *backend)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		cleanup_with(handle_closep) struct handle *map = NULL;
		struct map_spec spec = spec_of(plain[i].type, plain[i].key, plain[i].value,
					       plain[i].entries, plain[i].name);
		char path[64];

		spec.map_flags = plain[i].flags;
		snprintf(path, sizeof(path), "app/%s", plain[i].name);
		map = make(backend, &spec, path);
		fill(map, plain[i].count);
	}
}

static void lpm_build(struct backend *backend)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_spec spec = spec_of(BPF_MAP_TYPE_LPM_TRIE, 8, 4, 32, "lpm");

	spec.map_flags = BPF_F_NO_PREALLOC;
	map = make(backend, &spec, "app/lpm");
	for (uint32_t bits = 0; bits <= 24; bits += 8) {
		struct {
			uint32_t bits;
			unsigned char address[4];
		} key = {bits, {10, 20, 30, 40}};

		cr_assert_eq(map_update(map, &key, &bits, BPF_ANY), 0);
	}
}

/* A struct of two numbers, as BTF that libbpf makes. */
static struct handle *btf_build(struct backend *backend, uint32_t *key_type, uint32_t *value_type)
{
	struct btf *btf = btf__new_empty();
	struct handle *handle = NULL;
	int u32 = btf__add_int(btf, "u32", 4, 0), value;
	const void *bytes;
	__u32 length;

	value = btf__add_struct(btf, "counters", 8);
	btf__add_field(btf, "packets", u32, 0, 0);
	btf__add_field(btf, "drops", u32, 32, 0);
	bytes = btf__raw_data(btf, &length);
	cr_assert_eq(btf_load(backend, bytes, length, &handle), 0);
	btf__free(btf);
	*key_type = (uint32_t)u32;
	*value_type = (uint32_t)value;
	return handle;
}

static void typed_build(struct backend *backend)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	cleanup_with(handle_closep) struct handle *btf = NULL;
	struct map_spec spec = spec_of(BPF_MAP_TYPE_HASH, 4, 8, 8, "typed");

	btf = btf_build(backend, &spec.btf_key_type_id, &spec.btf_value_type_id);
	spec.btf_fd = handle_fd(btf);
	map = make(backend, &spec, "app/typed");
	fill(map, 3);
}

static void frozen_build(struct backend *backend)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_spec spec = spec_of(BPF_MAP_TYPE_ARRAY, 4, 4, 4, "frozen");

	map = make(backend, &spec, "app/frozen");
	fill(map, 4);
	cr_assert_eq(map_freeze(map), 0);
}

/* The inner maps of both are pinned nowhere, but for one. */
static void outer_build(struct backend *backend)
{
	struct map_spec inner_spec = spec_of(BPF_MAP_TYPE_HASH, 4, 4, 8, "inner");
	struct map_spec hash = spec_of(BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 8, "hash_of_maps");
	struct map_spec array = spec_of(BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 8, "array_of_maps");
	cleanup_with(handle_closep) struct handle *first = make(backend, &inner_spec, "app/inner");
	cleanup_with(handle_closep) struct handle *second = make(backend, &inner_spec, NULL);
	cleanup_with(handle_closep) struct handle *by_hash = NULL;
	cleanup_with(handle_closep) struct handle *by_index = NULL;
	const uint32_t keys[] = {3, 5};
	const int fds[] = {handle_fd(first), handle_fd(second)};

	fill(first, 2);
	fill(second, 6);
	hash.inner_map_fd = array.inner_map_fd = fds[0];
	by_hash = make(backend, &hash, "app/hash_of_maps");
	by_index = make(backend, &array, "app/array_of_maps");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(map_update(by_hash, &keys[i], &fds[i], BPF_ANY), 0);
		cr_assert_eq(map_update(by_index, &keys[i], &fds[1 - i], BPF_ANY), 0);
	}
}

static void references_build(struct backend *backend, struct handle *prog)
{
	struct map_spec devmap_spec = spec_of(BPF_MAP_TYPE_DEVMAP, 4, 4, 4, "devmap");
	struct map_spec devhash_spec = spec_of(BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 4, "devmap_hash");
	struct map_spec cpumap_spec = spec_of(BPF_MAP_TYPE_CPUMAP, 4, 4, 2, "cpumap");
	struct map_spec progs_spec = spec_of(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, "progs");
	cleanup_with(handle_closep) struct handle *devmap =
		make(backend, &devmap_spec, "app/devmap");
	cleanup_with(handle_closep) struct handle *devhash =
		make(backend, &devhash_spec, "app/devmap_hash");
	cleanup_with(handle_closep) struct handle *cpumap =
		make(backend, &cpumap_spec, "app/cpumap");
	cleanup_with(handle_closep) struct handle *progs = make(backend, &progs_spec, "app/progs");
	const uint32_t key = 1, key_far = 4000, qsize = 192;
	struct device_info lo;
	uint32_t value[2] = {0, 0};
	int fd = prog ? handle_fd(prog) : -1;

	if (device_find(backend, "lo", &lo)) {
		cr_assert_eq(device_add(backend, "lo"), 0);
		cr_assert_eq(device_find(backend, "lo", &lo), 0);
	}
	value[0] = lo.ifindex;
	cr_assert_eq(map_update(devmap, &key, value, BPF_ANY), 0);
	cr_assert_eq(map_update(devhash, &key_far, value, BPF_ANY), 0);
	cr_assert_eq(map_update(cpumap, &key, &qsize, BPF_ANY), 0);
	if (prog)
		cr_assert_eq(map_update(progs, &key, &fd, BPF_ANY), 0);
}

static void opaque_build(struct backend *backend)
{
	struct map_spec bloom_spec = spec_of(BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 32, "bloom");
	struct map_spec ring_spec = spec_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, "ring");
	struct map_spec events_spec = spec_of(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, "events");
	cleanup_with(handle_closep) struct handle *bloom =
		make(backend, &bloom_spec, "app/opaque/bloom");
	cleanup_with(handle_closep) struct handle *ring =
		make(backend, &ring_spec, "app/opaque/ring");
	cleanup_with(handle_closep) struct handle *events =
		make(backend, &events_spec, "app/opaque/events");
}

void world_build(struct backend *backend, struct handle *prog)
{
	cr_assert_eq(tree_mkdir(backend, &test_root, "app", 0755), 0);
	cr_assert_eq(tree_mkdir(backend, &test_root, "app/opaque", 0700), 0);
	cr_assert_eq(tree_symlink(backend, &test_root, "../elsewhere", "app/link"), 0);
	plain_build(backend);
	lpm_build(backend);
	typed_build(backend);
	frozen_build(backend);
	outer_build(backend);
	references_build(backend, prog);
	opaque_build(backend);
	cr_assert_eq(tree_chmod(backend, &test_root, "app/hash", 0640), 0);
	cr_assert_eq(tree_chown(backend, &test_root, "app/hash", 1000, 100), 0);
	cr_assert_eq(tree_chmod(backend, &test_root, "app/opaque", 0551), 0);
}

/* The element with the lowest key goes, another one comes, a third gets another value. */
static void keyed_mutate(struct handle *map, const struct map_info *info)
{
	size_t value_size =
		map_value_bytes(info->type, info->value_size, map->backend->possible_cpus);
	cleanup_free unsigned char *key = calloc(1, info->key_size + 1);
	cleanup_free unsigned char *value = calloc(1, value_size + 1);
	static const uint32_t numbers[] = {0, 2, 3, 4000};

	map_delete(map, key);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		memcpy(key, &numbers[i], 4);
		memset(value, (int)i + 1, info->value_size);
		map_update(map, key, value, i ? BPF_ANY : BPF_EXIST);
	}
}

static void outer_mutate(struct backend *backend, struct handle *map)
{
	struct map_spec spec = spec_of(BPF_MAP_TYPE_HASH, 4, 4, 8, "inner");
	cleanup_with(handle_closep) struct handle *inner = make(backend, &spec, NULL);
	const uint32_t keys[] = {3, 5, 6};
	int fd = handle_fd(inner);

	fill(inner, 1);
	/* nothing but the element held this one */
	cr_assert_eq(map_delete(map, &keys[0]), 0);
	cr_assert_eq(map_update(map, &keys[1], &fd, BPF_ANY), 0);
	cr_assert_eq(map_update(map, &keys[2], &fd, BPF_ANY), 0);
}

static void queue_mutate(struct handle *map)
{
	unsigned char value[8];

	for (int i = 0; i < 5; i++)
		cr_assert_eq(map_lookup_and_delete(map, NULL, value, 0), 0);
	memset(value, 0x77, sizeof(value));
	cr_assert_eq(map_update(map, NULL, value, BPF_ANY), 0);
}

static void map_mutate(struct backend *backend, const char *path)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	const struct map_type *type;
	struct map_info info;
	uint32_t key;

	if (pin_open(backend, path, 0, &map) || map->kind != OBJECT_MAP)
		return;
	cr_assert_eq(map_info(map, &info), 0);
	type = map_type_get(info.type);
	if (type->access == MAP_QUEUE)
		queue_mutate(map);
	else if (type->value == VALUE_MAP)
		outer_mutate(backend, map);
	else if (type->value == VALUE_PLAIN && type->access == MAP_KEYED)
		keyed_mutate(map, &info);
	else if (type->access == MAP_KEYED && !map_next_key(map, NULL, &key))
		for (key = 0; key < 4001; key++)
			map_delete(map, &key);
}

void world_mutate(struct backend *backend)
{
	struct tree_entry *entries;
	size_t count;

	cr_assert_eq(tree_list(backend, "app", &entries, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char path[64];

		snprintf(path, sizeof(path), "app/%.50s", entries[i].name);
		if ((entries[i].type & S_IFMT) == S_IFREG)
			map_mutate(backend, path);
	}
	tree_entries_free(entries, count);
}

void world_build_plain(struct backend *backend, uint32_t count, uint64_t factor)
{
	struct map_spec spec = spec_of(BPF_MAP_TYPE_HASH, 4, 8, count, "plain");
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct stat st;

	if (tree_stat(backend, "app", &st))
		cr_assert_eq(tree_mkdir(backend, &test_root, "app", 0755), 0);
	tree_unlink(backend, &test_root, "app/plain");
	map = make(backend, &spec, "app/plain");
	for (uint32_t key = 0; key < count; key++) {
		uint64_t value = key * factor;

		cr_assert_eq(map_update(map, &key, &value, BPF_ANY), 0);
	}
}

int world_plain(struct backend *backend, const char *pin_path, uint32_t key, uint64_t *value)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	int error = pin_open(backend, pin_path, 0, &map);

	return error ? error : map_lookup(map, &key, value, 0);
}

/* --- snapshots --- */

const char *world_dump(struct backend *backend, const char *name,
		       const struct snapshot_dump_options *options, size_t omissions)
{
	static const struct snapshot_source source = {"app", "app"};
	struct snapshot_dump_options all = options ? *options : (struct snapshot_dump_options){0};
	const char *directory = scratch_path(name);
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	int error;

	all.state = scratch_path("state");
	error = snapshot_dump(backend, &source, 1, directory, &all, &report, &fault);
	cr_assert_eq(error, 0, "%s", fault.text);
	if (snapshot_report_omissions(report) != omissions) {
		json_dumpf(report, stderr, JSON_INDENT(1));
		cr_assert_fail("%zu omissions expected", omissions);
	}
	json_decref(report);
	return directory;
}

struct image *world_open(const char *directory)
{
	struct fault fault = FAULT_INIT;
	struct image *image;
	int error = snapshot_open(directory, NULL, SNAPSHOT_ELEMENTS, NULL, &image, &fault);

	cr_assert_eq(error, 0, "%s", fault.text);
	return image;
}

int world_restore(const char *directory, struct backend *backend, const char *target,
		  const struct snapshot_restore_options *options, size_t *omissions)
{
	struct snapshot_restore_options all =
		options ? *options : (struct snapshot_restore_options){0};
	cleanup_with(snapshot_closep) struct image *image = world_open(directory);
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	int error;

	all.as_root = true;
	all.state = scratch_path("state");
	error = snapshot_restore(image, backend, target, &all, &report, &fault);
	if (error)
		fprintf(stderr, "# restore: %s\n", fault.text);
	if (omissions)
		*omissions = snapshot_report_omissions(report);
	json_decref(report);
	return error;
}

static int line_add(void *context, const char *line)
{
	buffer_append_format(context, "%s\n", line);
	return 0;
}

char *world_diff(const char *from, const char *to)
{
	cleanup_with(snapshot_closep) struct image *first = world_open(from);
	cleanup_with(snapshot_closep) struct image *second = world_open(to);
	struct buffer lines = BUFFER_INIT;
	struct snapshot_diff_options options = {.print = line_add, .context = &lines};
	struct fault fault = FAULT_INIT;
	bool different;

	cr_assert_eq(snapshot_diff(first, second, &options, &different, &fault), 0, "%s",
		     fault.text);
	cr_assert_eq(different, lines.length > 0);
	return lines.data ? lines.data : strdup("");
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name, ((const struct tree_entry *)b)->name);
}

static void tree_add(struct backend *backend, const char *path, struct buffer *out)
{
	struct tree_entry *entries;
	size_t count;

	cr_assert_eq(tree_list(backend, path, &entries, &count), 0, "%s", path);
	qsort(entries, count, sizeof(*entries), name_compare);
	for (size_t i = 0; i < count; i++) {
		char child[PATH_MAX];
		struct stat st;

		snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", entries[i].name);
		cr_assert_eq(tree_stat(backend, child, &st), 0);
		buffer_append_format(out, "%s %o %u:%u\n", child, st.st_mode, st.st_uid, st.st_gid);
		if (S_ISDIR(st.st_mode))
			tree_add(backend, child, out);
	}
	tree_entries_free(entries, count);
}

char *world_tree(struct backend *backend, const char *path)
{
	struct buffer out = BUFFER_INIT;

	tree_add(backend, path, &out);
	return out.data ? out.data : strdup("");
}
