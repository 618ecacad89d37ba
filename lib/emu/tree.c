// SPDX-License-Identifier: BSD-2-Clause
/* Nodes of the pin tree: made, linked into directories, freed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utlist.h>
#include "emu/tree.h"

#define ROOT_MODE (S_IFDIR | 01777)
#define DAY 86400

struct timespec node_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* inode_init_owner(): a setgid directory gives its group, and to directories its setgid bit. */
static void set_owner(struct tree_node *node, const struct tree_node *directory,
		      const struct caller *caller)
{
	node->uid = caller ? caller->uid : getuid();
	node->gid = caller ? caller->gid : getgid();
	if (directory && (directory->mode & S_ISGID)) {
		node->gid = directory->gid;
		if (S_ISDIR(node->mode))
			node->mode |= S_ISGID;
	}
}

struct tree_node *node_new(struct tree *tree, const struct tree_node *directory,
			   const struct caller *caller, mode_t mode, const char *name)
{
	struct tree_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->name = strdup(name);
	if (!node->name) {
		free(node);
		return NULL;
	}
	node->mode = mode;
	node->ino = ++tree->last_ino;
	node->atime = node->mtime = node->ctime = node_now();
	set_owner(node, directory, caller);
	return node;
}

static void touch_directory(struct tree_node *directory)
{
	directory->mtime = directory->ctime = node_now();
}

void node_attach(struct tree_node *directory, struct tree_node *node)
{
	node->parent = directory;
	DL_PREPEND(directory->children, node);
	HASH_ADD_KEYPTR(hh, directory->by_name, node->name, strlen(node->name), node);
	if (S_ISDIR(node->mode))
		directory->subdirectories++;
	touch_directory(directory);
}

void node_detach(struct tree_node *node)
{
	struct tree_node *directory = node->parent;

	DL_DELETE(directory->children, node);
	HASH_DELETE(hh, directory->by_name, node);
	if (S_ISDIR(node->mode))
		directory->subdirectories--;
	touch_directory(directory);
	node->ctime = directory->ctime;
}

void node_free(struct tree_node *node)
{
	if (!node)
		return;
	object_put_user(node->object);
	free(node->target);
	free(node->name);
	free(node);
}

static bool before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

void node_touch_atime(struct tree_node *node)
{
	struct timespec now = node_now();

	/* relatime_need_update() */
	if (!before(&node->mtime, &node->atime) || !before(&node->ctime, &node->atime) ||
	    now.tv_sec - node->atime.tv_sec >= DAY)
		node->atime = now;
}

int tree_init(struct tree *tree)
{
	static atomic_uint instances;

	*tree = (struct tree){0};
	/* An anonymous device of our own: no two trees, and no real one, share it by accident. */
	tree->device = makedev(0, 0x40000 + atomic_fetch_add(&instances, 1));
	tree->root = node_new(tree, NULL, NULL, ROOT_MODE, "");
	if (!tree->root)
		return -ENOMEM;
	tree->root->parent = tree->root;
	pthread_mutex_init(&tree->lock, NULL);
	return 0;
}

/* Children before their parent, without recursion: the depth is up to the users. */
void tree_destroy(struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node) {
		struct tree_node *parent = node->parent;

		if (node->children) {
			node = node->children;
			continue;
		}
		if (node == tree->root)
			break;
		node_detach(node);
		node_free(node);
		node = parent;
	}
	if (tree->root) {
		node_free(tree->root);
		pthread_mutex_destroy(&tree->lock);
	}
}
