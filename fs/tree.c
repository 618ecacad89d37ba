// SPDX-License-Identifier: BSD-2-Clause
#include "tree.h"

#include <errno.h>
#include <linux/limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "by_id.h"
#include "control.h"
#include "device.h"
#include "error_log.h"
#include "listing.h"
#include "pending.h"
#include "pin.h"
#include "static_dir.h"

/* What bpfuse adds to the root: names with a dot, which bpffs has reserved. */
static const struct node_kind *const root_entries[] = {
	&kind_maps_by_id, &kind_progs_by_id,  &kind_links_by_id, &kind_maps_by_name,
	&kind_devices,	  &kind_maps_control, &kind_error_log,	 NULL,
};

static const struct node_kind kind_tree_dir;
static const struct node_kind kind_tree_link;
static const struct node_kind kind_tree_file;

static char *path_of(struct request *request, const struct node *node, const char *name)
{
	return node_path(request->fs->nodes, node, name);
}

static bool is_tree_dir(const struct node *node)
{
	return node->kind == &kind_root || node->kind == &kind_tree_dir;
}

static int tree_node_stat(struct request *request, struct node *node, struct stat *st)
{
	cleanup_free char *path = path_of(request, node, NULL);
	if (!path)
		return -ENOMEM;
	int rc = tree_stat(request->fs->backend, path, st);
	if (rc)
		return rc;
	/* Another thing has taken the name. */
	return node->parent && st->st_ino != node->ino ? -ESTALE : 0;
}

static int tree_lookup(struct request *request, struct node *dir, const char *name,
		       struct node **child, struct stat *st)
{
	cleanup_free char *path = path_of(request, dir, name);
	if (!path)
		return -ENOMEM;
	int rc = tree_stat(request->fs->backend, path, st);
	if (rc)
		return rc;
	const struct node_kind *kind = &kind_tree_dir;
	if (S_ISLNK(st->st_mode))
		kind = &kind_tree_link;
	else if (!S_ISDIR(st->st_mode))
		kind = pin_kind(request, path, st);
	if (!kind)
		kind = &kind_tree_file;
	else if (kind->object)
		pin_stat_fill(st);
	*child = node_child(request->fs->nodes, dir, name, kind, st->st_ino, NULL, 0);
	return *child ? 0 : -ENOMEM;
}

/* Pins are directories here; the kernel's own iterators (maps.debug) are not pins of objects. */
static mode_t shown_type(const struct tree_entry *entry)
{
	return S_ISREG(entry->type) && !strchr(entry->name, '.') ? S_IFDIR : entry->type;
}

static int tree_dir_list(struct request *request, struct node *dir, struct listing *listing)
{
	cleanup_free char *path = path_of(request, dir, NULL);
	struct tree_entry *entries;
	size_t count;
	if (!path)
		return -ENOMEM;
	int rc = tree_list(request->fs->backend, path, &entries, &count);
	if (rc)
		return rc;
	for (size_t i = 0; i < count && !rc; i++)
		rc = listing_add(listing, entries[i].name, shown_type(&entries[i]), entries[i].ino);
	tree_entries_free(entries, count);
	return rc;
}

static int dir_mkdir(struct request *request, struct node *dir, const char *name, mode_t mode)
{
	struct caller caller = request_caller(request);
	cleanup_free char *path = path_of(request, dir, name);
	return path ? tree_mkdir(request->fs->backend, &caller, path, mode) : -ENOMEM;
}

/* bpffs makes no files, and no devices. */
static int dir_mknod(struct request *request, struct node *dir, const char *name, mode_t mode)
{
	return fault_set(&request->fault, S_ISREG(mode) ? EACCES : EPERM,
			 "expected a directory, a symlink or a SPEC written to a new name: "
			 "bpffs holds nothing else");
}

static int dir_symlink(struct request *request, struct node *dir, const char *target,
		       const char *name)
{
	struct caller caller = request_caller(request);
	cleanup_free char *path = path_of(request, dir, name);
	return path ? tree_symlink(request->fs->backend, &caller, target, path) : -ENOMEM;
}

static int dir_unlink(struct request *request, struct node *dir, const char *name)
{
	struct caller caller = request_caller(request);
	cleanup_free char *path = path_of(request, dir, name);
	if (!path)
		return -ENOMEM;
	if (static_dir_has(dir, name))
		return fault_set(&request->fault, EPERM, "%s is bpfuse's own", name);
	int rc = tree_unlink(request->fs->backend, &caller, path);
	if (!rc)
		node_unlink(request->fs->nodes, dir, name);
	return rc;
}

/* A directory of bpffs goes if it is empty; the directory of a pin is unpinned. */
static int dir_rmdir(struct request *request, struct node *dir, const char *name)
{
	struct caller caller = request_caller(request);
	cleanup_free char *path = path_of(request, dir, name);
	struct stat st;
	if (!path)
		return -ENOMEM;
	if (static_dir_has(dir, name))
		return fault_set(&request->fault, EPERM, "%s is bpfuse's own", name);
	int rc = tree_stat(request->fs->backend, path, &st);
	if (!rc && S_ISREG(st.st_mode))
		rc = pin_remove(request, &caller, path, &st);
	else if (!rc)
		rc = tree_rmdir(request->fs->backend, &caller, path);
	if (!rc)
		node_unlink(request->fs->nodes, dir, name);
	return rc;
}

static int dir_rename(struct request *request, struct node *dir, const char *name,
		      struct node *new_dir, const char *new_name, unsigned flags)
{
	struct caller caller = request_caller(request);
	cleanup_free char *from = path_of(request, dir, name);
	cleanup_free char *to = path_of(request, new_dir, new_name);
	if (!from || !to)
		return -ENOMEM;
	if (static_dir_has(dir, name) ||
	    (is_tree_dir(new_dir) && static_dir_has(new_dir, new_name)))
		return fault_set(&request->fault, EPERM, "a name that is bpfuse's own stays");
	if (!is_tree_dir(new_dir))
		return fault_set(&request->fault, EPERM,
				 "a pin can be moved only to a directory of bpffs");
	int rc = tree_rename(request->fs->backend, &caller, from, to, flags);
	if (!rc)
		node_move(request->fs->nodes, dir, name, new_dir, new_name,
			  flags & RENAME_EXCHANGE);
	return rc;
}

static int dir_create(struct request *request, struct node *dir, const char *name,
		      struct file *file, struct node **child, struct stat *st)
{
	return pending_create(request, dir, name, file, child, st);
}

int tree_setattr(struct request *request, struct node *node, const struct attr_change *change)
{
	struct caller caller = request_caller(request);
	struct backend *backend = request->fs->backend;
	cleanup_free char *path = path_of(request, node, NULL);
	if (!path)
		return -ENOMEM;
	const struct stat *attr = change->attr;
	int valid = change->valid, rc = 0;
	if (valid & FUSE_SET_ATTR_SIZE)
		return -EISDIR;
	if (valid & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		rc = tree_chown(backend, &caller, path,
				valid & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1,
				valid & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1);
	if (!rc && valid & FUSE_SET_ATTR_MODE)
		rc = tree_chmod(backend, &caller, path, attr->st_mode & 07777);
	if (!rc && valid & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)) {
		struct timespec times[2] = {attr->st_atim, attr->st_mtim};
		if (valid & FUSE_SET_ATTR_ATIME_NOW)
			times[0].tv_nsec = UTIME_NOW;
		else if (!(valid & FUSE_SET_ATTR_ATIME))
			times[0].tv_nsec = UTIME_OMIT;
		if (valid & FUSE_SET_ATTR_MTIME_NOW)
			times[1].tv_nsec = UTIME_NOW;
		else if (!(valid & FUSE_SET_ATTR_MTIME))
			times[1].tv_nsec = UTIME_OMIT;
		rc = tree_utimens(backend, &caller, path, times);
	}
	return rc;
}

static int tree_link_target(struct request *request, struct node *node, struct buffer *target)
{
	cleanup_free char *path = path_of(request, node, NULL);
	char *room = buffer_reserve(target, PATH_MAX);
	if (!path || !room)
		return -ENOMEM;
	int rc = tree_readlink(request->fs->backend, path, room, PATH_MAX);
	if (rc < 0)
		return rc;
	buffer_commit(target, strlen(room));
	return 0;
}

/* bpffs answers EIO when a pin cannot be shown. */
static int tree_file_render(struct request *request, struct node *node, struct object *object,
			    struct buffer *text)
{
	return fault_set(&request->fault, EIO, "this pin's object cannot be opened");
}

#define TREE_DIR_OPERATIONS                                                                        \
	.type = S_IFDIR, .stat = tree_node_stat, .setattr = tree_setattr, .lookup = tree_lookup,   \
	.list = tree_dir_list, .create = dir_create, .mkdir = dir_mkdir, .mknod = dir_mknod,       \
	.symlink = dir_symlink, .unlink = dir_unlink, .rmdir = dir_rmdir, .rename = dir_rename

const struct node_kind kind_root = {
	TREE_DIR_OPERATIONS,
	.entries = root_entries,
};
static const struct node_kind kind_tree_dir = {TREE_DIR_OPERATIONS};
static const struct node_kind kind_tree_link = {
	.type = S_IFLNK,
	.stat = tree_node_stat,
	.setattr = tree_setattr,
	.target = tree_link_target,
};
static const struct node_kind kind_tree_file = {
	.type = S_IFREG,
	.stat = tree_node_stat,
	.setattr = tree_setattr,
	.render = tree_file_render,
};
