// SPDX-License-Identifier: BSD-2-Clause
/* Making, moving and removing nodes. The order of checks is that of fs/namei.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "emu/state.h"

/*
 * filename_create() and may_create(): the place for a new node. as_directory: a slash behind the
 * name is allowed.
 */
static int place_for_new(struct tree *tree, const struct caller *caller, const char *path,
			 bool as_directory, struct tree_place *place)
{
	struct tree_node *node;
	int error = tree_walk(tree, caller, path, place);

	if (error)
		return error;
	if (place->type != LAST_NORMAL)
		return -EEXIST;
	error = tree_child(place, &node);
	if (error)
		return error;
	if (node)
		return -EEXIST;
	if (place->trailing_slash && !as_directory)
		return -ENOENT;
	return directory_may_create(place->directory, caller);
}

static mode_t mode_for(const struct caller *caller, mode_t mode)
{
	return caller ? mode & ~caller->umask : mode;
}

static int mkdir_locked(struct tree *tree, const struct caller *caller, const char *path,
			mode_t mode)
{
	struct tree_place place;
	struct tree_node *node;
	int error = place_for_new(tree, caller, path, true, &place);

	if (error)
		return error;
	mode = mode_for(caller, mode & (0777 | S_ISVTX));
	node = node_new(tree, place.directory, caller, S_IFDIR | mode, place.name);
	if (!node)
		return -ENOMEM;
	node_attach(place.directory, node);
	return 0;
}

int emu_tree_mkdir(struct backend *backend, const struct caller *caller, const char *path,
		   mode_t mode)
{
	struct tree *tree = &emu_of(backend)->tree;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = mkdir_locked(tree, caller, path, mode);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

static int symlink_locked(struct tree *tree, const struct caller *caller, const char *target,
			  const char *path)
{
	struct tree_place place;
	struct tree_node *node;
	int error = place_for_new(tree, caller, path, false, &place);

	if (error)
		return error;
	node = node_new(tree, place.directory, caller, S_IFLNK | 0777, place.name);
	if (!node)
		return -ENOMEM;
	node->target = strdup(target);
	if (!node->target) {
		node_free(node);
		return -ENOMEM;
	}
	node_attach(place.directory, node);
	return 0;
}

int emu_tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
		     const char *path)
{
	struct tree *tree = &emu_of(backend)->tree;
	int error;

	if (target[0] == '\0')
		return -ENOENT;
	if (strlen(target) >= PATH_MAX)
		return -ENAMETOOLONG;
	pthread_mutex_lock(&tree->lock);
	error = symlink_locked(tree, caller, target, path);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

static int pin_locked(struct tree *tree, struct emu_object *object, const struct caller *caller,
		      const char *path)
{
	struct tree_place place;
	struct tree_node *node;
	int error = place_for_new(tree, caller, path, false, &place);

	if (error)
		return error;
	node = node_new(tree, place.directory, caller, S_IFREG | mode_for(caller, 0600),
			place.name);
	if (!node)
		return -ENOMEM;
	node->object = object_get_user(object);
	node_attach(place.directory, node);
	return 0;
}

/* bpf_obj_pin_user() */
int emu_pin(struct handle *handle, const struct caller *caller, const char *path)
{
	struct tree *tree = &emu_of(handle->backend)->tree;
	int error;

	if (handle->kind == OBJECT_BTF)
		return -EINVAL;
	if (path[0] == '\0')
		return -ENOENT;
	pthread_mutex_lock(&tree->lock);
	error = pin_locked(tree, emu_handle(handle)->object, caller, path);
	pthread_mutex_unlock(&tree->lock);
	return error;
}

/* What do_rmdir() and do_unlinkat() say of a last component that is no name. */
static int refuse_last(enum last_type type, bool as_directory)
{
	if (!as_directory)
		return -EISDIR;
	switch (type) {
	case LAST_DOT:
		return -EINVAL;
	case LAST_DOTDOT:
		return -ENOTEMPTY;
	default:
		return -EBUSY;
	}
}

static int remove_locked(struct tree *tree, const struct caller *caller, const char *path,
			 bool as_directory, struct tree_node **removed)
{
	struct tree_place place;
	struct tree_node *node;
	int error = tree_walk(tree, caller, path, &place);

	if (error)
		return error;
	if (place.type != LAST_NORMAL)
		return refuse_last(place.type, as_directory);
	error = tree_child(&place, &node);
	if (error)
		return error;
	if (!node)
		return -ENOENT;
	if (place.trailing_slash && !as_directory)
		return S_ISDIR(node->mode) ? -EISDIR : -ENOTDIR;
	error = directory_may_delete(node, caller, as_directory);
	if (error)
		return error;
	if (node->children)
		return -ENOTEMPTY;
	node_detach(node);
	*removed = node;
	return 0;
}

static int remove_node(struct backend *backend, const struct caller *caller, const char *path,
		       bool as_directory)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct tree_node *removed = NULL;
	int error;

	pthread_mutex_lock(&tree->lock);
	error = remove_locked(tree, caller, path, as_directory, &removed);
	pthread_mutex_unlock(&tree->lock);
	node_free(removed);
	return error;
}

int emu_tree_rmdir(struct backend *backend, const struct caller *caller, const char *path)
{
	return remove_node(backend, caller, path, true);
}

int emu_tree_unlink(struct backend *backend, const struct caller *caller, const char *path)
{
	return remove_node(backend, caller, path, false);
}

/* --- rename: do_renameat2(), vfs_rename() and simple_rename() --- */

struct rename {
	const struct caller *caller;
	unsigned flags;
	struct tree_place from, to;
	struct tree_node *source, *target; /* target may be NULL */
};

static bool is_ancestor(const struct tree_node *ancestor, const struct tree_node *node)
{
	for (; node != ancestor; node = node->parent)
		if (node->parent == node)
			return false;
	return true;
}

static int rename_check_flags(unsigned flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	return 0;
}

static int rename_find(struct tree *tree, struct rename *rename, const char *from, const char *to)
{
	int error = tree_walk(tree, rename->caller, from, &rename->from);

	if (!error)
		error = tree_walk(tree, rename->caller, to, &rename->to);
	if (error)
		return error;
	if (rename->from.type != LAST_NORMAL)
		return -EBUSY;
	if (rename->to.type != LAST_NORMAL)
		return rename->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	error = tree_child(&rename->from, &rename->source);
	if (!error && !rename->source)
		error = -ENOENT;
	return error ? error : tree_child(&rename->to, &rename->target);
}

static int rename_check_target(const struct rename *rename)
{
	bool exchange = rename->flags & RENAME_EXCHANGE;

	if ((rename->flags & RENAME_NOREPLACE) && rename->target)
		return -EEXIST;
	if (exchange && !rename->target)
		return -ENOENT;
	if (exchange && rename->to.trailing_slash && !S_ISDIR(rename->target->mode))
		return -ENOTDIR;
	if (!S_ISDIR(rename->source->mode) &&
	    (rename->from.trailing_slash || (!exchange && rename->to.trailing_slash)))
		return -ENOTDIR;
	if (is_ancestor(rename->source, rename->to.directory))
		return -EINVAL;
	if (rename->target && is_ancestor(rename->target, rename->from.directory))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_check_access(const struct rename *rename)
{
	const struct caller *caller = rename->caller;
	bool exchange = rename->flags & RENAME_EXCHANGE;
	bool is_directory = S_ISDIR(rename->source->mode);
	bool target_is_directory = rename->target && S_ISDIR(rename->target->mode);
	int error = directory_may_delete(rename->source, caller, is_directory);

	if (error)
		return error;
	if (!rename->target)
		error = directory_may_create(rename->to.directory, caller);
	else
		error = directory_may_delete(rename->target, caller,
					     exchange ? target_is_directory : is_directory);
	if (error || rename->from.directory == rename->to.directory)
		return error;
	/* The entry ".." changes, so the directory that moves must be writable. */
	if (is_directory)
		error = node_permission(rename->source, caller, ACCESS_WRITE);
	if (!error && exchange && target_is_directory)
		error = node_permission(rename->target, caller, ACCESS_WRITE);
	return error;
}

static int rename_apply(struct rename *rename, struct tree_node **removed)
{
	struct tree_node *source = rename->source, *target = rename->target;
	char *name = strdup(rename->to.name);

	if (!name)
		return -ENOMEM;
	node_detach(source);
	if (target)
		node_detach(target);
	free(source->name);
	source->name = name;
	node_attach(rename->to.directory, source);
	*removed = target;
	return 0;
}

static int rename_exchange(struct rename *rename)
{
	struct tree_node *source = rename->source, *target = rename->target;
	char *name = source->name;

	node_detach(source);
	node_detach(target);
	source->name = target->name;
	target->name = name;
	node_attach(rename->from.directory, target);
	node_attach(rename->to.directory, source);
	return 0;
}

static int rename_locked(struct tree *tree, struct rename *rename, const char *from, const char *to,
			 struct tree_node **removed)
{
	int error = rename_find(tree, rename, from, to);

	if (!error)
		error = rename_check_target(rename);
	if (error)
		return error;
	if (rename->source == rename->target)
		return 0;
	error = rename_check_access(rename);
	if (error)
		return error;
	if (rename->flags & RENAME_WHITEOUT)
		return -EINVAL;
	if (rename->flags & RENAME_EXCHANGE)
		return rename_exchange(rename);
	if (rename->target && rename->target->children)
		return -ENOTEMPTY;
	return rename_apply(rename, removed);
}

int emu_tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		    const char *to, unsigned flags)
{
	struct tree *tree = &emu_of(backend)->tree;
	struct rename rename = {.caller = caller, .flags = flags};
	struct tree_node *removed = NULL;
	int error = rename_check_flags(flags);

	if (error)
		return error;
	pthread_mutex_lock(&tree->lock);
	error = rename_locked(tree, &rename, from, to, &removed);
	pthread_mutex_unlock(&tree->lock);
	node_free(removed);
	return error;
}
