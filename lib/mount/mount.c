// SPDX-License-Identifier: BSD-2-Clause
/* The tree of a mount: its directories are those of bpffs, and a pin is a directory too. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "directory.h"
#include "internal.h"
#include "mount.h"

#define PIN_MODE 0666
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u
#endif

int file_read(int directory, const char *path, struct buffer *out)
{
	cleanup_close int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		char *to = buffer_reserve(out, 1 << 16);
		ssize_t got = to ? read(fd, to, 1 << 16) : 0;

		if (!to)
			return -ENOMEM;
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		buffer_commit(out, (size_t)got);
	}
}

int file_write(int directory, const char *path, int flags, const void *bytes, size_t length)
{
	cleanup_close int fd = openat(directory, path, O_WRONLY | O_CLOEXEC | flags, 0600);
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = write(fd, bytes, length);
	if (done >= 0 && (size_t)done != length)
		return -EIO;
	return done < 0 ? -errno : 0;
}

int file_read_json(int directory, const char *path, json_t **json)
{
	struct buffer text = BUFFER_INIT;
	int error = file_read(directory, path, &text);

	*json = error ? NULL : json_loadb(text.data ? text.data : "", text.length, 0, NULL);
	buffer_free(&text);
	return error || *json ? error : -EIO;
}

static const char *clean(const char *path)
{
	return *path ? path : ".";
}

/* What a directory of the tree is: bpfuse shows a pin as one, by what is in it. */
static bool kind_find(int directory, enum object_kind *kind)
{
	static const struct {
		const char *file;
		enum object_kind kind;
	} signs[] = {{".map", OBJECT_MAP}, {"xlated.bin", OBJECT_PROG}, {"detach", OBJECT_LINK}};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (faccessat(directory, signs[i].file, F_OK, 0))
			continue;
		*kind = signs[i].kind;
		return true;
	}
	return false;
}

static int directory_open(struct backend *backend, const char *path)
{
	int fd = openat(mount_backend(backend)->root, clean(path),
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool is_pin(struct backend *backend, const char *path)
{
	cleanup_close int directory = *path ? directory_open(backend, path) : -1;
	enum object_kind kind;

	return directory >= 0 && kind_find(directory, &kind);
}

static int mount_tree_stat(struct backend *backend, const char *path, struct stat *st)
{
	if (fstatat(mount_backend(backend)->root, clean(path), st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISDIR(st->st_mode) && is_pin(backend, path))
		st->st_mode = S_IFREG | (st->st_mode & PIN_MODE);
	return 0;
}

static int entry_add(struct tree_entry **entries, size_t *count, const struct dirent *from,
		     mode_t type)
{
	struct tree_entry *grown = reallocarray(*entries, *count + 1, sizeof(*grown));
	char *name = strdup(from->d_name);

	if (grown)
		*entries = grown;
	if (!grown || !name) {
		free(name);
		return -ENOMEM;
	}
	grown[(*count)++] = (struct tree_entry){name, type, from->d_ino};
	return 0;
}

/* What bpfuse adds to the root has a dot, and no pin has one; what has gone since is left out. */
static int entry_list(struct backend *backend, const char *path, const struct dirent *entry,
		      struct tree_entry **entries, size_t *count)
{
	cleanup_free char *child = NULL;
	struct stat st;
	int error;

	if (strchr(entry->d_name, '.'))
		return 0;
	if (asprintf(&child, "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0)
		return -ENOMEM;
	error = mount_tree_stat(backend, child, &st);
	if (error)
		return error == -ENOENT ? 0 : error;
	return entry_add(entries, count, entry, st.st_mode & S_IFMT);
}

static int mount_tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
			   size_t *count)
{
	int fd = directory_open(backend, path), error = 0;
	cleanup_with(directory_closep) DIR *listing = directory_take(fd);
	const struct dirent *entry;

	*entries = NULL;
	*count = 0;
	if (!listing)
		return fd < 0 ? fd : -errno;
	while (errno = 0, !error && (entry = readdir(listing)))
		error = entry_list(backend, path, entry, entries, count);
	if (!error)
		error = -errno;
	if (error)
		tree_entries_free(*entries, *count);
	return error;
}

static int mount_tree_readlink(struct backend *backend, const char *path, char *target, size_t size)
{
	ssize_t length = readlinkat(mount_backend(backend)->root, path, target, size);

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -ENAMETOOLONG;
	target[length] = '\0';
	return 0;
}

/* The kernel knows who calls through a mount: struct caller has nothing to add. */
static int mount_tree_mkdir(struct backend *backend, const struct caller *caller, const char *path,
			    mode_t mode)
{
	return mkdirat(mount_backend(backend)->root, path, mode) ? -errno : 0;
}

static int mount_tree_symlink(struct backend *backend, const struct caller *caller,
			      const char *target, const char *path)
{
	return symlinkat(target, mount_backend(backend)->root, path) ? -errno : 0;
}

static int mount_tree_rmdir(struct backend *backend, const struct caller *caller, const char *path)
{
	if (is_pin(backend, path))
		return -ENOTDIR;
	return unlinkat(mount_backend(backend)->root, path, AT_REMOVEDIR) ? -errno : 0;
}

/* rmdir of a map's directory unpins it, with its elements. */
static int mount_tree_unlink(struct backend *backend, const struct caller *caller, const char *path)
{
	int flags = is_pin(backend, path) ? AT_REMOVEDIR : 0;

	return unlinkat(mount_backend(backend)->root, path, flags) ? -errno : 0;
}

static int mount_tree_rename(struct backend *backend, const struct caller *caller, const char *from,
			     const char *to, unsigned flags)
{
	int root = mount_backend(backend)->root;

	return renameat2(root, from, root, to, flags) ? -errno : 0;
}

static int mount_tree_chmod(struct backend *backend, const struct caller *caller, const char *path,
			    mode_t mode)
{
	return fchmodat(mount_backend(backend)->root, clean(path), mode, 0) ? -errno : 0;
}

static int mount_tree_chown(struct backend *backend, const struct caller *caller, const char *path,
			    uid_t uid, gid_t gid)
{
	return fchownat(mount_backend(backend)->root, clean(path), uid, gid, AT_SYMLINK_NOFOLLOW)
		       ? -errno
		       : 0;
}

/* A write to a name that does not exist pins: "map=42". */
static int mount_pin(struct handle *handle, const struct caller *caller, const char *path)
{
	static const char *const words[] = {
		[OBJECT_MAP] = "map", [OBJECT_PROG] = "prog", [OBJECT_LINK] = "link"};
	char spec[32];
	int length;

	if (handle->kind == OBJECT_BTF)
		return -EINVAL;
	length = snprintf(spec, sizeof(spec), "%s=%d\n", words[handle->kind], handle->fd);
	return file_write(mount_backend(handle->backend)->root, path, O_CREAT | O_EXCL, spec,
			  (size_t)length);
}

static int mount_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
			  struct handle **handle)
{
	cleanup_close int directory = directory_open(backend, path);
	enum object_kind kind;

	if (directory < 0)
		return directory;
	if (!kind_find(directory, &kind))
		return -EACCES; /* as BPF_OBJ_GET answers for a directory */
	return mount_handle_new(backend, kind, move_fd(directory), handle);
}

/* Maps that were made and never pinned go with their directory. */
static void made_remove(struct mount_backend *mount)
{
	char path[96];

	if (!*mount->made)
		return;
	for (unsigned i = 0; i < mount->count; i++) {
		snprintf(path, sizeof(path), "%s/%u", mount->made, i);
		unlinkat(mount->root, path, AT_REMOVEDIR);
	}
	unlinkat(mount->root, mount->made, AT_REMOVEDIR);
}

static void mount_close(struct backend *backend)
{
	struct mount_backend *mount = mount_backend(backend);

	made_remove(mount);
	close(mount->root);
	free(mount);
}

static const struct backend_ops mount_ops = {
	.name = "mount",
	.close = mount_close,
	.map_create = mount_map_create,
	.object_open = mount_object_open,
	.object_next = mount_object_next,
	.handle_close = mount_handle_close,
	.map_info = mount_map_info,
	.map_state = mount_map_state,
	.prog_info = mount_prog_info,
	.link_info = mount_link_info,
	.btf_load = mount_btf_load,
	.btf_bytes = mount_btf_bytes,
	.map_lookup = mount_map_lookup,
	.map_update = mount_map_update,
	.map_delete = mount_map_delete,
	.map_next_key = mount_map_next_key,
	.map_lookup_and_delete = mount_map_lookup_and_delete,
	.map_lookup_batch = mount_map_lookup_batch,
	.map_update_batch = mount_map_update_batch,
	.map_freeze = mount_map_freeze,
	.map_pop_text = mount_map_pop_text,
	.map_popped_value = mount_map_popped_value,
	.device_find = mount_device_find,
	.device_by_ifindex = mount_device_by_ifindex,
	.tree_stat = mount_tree_stat,
	.tree_list = mount_tree_list,
	.tree_readlink = mount_tree_readlink,
	.tree_mkdir = mount_tree_mkdir,
	.tree_symlink = mount_tree_symlink,
	.tree_rmdir = mount_tree_rmdir,
	.tree_unlink = mount_tree_unlink,
	.tree_rename = mount_tree_rename,
	.tree_chmod = mount_tree_chmod,
	.tree_chown = mount_tree_chown,
	.pin = mount_pin,
	.pin_open = mount_pin_open,
};

/* Which mount this is, as long as the machine runs; before Linux 6.8 as long as it is mounted. */
static uint64_t mount_instance(int root)
{
	struct statx st;

	if (!statx(root, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &st) &&
	    (st.stx_mask & STATX_MNT_ID_UNIQUE))
		return st.stx_mnt_id;
	return makedev(st.stx_dev_major, st.stx_dev_minor) + 1;
}

/* Any map's info tells the number of CPUs, which need not be this machine's. */
static void learn_cpus(struct backend *backend)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_info info;
	uint32_t id;

	if (!object_next(backend, OBJECT_MAP, 0, &id) &&
	    !object_open(backend, OBJECT_MAP, id, 0, &map))
		map_info(map, &info);
}

int mount_open(const char *root, struct backend **backend, struct fault *fault)
{
	struct mount_backend *mount = calloc(1, sizeof(*mount));
	int cpus = libbpf_num_possible_cpus();

	if (!mount)
		return fault_set(fault, ENOMEM, "out of memory");
	mount->base.ops = &mount_ops;
	mount->base.possible_cpus = cpus < 1 ? 1 : (unsigned)cpus;
	mount->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount->root < 0 || faccessat(mount->root, "maps.by-id", F_OK, 0)) {
		int error = errno;

		if (mount->root >= 0)
			close(mount->root);
		free(mount);
		return fault_set(fault, error, "%s: is no mount of bpfuse that answers: %s", root,
				 strerror(error));
	}
	mount->base.instance = mount_instance(mount->root);
	*backend = &mount->base;
	learn_cpus(*backend);
	return 0;
}
