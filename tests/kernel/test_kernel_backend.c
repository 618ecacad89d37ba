// SPDX-License-Identifier: BSD-2-Clause
/* What only the kernel backend does: acting as a caller on bpffs, its private mount, opening. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <criterion/criterion.h>
#include "kernel/kernel.h"
#include "kernel_fixture.h"

static const struct caller root = {0};
static const struct caller user = {.uid = 1000, .gid = 1000, .umask = 022};

static struct handle *hash_create(struct backend *backend, uint32_t flags)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map;

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 8;
	spec.map_flags = flags;
	strcpy(spec.name, "a_hash");
	cr_assert_eq(map_create(backend, &spec, &map), 0);
	return map;
}

static void assert_owner(struct backend *backend, const char *path, uid_t uid, gid_t gid,
			 mode_t mode)
{
	struct stat st;

	cr_assert_eq(tree_stat(backend, path, &st), 0, "%s", path);
	cr_assert_eq(st.st_uid, uid);
	cr_assert_eq(st.st_gid, gid);
	cr_assert_eq(st.st_mode, mode, "%s: %o", path, st.st_mode);
}

Test(open, tells_what_is_wrong)
{
	struct fault fault = FAULT_INIT;
	struct backend *backend;

	cr_assert_eq(kernel_open("/proc", NULL, &backend, &fault), -EINVAL);
	cr_assert(strstr(fault.text, "mount -t bpf"), "%s", fault.text);
	cr_assert_eq(kernel_open("/nowhere", NULL, &backend, &fault), -ENOENT);
	cr_assert(strstr(fault.text, "/nowhere"), "%s", fault.text);
}

Test(open, refuses_without_capabilities)
{
	struct backend *backend = kernel_fixture_open();
	struct fault fault = FAULT_INIT;

	backend_close(backend);
	cr_assert_eq(seteuid(1000), 0);
	cr_assert_eq(kernel_open(kernel_fixture_directory(), NULL, &backend, &fault), -EPERM);
	cr_assert(strstr(fault.text, "CAP_SYS_ADMIN"), "%s", fault.text);
}

Test(open, what_is_mounted_over_is_not_seen)
{
	struct backend *backend = kernel_fixture_open();
	struct stat st;

	cr_assert_eq(tree_mkdir(backend, &root, "below", 0755), 0);
	cr_assert_eq(mount("tmpfs", kernel_fixture_directory(), "tmpfs", 0, NULL), 0);
	cr_assert_eq(tree_stat(backend, "below", &st), 0);
	cr_assert_eq(tree_rmdir(backend, &root, "below"), 0);
	backend_close(backend);
}

Test(open, read_only_refuses_changes)
{
	struct backend_options options = {.read_only = true};
	struct backend *writable = kernel_fixture_open();
	struct handle *map = hash_create(writable, 0), *other;
	struct backend *backend;
	uint32_t key = 1, value = 2;

	cr_assert_eq(pin(map, &root, "m"), 0);
	cr_assert_eq(kernel_open(kernel_fixture_directory(), &options, &backend, NULL), 0);
	cr_assert_eq(pin_open(backend, "m", 0, &other), 0);
	cr_assert_eq(map_update(other, &key, &value, BPF_ANY), -EROFS);
	cr_assert_eq(map_freeze(other), -EROFS);
	cr_assert_eq(tree_mkdir(backend, &root, "d", 0755), -EROFS);
	cr_assert_eq(tree_unlink(backend, &root, "m"), -EROFS);
	handle_close(map);
	handle_close(other);
	backend_close(backend);
	backend_close(writable);
}

Test(tree, acts_as_the_caller)
{
	struct backend *backend = kernel_fixture_open();
	struct handle *map = hash_create(backend, 0);

	cr_assert_eq(tree_mkdir(backend, &user, "his", 0777), 0);
	assert_owner(backend, "his", 1000, 1000, S_IFDIR | 0755);
	cr_assert_eq(pin(map, &user, "his/map"), 0);
	assert_owner(backend, "his/map", 1000, 1000, S_IFREG | 0600);
	cr_assert_eq(tree_mkdir(backend, &root, "roots", 0755), 0);
	assert_owner(backend, "roots", 0, 0, S_IFDIR | 0755);
	cr_assert_eq(tree_mkdir(backend, &user, "roots/x", 0755), -EACCES);
	cr_assert_eq(pin(map, &user, "roots/map"), -EACCES);
	/* bpffs's root is sticky. */
	cr_assert_eq(tree_rmdir(backend, &user, "roots"), -EPERM);
	cr_assert_eq(tree_chmod(backend, &user, "roots", 0777), -EPERM);
	cr_assert_eq(tree_chown(backend, &user, "his/map", 0, 0), -EPERM);
	cr_assert_eq(tree_chmod(backend, &user, "his/map", 0640), 0);
	cr_assert_eq(tree_chown(backend, &root, "his/map", 7, (gid_t)-1), 0);
	assert_owner(backend, "his/map", 7, 1000, S_IFREG | 0640);
	handle_close(map);
	backend_close(backend);
}

Test(tree, umask_of_the_caller_reaches_pins)
{
	struct caller strict = {.uid = 1000, .gid = 1000, .umask = 0377};
	struct backend *backend = kernel_fixture_open();
	struct handle *map = hash_create(backend, 0);

	cr_assert_eq(pin(map, &strict, "map"), 0);
	assert_owner(backend, "map", 1000, 1000, S_IFREG | 0400);
	handle_close(map);
	backend_close(backend);
}

Test(tree, groups_count)
{
	const gid_t groups[] = {5, 2000};
	struct caller member = {1000, 1000, groups, 2, 0};
	struct backend *backend = kernel_fixture_open();

	cr_assert_eq(tree_mkdir(backend, &root, "shared", 0700), 0);
	cr_assert_eq(tree_chown(backend, &root, "shared", 0, 2000), 0);
	cr_assert_eq(tree_chmod(backend, &root, "shared", 02770), 0);
	cr_assert_eq(tree_mkdir(backend, &user, "shared/x", 0755), -EACCES);
	cr_assert_eq(tree_mkdir(backend, &member, "shared/x", 0755), 0);
	assert_owner(backend, "shared/x", 1000, 2000, S_IFDIR | S_ISGID | 0755);
	/* and we are ourselves again */
	cr_assert_eq(tree_mkdir(backend, &root, "mine", 0700), 0);
	assert_owner(backend, "mine", 0, 0, S_IFDIR | 0700);
	backend_close(backend);
}

Test(tree, symlinks_lead_nowhere)
{
	struct backend *backend = kernel_fixture_open();
	char target[64];
	struct handle *handle;
	struct stat st;

	cr_assert_eq(tree_symlink(backend, &root, "/etc", "link"), 0);
	cr_assert_eq(tree_readlink(backend, "link", target, sizeof(target)), 0);
	cr_assert_str_eq(target, "/etc");
	cr_assert_eq(tree_readlink(backend, "link", target, 4), -ENAMETOOLONG);
	cr_assert_eq(tree_stat(backend, "link/passwd", &st), -ENOTDIR);
	cr_assert_eq(tree_mkdir(backend, &root, "link/x", 0755), -ENOTDIR);
	cr_assert_eq(pin_open(backend, "link", 0, &handle), -EACCES);
	cr_assert_eq(tree_stat(backend, "link", &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	backend_close(backend);
}

Test(tree, gives_the_errno_of_bpffs)
{
	struct backend *backend = kernel_fixture_open();
	struct handle *map = hash_create(backend, 0), *other;
	char name[300];
	struct stat st;

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	cr_assert_eq(tree_stat(backend, name, &st), -ENAMETOOLONG);
	cr_assert_eq(tree_mkdir(backend, &root, name, 0755), -ENAMETOOLONG);
	name[255] = '\0';
	cr_assert_eq(pin(map, &root, name), 0);
	cr_assert_eq(pin_open(backend, name, 0, &other), 0);
	cr_assert_eq(tree_stat(backend, "a.b", &st), -EPERM);
	cr_assert_eq(pin(map, &root, "a.b"), -EPERM);
	cr_assert_eq(pin(map, &root, name), -EEXIST);
	cr_assert_eq(pin(map, &root, "no/such"), -ENOENT);
	cr_assert_eq(tree_rmdir(backend, &root, name), -ENOTDIR);
	cr_assert_eq(tree_mkdir(backend, &root, "d", 0755), 0);
	cr_assert_eq(tree_unlink(backend, &root, "d"), -EISDIR);
	cr_assert_eq(pin(map, &root, "d/m"), 0);
	cr_assert_eq(tree_rmdir(backend, &root, "d"), -ENOTEMPTY);
	cr_assert_eq(pin_open(backend, "d", 0, &other), -EACCES);
	cr_assert_eq(tree_rename(backend, &root, "d", "d/into", 0), -EINVAL);
	cr_assert_eq(tree_rename(backend, &root, "d/m", "moved", 0), 0);
	cr_assert_eq(tree_stat(backend, "", &st), 0);
	cr_assert_eq(st.st_mode, (mode_t)(S_IFDIR | 01777));
	handle_close(map);
	handle_close(other);
	backend_close(backend);
}

Test(tree, lists_what_is_there)
{
	struct backend *backend = kernel_fixture_open();
	struct handle *map = hash_create(backend, 0);
	struct tree_entry *entries;
	unsigned pins = 0, links = 0, directories = 0;
	size_t count;

	cr_assert_eq(tree_mkdir(backend, &root, "d", 0755), 0);
	cr_assert_eq(tree_mkdir(backend, &root, "d/e", 0755), 0);
	cr_assert_eq(tree_symlink(backend, &root, "x", "d/l"), 0);
	cr_assert_eq(pin(map, &root, "d/m"), 0);
	cr_assert_eq(tree_list(backend, "d", &entries, &count), 0);
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		pins += S_ISREG(entries[i].type);
		links += S_ISLNK(entries[i].type);
		directories += S_ISDIR(entries[i].type);
	}
	cr_assert(pins == 1 && links == 1 && directories == 1);
	tree_entries_free(entries, count);
	cr_assert_eq(tree_list(backend, "d/m", &entries, &count), -ENOTDIR);
	handle_close(map);
	backend_close(backend);
}

Test(objects, pins_give_a_writable_handle)
{
	struct backend *backend = kernel_fixture_open();
	struct handle *reader = hash_create(backend, BPF_F_RDONLY), *other;
	uint32_t key = 1, value = 2;

	cr_assert_eq(map_update(reader, &key, &value, BPF_ANY), -EPERM);
	cr_assert_eq(pin(reader, &root, "m"), 0);
	cr_assert_eq(pin_open(backend, "m", 0, &other), 0);
	cr_assert_eq(other->kind, OBJECT_MAP);
	cr_assert_eq(map_update(other, &key, &value, BPF_ANY), 0);
	handle_close(reader);
	handle_close(other);
	backend_close(backend);
}

Test(objects, state_and_info)
{
	struct backend *backend = kernel_fixture_open();
	struct handle *map = hash_create(backend, 0), *again;
	struct map_state state;
	struct map_info info;
	uint32_t id;

	cr_assert_eq(map_info(map, &info), 0);
	cr_assert_str_eq(info.name, "a_hash");
	cr_assert_eq(info.max_entries, 8);
	cr_assert_eq(object_id(map, &id), 0);
	cr_assert_eq(id, info.id);
	cr_assert_eq(object_open(backend, OBJECT_MAP, id, 0, &again), 0);
	cr_assert_eq(map_state(again, &state), 0);
	cr_assert(!state.frozen && state.memlock > 0 && !state.owned);
	cr_assert_eq(map_freeze(map), 0);
	cr_assert_eq(map_state(again, &state), 0);
	cr_assert(state.frozen);
	cr_assert_eq(object_next(backend, OBJECT_MAP, id - 1, &id), 0);
	cr_assert_eq(id, info.id);
	handle_close(map);
	handle_close(again);
	backend_close(backend);
}

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
