// SPDX-License-Identifier: BSD-2-Clause
/* The pin tree answers as bpffs does (kernel/bpf/inode.c). */
#include <fcntl.h>
#include <string.h>
#include "emu_test.h"

static const struct caller alice = {.uid = 1000, .gid = 1000, .umask = 022};
static const struct caller bob = {.uid = 1001, .gid = 1001, .umask = 022};

static mode_t mode_of(struct backend *world, const char *path)
{
	struct stat st;

	cr_assert_eq(tree_stat(world, path, &st), 0, "%s", path);
	return st.st_mode;
}

static nlink_t links_of(struct backend *world, const char *path)
{
	struct stat st;

	cr_assert_eq(tree_stat(world, path, &st), 0, "%s", path);
	return st.st_nlink;
}

static int pin_new(struct backend *world, const struct caller *caller, const char *path)
{
	HANDLE(map);

	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, &map), 0);
	return pin(map, caller, path);
}

Test(tree, root_is_sticky_and_open_to_all)
{
	WORLD(world);
	struct statvfs fs;

	cr_assert_eq(mode_of(world, ""), S_IFDIR | 01777);
	cr_assert_eq(links_of(world, ""), 2);
	cr_assert_eq(tree_statfs(world, &fs), 0);
	cr_assert_eq(fs.f_bsize, 4096);
	cr_assert_eq(fs.f_namemax, 255);
	cr_assert_eq(fs.f_blocks, 0);
}

Test(tree, dots_are_reserved)
{
	WORLD(world);
	struct stat st;

	cr_assert_eq(tree_mkdir(world, &root_caller, "a.b", 0755), -EPERM);
	cr_assert_eq(tree_stat(world, ".hidden", &st), -EPERM);
	cr_assert_eq(tree_symlink(world, &root_caller, "to.it", "ok"), 0);
	cr_assert_eq(tree_symlink(world, &root_caller, "to", "no.t"), -EPERM);
	cr_assert_eq(pin_new(world, &root_caller, "p.q"), -EPERM);
	cr_assert_eq(tree_rename(world, &root_caller, "ok", "o.k", 0), -EPERM);
	cr_assert_eq(tree_mkdir(world, &root_caller, "odd", 0), 0);
	cr_assert_eq(tree_mkdir(world, &root_caller, "odd/a.b", 0755), 0);
	cr_assert_eq(tree_chmod(world, &root_caller, "odd", 0755), 0);
	cr_assert_eq(tree_stat(world, "odd/a.b", &st), 0);
	cr_assert_eq(tree_stat(world, "odd/c.d", &st), -EPERM);
}

Test(tree, names_are_up_to_255_bytes)
{
	WORLD(world);
	char name[257];

	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	cr_assert_eq(tree_mkdir(world, &root_caller, name, 0755), -ENAMETOOLONG);
	name[255] = '\0';
	cr_assert_eq(tree_mkdir(world, &root_caller, name, 0755), 0);
}

Test(tree, pins_have_their_makers_owner_and_mode)
{
	WORLD(world);
	struct caller caller = alice;
	struct stat st;

	cr_assert_eq(pin_new(world, &alice, "p"), 0);
	cr_assert_eq(tree_stat(world, "p", &st), 0);
	cr_assert_eq(st.st_mode, S_IFREG | 0600);
	cr_assert_eq(st.st_uid, 1000);
	cr_assert_eq(st.st_size, 0);
	cr_assert_eq(st.st_nlink, 1);
	caller.umask = 0777;
	cr_assert_eq(pin_new(world, &caller, "q"), 0);
	cr_assert_eq(mode_of(world, "q"), S_IFREG);
	cr_assert_eq(pin_new(world, &alice, "p"), -EEXIST);
	cr_assert_eq(pin_new(world, &alice, "none/p"), -ENOENT);
	cr_assert_eq(pin_new(world, &alice, "p/q"), -ENOTDIR);
	cr_assert_eq(pin_new(world, &alice, "r/"), -ENOENT);
	cr_assert_eq(pin_new(world, &alice, ""), -ENOENT);
}

Test(tree, setgid_directories_give_their_group)
{
	WORLD(world);
	struct stat st;

	cr_assert_eq(tree_mkdir(world, &root_caller, "d", 0777), 0);
	cr_assert_eq(tree_chown(world, &root_caller, "d", -1, 50), 0);
	cr_assert_eq(tree_chmod(world, &root_caller, "d", 02777), 0);
	cr_assert_eq(tree_mkdir(world, &alice, "d/sub", 0755), 0);
	cr_assert_eq(tree_stat(world, "d/sub", &st), 0);
	cr_assert_eq(st.st_gid, 50);
	cr_assert_eq(st.st_mode, S_IFDIR | 02755);
	cr_assert_eq(pin_new(world, &alice, "d/pin"), 0);
	cr_assert_eq(tree_stat(world, "d/pin", &st), 0);
	cr_assert_eq(st.st_gid, 50);
	cr_assert_eq(st.st_mode, S_IFREG | 0600);
}

Test(tree, sticky_bit_keeps_others_off)
{
	WORLD(world);

	cr_assert_eq(pin_new(world, &alice, "p"), 0);
	cr_assert_eq(tree_unlink(world, &bob, "p"), -EPERM);
	cr_assert_eq(tree_rename(world, &bob, "p", "q", 0), -EPERM);
	cr_assert_eq(tree_chmod(world, &bob, "p", 0666), -EPERM);
	cr_assert_eq(tree_mkdir(world, &root_caller, "d", 0755), 0);
	cr_assert_eq(tree_mkdir(world, &bob, "d/e", 0755), -EACCES);
	cr_assert_eq(tree_chmod(world, &root_caller, "d", 0700), 0);
	cr_assert_eq(tree_mkdir(world, &bob, "d/e/f", 0755), -EACCES);
	cr_assert_eq(tree_unlink(world, &alice, "p"), 0);
}

Test(tree, removing_asks_for_the_right_kind)
{
	WORLD(world);

	cr_assert_eq(tree_mkdir(world, &root_caller, "d", 0755), 0);
	cr_assert_eq(tree_mkdir(world, &root_caller, "d/e", 0755), 0);
	cr_assert_eq(pin_new(world, &root_caller, "p"), 0);
	cr_assert_eq(links_of(world, ""), 3);
	cr_assert_eq(tree_unlink(world, &root_caller, "d"), -EISDIR);
	cr_assert_eq(tree_rmdir(world, &root_caller, "p"), -ENOTDIR);
	cr_assert_eq(tree_rmdir(world, &root_caller, "d"), -ENOTEMPTY);
	cr_assert_eq(tree_rmdir(world, &root_caller, ""), -EBUSY);
	cr_assert_eq(tree_rmdir(world, &root_caller, "d/."), -EINVAL);
	cr_assert_eq(tree_rmdir(world, &root_caller, "d/e/"), 0);
	cr_assert_eq(tree_rmdir(world, &root_caller, "d"), 0);
	cr_assert_eq(links_of(world, ""), 2);
	cr_assert_eq(tree_unlink(world, &root_caller, "d"), -ENOENT);
}

Test(tree, rename_follows_the_vfs)
{
	WORLD(world);

	cr_assert_eq(tree_mkdir(world, &root_caller, "d", 0755), 0);
	cr_assert_eq(tree_mkdir(world, &root_caller, "d/e", 0755), 0);
	cr_assert_eq(tree_mkdir(world, &root_caller, "full", 0755), 0);
	cr_assert_eq(pin_new(world, &root_caller, "full/p"), 0);
	cr_assert_eq(pin_new(world, &root_caller, "p"), 0);
	cr_assert_eq(pin_new(world, &root_caller, "q"), 0);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "d", 0), -EISDIR);
	cr_assert_eq(tree_rename(world, &root_caller, "d", "p", 0), -ENOTDIR);
	cr_assert_eq(tree_rename(world, &root_caller, "d", "full", 0), -ENOTEMPTY);
	cr_assert_eq(tree_rename(world, &root_caller, "d", "d/e/f", 0), -EINVAL);
	cr_assert_eq(tree_rename(world, &root_caller, "d/e", "d", 0), -ENOTEMPTY);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "q", RENAME_NOREPLACE), -EEXIST);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "new", RENAME_EXCHANGE), -ENOENT);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "new", RENAME_WHITEOUT), -EINVAL);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "new", 8), -EINVAL);
	cr_assert_eq(tree_rename(world, &root_caller, "p", "q", 0), 0);
	cr_assert_eq(tree_rename(world, &root_caller, "q", "d", RENAME_EXCHANGE), 0);
	cr_assert(S_ISREG(mode_of(world, "d")));
	cr_assert_eq(mode_of(world, "q/e") & S_IFMT, S_IFDIR);
	cr_assert_eq(links_of(world, ""), 4);
}

Test(tree, lists_the_newest_first)
{
	WORLD(world);
	struct tree_entry *entries;
	size_t count;

	cr_assert_eq(tree_mkdir(world, &root_caller, "a", 0755), 0);
	cr_assert_eq(pin_new(world, &root_caller, "b"), 0);
	cr_assert_eq(tree_symlink(world, &root_caller, "b", "c"), 0);
	cr_assert_eq(tree_rename(world, &root_caller, "a", "d", 0), 0);
	cr_assert_eq(tree_list(world, "", &entries, &count), 0);
	cr_assert_eq(count, 3);
	cr_assert_str_eq(entries[0].name, "d");
	cr_assert_eq(entries[0].type, S_IFDIR);
	cr_assert_str_eq(entries[1].name, "c");
	cr_assert_eq(entries[1].type, S_IFLNK);
	cr_assert_str_eq(entries[2].name, "b");
	cr_assert_eq(entries[2].type, S_IFREG);
	tree_entries_free(entries, count);
	cr_assert_eq(tree_list(world, "b", &entries, &count), -ENOTDIR);
}

Test(tree, an_object_lives_while_something_holds_it)
{
	WORLD(world);
	HANDLE(map);
	HANDLE(again);
	struct map_info info;

	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, &map), 0);
	cr_assert_eq(map_info(map, &info), 0);
	cr_assert_eq(info.id, 1);
	cr_assert_eq(pin(map, &root_caller, "p"), 0);
	handle_close(map);
	map = NULL;
	cr_assert_eq(tree_symlink(world, &root_caller, "p", "to_p"), 0);
	cr_assert_eq(pin_open(world, "to_p", BPF_F_RDONLY | BPF_F_WRONLY, &map), -EINVAL);
	cr_assert_eq(pin_open(world, "none", 0, &map), -ENOENT);
	cr_assert_eq(pin_open(world, "", 0, &map), -ENOENT);
	cr_assert_eq(pin_open(world, "to_p", 0, &map), 0);
	cr_assert_eq(tree_unlink(world, &root_caller, "p"), 0);
	cr_assert_eq(object_open(world, OBJECT_MAP, 1, 0, &again), 0);
	handle_close(again);
	again = NULL;
	handle_close(map);
	map = NULL;
	cr_assert_eq(object_open(world, OBJECT_MAP, 1, 0, &again), -ENOENT);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, &map), 0);
	cr_assert_eq(map_info(map, &info), 0);
	cr_assert_eq(info.id, 2, "ids go round before one comes again");
}

Test(tree, owners_and_times_change_as_by_the_vfs)
{
	WORLD(world);
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
	struct stat st;

	cr_assert_eq(pin_new(world, &alice, "p"), 0);
	cr_assert_eq(tree_chown(world, &alice, "p", 1001, -1), -EPERM);
	cr_assert_eq(tree_chown(world, &alice, "p", 1000, 1000), 0);
	cr_assert_eq(tree_chown(world, &alice, "p", -1, 2000), -EPERM);
	cr_assert_eq(tree_chmod(world, &root_caller, "p", 06755), 0);
	cr_assert_eq(tree_chown(world, &root_caller, "p", -1, -1), 0);
	cr_assert_eq(mode_of(world, "p"), S_IFREG | 0755);
	cr_assert_eq(tree_utimens(world, &bob, "p", times), -EPERM);
	cr_assert_eq(tree_utimens(world, &alice, "p", times), 0);
	cr_assert_eq(tree_stat(world, "p", &st), 0);
	cr_assert_eq(st.st_atim.tv_sec, 1);
	cr_assert_eq(st.st_mtim.tv_sec, 2);
}
