// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "emu/tree.h"

#define SYMLINKS_MAX 40 /* MAXSYMLINKS of the kernel */

/* One walk: the directory it has come to, and the text still ahead of it. */
struct walker {
	struct tree *tree;
	const struct caller *caller;
	struct tree_node *at;
	unsigned symlinks;
	char rest[2 * PATH_MAX];
};

static enum last_type component_type(const char *name, size_t length)
{
	if (length == 1 && name[0] == '.')
		return LAST_DOT;
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return LAST_DOTDOT;
	return LAST_NORMAL;
}

static bool no_name_has_a_dot(const struct tree_node *directory)
{
	return directory->mode & 07777;
}

/* bpf_lookup(): dots are reserved, but not in a directory whose mode is 0. */
static int lookup(const struct tree_node *directory, const char *name, struct tree_node **node)
{
	size_t length = strlen(name);

	HASH_FIND(hh, directory->by_name, name, length, *node);
	if (*node)
		return 0;
	if (strchr(name, '.') && no_name_has_a_dot(directory))
		return -EPERM;
	return length > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* Puts a symlink's target before what is left of the path. */
static int follow(struct walker *walker, const struct tree_node *link)
{
	size_t target = strlen(link->target), rest = strlen(walker->rest);

	if (++walker->symlinks > SYMLINKS_MAX)
		return -ELOOP;
	if (link->target[0] == '/' || target == 0)
		return -ENOENT; /* leads out of the tree, where nothing is emulated */
	if (target + 1 + rest + 1 > sizeof(walker->rest))
		return -ENAMETOOLONG;
	memmove(walker->rest + target + 1, walker->rest, rest + 1);
	memcpy(walker->rest, link->target, target);
	walker->rest[target] = '/';
	return 0;
}

/* Goes through one component that is not the last. */
static int step(struct walker *walker, enum last_type type, const char *name)
{
	struct tree_node *node;
	int error;

	if (type != LAST_NORMAL) {
		if (type == LAST_DOTDOT)
			walker->at = walker->at->parent;
		return 0;
	}
	error = lookup(walker->at, name, &node);
	if (error)
		return error;
	if (!node)
		return -ENOENT;
	if (S_ISLNK(node->mode))
		return follow(walker, node);
	if (!S_ISDIR(node->mode))
		return -ENOTDIR;
	walker->at = node;
	return 0;
}

static const char *skip_slashes(const char *text)
{
	return text + strspn(text, "/");
}

/* Cuts the next component off the text ahead; false at its end. */
static bool next_component(struct walker *walker, char *name)
{
	const char *start = skip_slashes(walker->rest);
	size_t length = strcspn(start, "/");

	memcpy(name, start, length);
	name[length] = '\0';
	memmove(walker->rest, start + length, strlen(start + length) + 1);
	return length > 0;
}

/* Is what is left nothing but slashes? */
static bool at_end(const struct walker *walker)
{
	return *skip_slashes(walker->rest) == '\0';
}

/* link_path_walk() */
static int walk(struct walker *walker, struct tree_place *place)
{
	int error;

	place->type = LAST_ROOT;
	while (next_component(walker, place->name)) {
		place->type = component_type(place->name, strlen(place->name));
		error = node_permission(walker->at, walker->caller, ACCESS_EXECUTE);
		if (error)
			return error;
		if (at_end(walker))
			break;
		error = step(walker, place->type, place->name);
		if (error)
			return error;
		place->type = LAST_ROOT;
	}
	place->trailing_slash = walker->rest[0] == '/';
	place->directory = walker->at;
	return 0;
}

static int walker_start(struct walker *walker, struct tree *tree, const struct caller *caller,
			const char *path)
{
	size_t length = strlen(path);

	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	walker->tree = tree;
	walker->caller = caller;
	walker->at = tree->root;
	walker->symlinks = 0;
	memcpy(walker->rest, path, length + 1);
	return 0;
}

int tree_walk(struct tree *tree, const struct caller *caller, const char *path,
	      struct tree_place *place)
{
	struct walker walker;
	int error = walker_start(&walker, tree, caller, path);

	return error ? error : walk(&walker, place);
}

int tree_child(const struct tree_place *place, struct tree_node **node)
{
	switch (place->type) {
	case LAST_NORMAL:
		return lookup(place->directory, place->name, node);
	case LAST_DOTDOT:
		*node = place->directory->parent;
		return 0;
	default:
		*node = place->directory;
		return 0;
	}
}

static int find(struct walker *walker, struct tree_node **node)
{
	struct tree_place place;
	int error = walk(walker, &place);

	if (!error)
		error = tree_child(&place, node);
	if (error)
		return error;
	if (!*node)
		return -ENOENT;
	walker->at = place.directory;
	if (place.trailing_slash && !S_ISDIR((*node)->mode) && !S_ISLNK((*node)->mode))
		return -ENOTDIR;
	return place.trailing_slash && S_ISLNK((*node)->mode) ? 1 : 0;
}

static int find_path(struct walker *walker, bool follow_last, struct tree_node **node)
{
	int result = find(walker, node);

	/* 1: a slash behind a symlink, which says to follow it, and stays behind its target. */
	while (result == 1 || (result == 0 && follow_last && S_ISLNK((*node)->mode))) {
		bool slash = result == 1;

		walker->rest[0] = '\0';
		result = follow(walker, *node);
		if (result)
			break;
		if (!slash)
			walker->rest[strlen(walker->rest) - 1] = '\0';
		result = find(walker, node);
	}
	return result;
}

int tree_find(struct tree *tree, const struct caller *caller, const char *path,
	      struct tree_node **node)
{
	struct walker walker;
	int error = walker_start(&walker, tree, caller, path);

	return error ? error : find_path(&walker, false, node);
}

int tree_find_follow(struct tree *tree, const char *path, struct tree_node **node)
{
	struct walker walker;
	int error = walker_start(&walker, tree, NULL, path);

	return error ? error : find_path(&walker, true, node);
}
