// SPDX-License-Identifier: BSD-2-Clause
/* What stat, readdir and readlink answer; owners, modes and times. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "emu/state.h"

#define BLOCK_SIZE 4096

static nlink_t node_links(const struct tree_node *node)
{
	return S_ISDIR(node->mode) ? 2 + node->subdirectories : 1;
}

static void node_stat(const struct tree *tree, const struct tree_node *node, struct stat *st)
{
	*st = (struct stat){
		.st_dev = tree->device,
		.st_ino = node->ino,
		.st_mode = node->mode,
		.st_nlink = node_links(node),
		.st_uid = node->uid,
		.st_gid = node->gid,
		.st_blksize = BLOCK_SIZE,
		.st_atim = node->atime,
		.st_mtim = node->mtime,
		.st_ctim = node->ctime,
	};
}

int emu_tree_stat(struct backend *backend, const char *path, struct stat *st)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, NULL, path, &node);
	if (!error)
		node_stat(tree, node, st);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

static int copy_entries(struct tree_node *directory, struct tree_entry **entries, size_t *count)
{
	struct tree_node *child;
	size_t room = HASH_COUNT(directory->by_name);
	struct tree_entry *list = calloc(room ? room : 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	*count = 0;
	DL_FOREACH (directory->children, child) {
		struct tree_entry *entry = &list[*count];

		entry->name = strdup(child->name);
		if (!entry->name) {
			tree_entries_free(list, *count);
			return -ENOMEM;
		}
		entry->type = child->mode & S_IFMT;
		entry->ino = child->ino;
		++*count;
	}
	*entries = list;
	return 0;
}

int emu_tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
		  size_t *count)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, NULL, path, &node);
	if (!error && !S_ISDIR(node->mode))
		error = -ENOTDIR;
	if (!error)
		error = copy_entries(node, entries, count);
	if (!error)
		node_touch_atime(node);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

/* -ENAMETOOLONG where the target and its NUL do not fit. */
int emu_tree_readlink(struct backend *backend, const char *path, char *target, size_t size)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, NULL, path, &node);
	if (!error && !S_ISLNK(node->mode))
		error = -EINVAL;
	if (!error && strlen(node->target) >= size)
		error = -ENAMETOOLONG;
	if (!error) {
		memcpy(target, node->target, strlen(node->target) + 1);
		node_touch_atime(node);
	}
	pthread_mutex_unlock(&tree->lock);
	return error;
}

/* --- changes: setattr_prepare() and setattr_copy() of fs/attr.c --- */

static int change_mode(struct tree_node *node, const struct caller *caller, mode_t mode)
{
	if (S_ISLNK(node->mode))
		return -EOPNOTSUPP;
	if (!caller_owns(caller, node))
		return -EPERM;
	mode &= 07777;
	if (!caller_is_root(caller) && !caller_in_group(caller, node->gid))
		mode &= ~S_ISGID;
	node->mode = (node->mode & S_IFMT) | mode;
	node->ctime = node_now();
	return 0;
}

static bool may_chown(const struct tree_node *node, const struct caller *caller, uid_t uid,
		      gid_t gid)
{
	if (caller_is_root(caller))
		return true;
	if (uid != (uid_t)-1 && (caller->uid != node->uid || uid != node->uid))
		return false;
	return gid == (gid_t)-1 ||
	       (caller->uid == node->uid && (gid == node->gid || caller_in_group(caller, gid)));
}

/* chown(2) on a file takes the setuid bit away, and setgid where it means a group to run as. */
static mode_t mode_after_chown(mode_t mode)
{
	if (S_ISDIR(mode))
		return mode;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		mode &= ~S_ISGID;
	return mode & ~S_ISUID;
}

static int change_owner(struct tree_node *node, const struct caller *caller, uid_t uid, gid_t gid)
{
	if (!may_chown(node, caller, uid, gid))
		return -EPERM;
	if (uid != (uid_t)-1)
		node->uid = uid;
	if (gid != (gid_t)-1)
		node->gid = gid;
	node->mode = mode_after_chown(node->mode);
	node->ctime = node_now();
	return 0;
}

static bool time_is_valid(const struct timespec *time)
{
	return time->tv_nsec == UTIME_NOW || time->tv_nsec == UTIME_OMIT ||
	       (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static void set_time(struct timespec *time, const struct timespec *wanted,
		     const struct timespec *now)
{
	if (wanted->tv_nsec == UTIME_NOW)
		*time = *now;
	else if (wanted->tv_nsec != UTIME_OMIT)
		*time = *wanted;
}

static int change_times(struct tree_node *node, const struct caller *caller,
			const struct timespec times[2])
{
	bool both_now = times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW;
	struct timespec now = node_now();

	if (!caller_owns(caller, node) &&
	    (!both_now || node_permission(node, caller, ACCESS_WRITE)))
		return both_now ? -EACCES : -EPERM;
	set_time(&node->atime, &times[0], &now);
	set_time(&node->mtime, &times[1], &now);
	node->ctime = now;
	return 0;
}

int emu_tree_chmod(struct backend *backend, const struct caller *caller, const char *path,
		   mode_t mode)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, caller, path, &node);
	if (!error)
		error = change_mode(node, caller, mode);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

int emu_tree_chown(struct backend *backend, const struct caller *caller, const char *path,
		   uid_t uid, gid_t gid)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, caller, path, &node);
	if (!error)
		error = change_owner(node, caller, uid, gid);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

int emu_tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
		     const struct timespec times[2])
{
	static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *node;
	int error;

	if (!times)
		times = now;
	if (!time_is_valid(&times[0]) || !time_is_valid(&times[1]))
		return -EINVAL;
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0; /* utimensat() does not even look at the path */
	pthread_mutex_lock(&tree->lock);
	error = tree_find(tree, caller, path, &node);
	if (!error)
		error = change_times(node, caller, times);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

/* simple_statfs() */
int emu_tree_statfs(struct backend *backend, struct statvfs *st)
{
	*st = (struct statvfs){
		.f_bsize = BLOCK_SIZE,
		.f_frsize = BLOCK_SIZE,
		.f_namemax = NAME_MAX,
		.f_flag = ST_RELATIME,
		.f_fsid = emu_of(backend)->tree.device,
	};
	return 0;
}

/* bpf_obj_get_user(): flags that fit the kind, then what the inode grants (here always). */
static int pin_find(struct tree *tree, const char *path, struct emu_object **object)
{
	struct tree_node *node;
	int error = tree_find_follow(tree, path, &node);

	if (error)
		return error;
	if (!S_ISREG(node->mode))
		return -EACCES;
	*object = object_get(node->object);
	node_touch_atime(node);
	return 0;
}

int emu_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
		 struct handle **handle)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct emu_object *object;
	unsigned mode;
	int error = handle_mode_from_flags(open_flags, &mode);

	if (error || (open_flags & ~HANDLE_FLAGS))
		return -EINVAL;
	if (path[0] == '\0')
		return -ENOENT;
	pthread_mutex_lock(&tree->lock);
	error = pin_find(tree, path, &object);
	pthread_mutex_unlock(&tree->lock);
	if (error)
		return error;
	if (object->kind == OBJECT_LINK && open_flags) {
		object_put(object);
		return -EINVAL;
	}
	if (object->kind != OBJECT_MAP)
		mode = HANDLE_READ | HANDLE_WRITE;
	return handle_new(object, mode, handle);
}
