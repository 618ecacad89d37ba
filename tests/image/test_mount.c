// SPDX-License-Identifier: BSD-2-Clause
/*
 * A mount as a backend (lib/mount/), where its files are not what they should be: directories of
 * ours stand for the mount. What works is in mount.sh, on real ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "mount/mount.h"
#include "scratch.h"

static struct backend *backend;

static void setup(void)
{
	const char *root = scratch_path("mount");

	cr_assert_eq(mkdir(root, 0700), 0);
	cr_assert_eq(chdir(root), 0);
	cr_assert_eq(mkdir("maps.by-id", 0700), 0);
	cr_assert_eq(mount_open(root, &backend, NULL), 0);
}

static void teardown(void)
{
	backend_close(backend);
}

TestSuite(mount, .init = setup, .fini = teardown);

Test(mount, says_why_an_object_cannot_be_read)
{
	struct handle *map;

	cr_assert_eq(object_open(backend, OBJECT_MAP, 7, 0, &map), -ENOENT);
	cr_assert_eq(mkdir("maps.by-id/7", 0700), 0);
	cr_assert_eq(object_open(backend, OBJECT_MAP, 7, 0, &map), -ENOENT);
	cr_assert_eq(mkdir("maps.by-id/7/.map", 0700), 0);
	cr_assert_eq(mkdir("maps.by-id/7/.map/info", 0700), 0);
	cr_assert_eq(object_open(backend, OBJECT_MAP, 7, 0, &map), -EISDIR);
}

static int count_pin(void *context, const char *path, const struct stat *st)
{
	++*(int *)context;
	return 0;
}

/* What cannot be looked at is no reason to leave it out. */
Test(mount, lists_all_or_says_so)
{
	char name[101] = "";
	int depth = 0, pins = 0;

	memset(name, 'x', sizeof(name) - 1);
	for (; depth < 45; depth++)
		cr_assert(mkdir(name, 0700) == 0 && chdir(name) == 0);
	cr_expect_eq(pins_visit(backend, "", count_pin, &pins), -ENAMETOOLONG);
	for (; depth; depth--)
		cr_assert(chdir("..") == 0 && rmdir(name) == 0);
}

Test(mount, cuts_no_symlink)
{
	char target[8];

	cr_assert_eq(symlink("1234567", "fits"), 0);
	cr_assert_eq(symlink("12345678", "long"), 0);
	cr_assert_eq(tree_readlink(backend, "fits", target, sizeof(target)), 0);
	cr_assert_str_eq(target, "1234567");
	cr_assert_eq(tree_readlink(backend, "long", target, sizeof(target)), -ENAMETOOLONG);
}

/* Not a map that is bound to none. */
Test(mount, makes_no_map_without_its_device)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map;

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 1;
	spec.ifindex = 5;
	cr_assert_eq(map_create(backend, &spec, &map), -ENODEV);
}

Test(mount, asks_for_the_numa_node)
{
	cleanup_fclose FILE *made = NULL;
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map;
	char path[64], text[256] = "";

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 1;
	spec.map_flags = BPF_F_NUMA_NODE;
	spec.numa_node = 1;
	/* What is written makes no map here: it stays the text of a file. */
	cr_assert_eq(map_create(backend, &spec, &map), -ENOTDIR);
	snprintf(path, sizeof(path), MADE_PREFIX "%d/0", (int)getpid());
	made = fopen(path, "re");
	cr_assert(made && fgets(text, sizeof(text), made));
	cr_assert(strstr(text, "\"numa\":1"), "%s", text);
}
