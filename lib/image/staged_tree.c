// SPDX-License-Identifier: BSD-2-Clause
/*
 * The new tree, beside its place: what the snapshot has, and what is at the target and stays. What
 * the snapshot has a name for is not carried over, but directories are one with what is there.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <bpfuse/cleanup.h>
#include "image/staging.h"

static int owner_set(struct backend *backend, const struct caller *caller, const char *path,
		     const struct image_node *node)
{
	int error = 0;

	if (node->kind != NODE_SYMLINK)
		error = tree_chmod(backend, caller, path, node->mode);
	if (!error && (node->uid != caller->uid || node->gid != caller->gid))
		error = tree_chown(backend, caller, path, node->uid, node->gid);
	/* chown clears set-id bits */
	if (!error && (node->mode & 06000) && node->kind != NODE_SYMLINK)
		error = tree_chmod(backend, caller, path, node->mode);
	return error;
}

/* --- what the snapshot has --- */

static struct handle *node_handle(struct restore *restore, const struct image_node *node)
{
	const struct image_map *map;
	const struct image_prog *prog;

	if (node->kind == NODE_MAP) {
		map = image_find_map(restore->image, node->id);
		return map ? restore->maps[map - restore->image->maps].handle : NULL;
	}
	if (node->kind == NODE_PROG) {
		prog = image_find_prog(restore->image, node->id);
		return prog ? restore->progs[prog - restore->image->progs].handle : NULL;
	}
	return NULL;
}

static int node_make(struct restore *restore, const struct caller *caller, const char *path,
		     const struct image_node *node)
{
	struct handle *handle;

	switch (node->kind) {
	case NODE_DIRECTORY:
		return tree_mkdir(restore->backend, caller, path, 0700);
	case NODE_SYMLINK:
		return tree_symlink(restore->backend, caller, node->target, path);
	default:
		handle = node_handle(restore, node);
		return handle ? pin(handle, caller, path) : -ENOENT;
	}
}

bool node_is_left_out(struct restore *restore, const struct image_node *node)
{
	return node->kind != NODE_DIRECTORY && node->kind != NODE_SYMLINK &&
	       !node_handle(restore, node);
}

static int nodes_build(struct restore *restore, const struct caller *caller, const char *base)
{
	const struct image *image = restore->image;

	for (size_t i = 0; i < image->node_count; i++) {
		const struct image_node *node = &image->nodes[i];
		cleanup_free char *path = restore_path(base, node->path);
		int error;

		if (node_is_left_out(restore, node))
			continue;
		if (!path)
			return fault_set(restore->fault, ENOMEM, "out of memory");
		error = node_make(restore, caller, path, node);
		if (!error && node->kind != NODE_DIRECTORY)
			error = owner_set(restore->backend, caller, path, node);
		if (error)
			return staging_fault(restore->fault, error, node->path, "cannot be made");
	}
	return 0;
}

/* Directories get their modes last, deepest first: they may forbid to make anything in them. */
static int directories_finish(struct restore *restore, const struct caller *caller,
			      const char *base)
{
	const struct image *image = restore->image;

	for (size_t i = image->node_count; i--;) {
		const struct image_node *node = &image->nodes[i];
		cleanup_free char *path = restore_path(base, node->path);
		int error;

		if (node->kind != NODE_DIRECTORY)
			continue;
		error = path ? owner_set(restore->backend, caller, path, node) : -ENOMEM;
		if (error)
			return staging_fault(restore->fault, error, node->path,
					     "its owner or mode cannot be set");
	}
	return 0;
}

/* --- what is there already, and stays --- */

struct carrying {
	struct restore *restore;
	const struct caller *caller;
	const char *base; /* the new tree */
};

static int carry_entry(struct carrying *carrying, const char *name);

static int carry_children(struct carrying *carrying, const char *path, const char *name)
{
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(carrying->restore->backend, path, &entries, &count);

	if (error)
		return error == -ENOENT ? 0 : error;
	for (size_t i = 0; !error && i < count; i++) {
		cleanup_free char *child = restore_path(name, entries[i].name);

		error = child ? carry_entry(carrying, child) : -ENOMEM;
	}
	tree_entries_free(entries, count);
	return error;
}

static int carry_object(struct carrying *carrying, const char *from, const char *to)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	int error = pin_open(carrying->restore->backend, from, 0, &handle);

	return error ? error : pin(handle, carrying->caller, to);
}

static int carry_symlink(struct carrying *carrying, const char *from, const char *to)
{
	char target[PATH_MAX];
	int error = tree_readlink(carrying->restore->backend, from, target, sizeof(target));

	return error ? error
		     : tree_symlink(carrying->restore->backend, carrying->caller, target, to);
}

static int carry_one(struct carrying *carrying, const char *from, const char *to,
		     const struct stat *st)
{
	struct image_node as = {.mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid};
	int error;

	if (S_ISDIR(st->st_mode))
		return tree_mkdir(carrying->restore->backend, carrying->caller, to, 0700);
	as.kind = S_ISLNK(st->st_mode) ? NODE_SYMLINK : NODE_MAP;
	error = S_ISLNK(st->st_mode) ? carry_symlink(carrying, from, to)
				     : carry_object(carrying, from, to);
	return error ? error : owner_set(carrying->restore->backend, carrying->caller, to, &as);
}

/* `name` below the target: into the new tree, unless the snapshot has something of that name. */
static int carry_entry(struct carrying *carrying, const char *name)
{
	struct restore *restore = carrying->restore;
	const struct image_node *node = image_find_node(restore->image, name);
	cleanup_free char *from = restore_path(restore->target, name);
	cleanup_free char *to = restore_path(carrying->base, name);
	struct image_node as = {.kind = NODE_DIRECTORY};
	struct stat st;
	int error;

	if (!from || !to)
		return -ENOMEM;
	error = tree_stat(restore->backend, from, &st);
	if (error)
		return error == -ENOENT ? 0 : error;
	if (node && !(node->kind == NODE_DIRECTORY && S_ISDIR(st.st_mode)) &&
	    !node_is_left_out(restore, node))
		return 0;
	if (!node || node->kind != NODE_DIRECTORY)
		error = carry_one(carrying, from, to, &st);
	if (error || !S_ISDIR(st.st_mode))
		return error;
	error = carry_children(carrying, from, name);
	if (error || node)
		return error;
	as.mode = st.st_mode & 07777;
	as.uid = st.st_uid;
	as.gid = st.st_gid;
	return owner_set(restore->backend, carrying->caller, to, &as);
}

static int roots_carry(struct restore *restore, const struct caller *caller, const char *base)
{
	struct carrying carrying = {restore, caller, base};

	for (size_t i = 0; i < restore->image->node_count; i++) {
		const struct image_node *node = &restore->image->nodes[i];
		int error = node_is_root(node) ? carry_entry(&carrying, node->path) : 0;

		if (error)
			return staging_fault(restore->fault, error, node->path,
					     "what is there cannot be kept");
	}
	return 0;
}

int staged_tree_build(struct restore *restore, const struct caller *caller, const char *base)
{
	int error = nodes_build(restore, caller, base);

	if (!error)
		error = roots_carry(restore, caller, base);
	return error ? error : directories_finish(restore, caller, base);
}
