// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tree of pins: directory operations on bpffs, each done as the caller, so that bpffs itself
 * decides about permission, owners and setgid directories, and its errno goes through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "directory.h"
#include "identity.h"
#include "place.h"

static int result(int returned)
{
	return returned < 0 ? -errno : 0;
}

/* Asked for with nearly every file operation: one system call where it can be one. */
int kernel_tree_stat(struct backend *backend, const char *path, struct stat *st)
{
	cleanup_with(place_closep) struct place place = {-1, path};
	int directory = kernel_backend(backend)->root_fd;
	int error = 0;

	if (strchr(path, '/')) {
		error = place_open(backend, path, &place);
		directory = place.directory;
	}
	return error ? error
		     : result(fstatat(directory, place.name, st,
				      AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

int kernel_tree_readlink(struct backend *backend, const char *path, char *target, size_t size)
{
	cleanup_close int fd = entry_open(backend, path, O_PATH);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = readlinkat(fd, "", target, size);
	if (length < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* "" of what is no symlink */
	if ((size_t)length >= size)
		return -ENAMETOOLONG;
	target[length] = '\0';
	return 0;
}

int kernel_tree_statfs(struct backend *backend, struct statvfs *st)
{
	return result(fstatvfs(kernel_backend(backend)->root_fd, st));
}

/* --- listing --- */

static int directory_open(struct backend *backend, const char *path, DIR **directory)
{
	int fd = entry_open(backend, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	*directory = directory_take(fd);
	return *directory ? 0 : -errno;
}

struct listing {
	struct tree_entry *entries;
	size_t count, room;
};

static int listing_add(struct listing *listing, const struct dirent *entry)
{
	if (listing->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 16;
		struct tree_entry *entries = reallocarray(listing->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		listing->entries = entries;
		listing->room = room;
	}
	listing->entries[listing->count] = (struct tree_entry){
		.name = strdup(entry->d_name),
		.type = DTTOIF(entry->d_type),
		.ino = entry->d_ino,
	};
	if (!listing->entries[listing->count].name)
		return -ENOMEM;
	listing->count++;
	return 0;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

int kernel_tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
		     size_t *count)
{
	cleanup_with(directory_closep) DIR *directory = NULL;
	struct listing listing = {0};
	struct dirent *entry;
	int error = directory_open(backend, path, &directory);

	if (error)
		return error;
	while (errno = 0, !error && (entry = readdir(directory)))
		if (!is_dots(entry->d_name))
			error = listing_add(&listing, entry);
	if (!error)
		error = -errno;
	if (error) {
		tree_entries_free(listing.entries, listing.count);
		return error;
	}
	*entries = listing.entries;
	*count = listing.count;
	return 0;
}

/* --- changes --- */

/* What a change needs to know; each kind of change uses its own part. */
struct change {
	const struct caller *caller;
	const char *target; /* symlink */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const struct timespec *times;
};

/* Changes a directory: makes or removes the name. */
static int change_name(struct backend *backend, const char *path, const struct change *change,
		       int (*act)(const struct place *place, const struct change *change))
{
	cleanup_with(place_closep) struct place place = PLACE_INIT;
	struct identity saved;
	int error = identity_enter(change->caller, &saved);

	if (error)
		return error;
	error = place_open(backend, path, &place);
	if (!error)
		error = act(&place, change);
	identity_leave(&saved);
	return error;
}

/* Changes what is there. */
static int change_inode(struct backend *backend, const char *path, const struct change *change,
			int (*act)(int fd, const struct change *change))
{
	struct identity saved;
	int error = identity_enter(change->caller, &saved);
	int fd;

	if (error)
		return error;
	fd = entry_open(backend, path, O_PATH);
	error = fd < 0 ? fd : act(fd, change);
	identity_leave(&saved);
	if (fd >= 0)
		close(fd);
	return error;
}

static int act_mkdir(const struct place *place, const struct change *change)
{
	mode_t umask = change->caller ? change->caller->umask : 0;

	return result(mkdirat(place->directory, place->name, change->mode & ~umask));
}

int kernel_tree_mkdir(struct backend *backend, const struct caller *caller, const char *path,
		      mode_t mode)
{
	struct change change = {.caller = caller, .mode = mode};

	return *path ? change_name(backend, path, &change, act_mkdir) : -EEXIST;
}

static int act_symlink(const struct place *place, const struct change *change)
{
	return result(symlinkat(change->target, place->directory, place->name));
}

int kernel_tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
			const char *path)
{
	struct change change = {.caller = caller, .target = target};

	return *path ? change_name(backend, path, &change, act_symlink) : -EEXIST;
}

static int act_rmdir(const struct place *place, const struct change *change)
{
	return result(unlinkat(place->directory, place->name, AT_REMOVEDIR));
}

int kernel_tree_rmdir(struct backend *backend, const struct caller *caller, const char *path)
{
	struct change change = {.caller = caller};

	return change_name(backend, path, &change, act_rmdir);
}

static int act_unlink(const struct place *place, const struct change *change)
{
	return result(unlinkat(place->directory, place->name, 0));
}

int kernel_tree_unlink(struct backend *backend, const struct caller *caller, const char *path)
{
	struct change change = {.caller = caller};

	return *path ? change_name(backend, path, &change, act_unlink) : -EISDIR;
}

static int places_rename(struct backend *backend, const char *from, const char *to, unsigned flags)
{
	cleanup_with(place_closep) struct place old = PLACE_INIT;
	cleanup_with(place_closep) struct place new = PLACE_INIT;
	int error = place_open(backend, from, &old);

	if (!error)
		error = place_open(backend, to, &new);
	if (!error)
		error = result(renameat2(old.directory, old.name, new.directory, new.name, flags));
	return error;
}

int kernel_tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		       const char *to, unsigned flags)
{
	struct identity saved;
	int error = identity_enter(caller, &saved);

	if (error)
		return error;
	error = places_rename(backend, from, to, flags);
	identity_leave(&saved);
	return error;
}

static int act_chmod(int fd, const struct change *change)
{
	char path[PROC_FD_PATH_MAX];

	/* fchmod(2) takes no O_PATH descriptor. */
	return result(chmod(proc_fd_path(fd, path), change->mode));
}

int kernel_tree_chmod(struct backend *backend, const struct caller *caller, const char *path,
		      mode_t mode)
{
	struct change change = {.caller = caller, .mode = mode & 07777};

	return change_inode(backend, path, &change, act_chmod);
}

static int act_chown(int fd, const struct change *change)
{
	return result(fchownat(fd, "", change->uid, change->gid, AT_EMPTY_PATH));
}

int kernel_tree_chown(struct backend *backend, const struct caller *caller, const char *path,
		      uid_t uid, gid_t gid)
{
	struct change change = {.caller = caller, .uid = uid, .gid = gid};

	return change_inode(backend, path, &change, act_chown);
}

static int act_utimens(int fd, const struct change *change)
{
	return result(utimensat(fd, "", change->times, AT_EMPTY_PATH));
}

int kernel_tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
			const struct timespec times[2])
{
	struct change change = {.caller = caller, .times = times};

	return change_inode(backend, path, &change, act_utimens);
}
