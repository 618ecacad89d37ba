// SPDX-License-Identifier: BSD-2-Clause
/* The same tree between the kernel and the emulation of it, all four ways. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
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

static struct backend *empty_world(void)
{
	struct backend *backend;

	cr_assert_eq(emu_open(NULL, &backend, NULL), 0);
	return backend;
}

Test(kernel_snapshot, comes_back_all_four_ways)
{
	struct backend *kernel = kernel_fixture_open(), *emu = empty_world();
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

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
