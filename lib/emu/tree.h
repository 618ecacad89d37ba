/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin tree: bpffs (kernel/bpf/inode.c) and what the VFS does above it (fs/namei.c), in
 * memory. Names and inodes are one here, since bpfuse makes no hard links.
 *
 * tree_walk.c finds nodes, tree_access.c decides by caller, tree_change.c makes, moves and
 * removes, tree_attributes.c answers stat and changes owners, modes and times.
 *
 * Locking: one mutex over the whole tree. Objects that lose a pin are put after it is let go.
 */
#ifndef BPFUSE_EMU_TREE_H
#define BPFUSE_EMU_TREE_H

#include <limits.h>
#include <pthread.h>
#include <uthash.h>
#include <bpfuse/backend.h>
#include "emu/object.h"

struct tree_node {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	ino_t ino;
	struct timespec atime, mtime, ctime;

	char *name;
	struct tree_node *parent;      /* the root's is itself */
	struct tree_node *next, *prev; /* siblings, newest first */
	UT_hash_handle hh;	       /* in parent->by_name */

	struct tree_node *children; /* a directory's, newest first */
	struct tree_node *by_name;
	unsigned subdirectories;
	char *target;		   /* a symlink's */
	struct emu_object *object; /* a pin's, a user reference */
};

struct tree {
	pthread_mutex_t lock;
	struct tree_node *root;
	ino_t last_ino;
	dev_t device;
};

/* The root belongs to the process's user, mode 1777. 0 or -ENOMEM. */
int tree_init(struct tree *tree);
void tree_destroy(struct tree *tree);

/* --- tree_walk.c; the lock is held; caller NULL: no permission is asked for --- */

enum last_type { LAST_NORMAL, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

/* Where a path leads, up to but not into its last component. */
struct tree_place {
	struct tree_node *directory;
	enum last_type type;
	bool trailing_slash;
	char name[PATH_MAX];
};

int tree_walk(struct tree *tree, const struct caller *caller, const char *path,
	      struct tree_place *place);
/* The node of that name: *node is NULL if there is none. -EPERM for a dot, -ENAMETOOLONG. */
int tree_child(const struct tree_place *place, struct tree_node **node);
/* The node a path names, the last component not followed; -ENOENT. */
int tree_find(struct tree *tree, const struct caller *caller, const char *path,
	      struct tree_node **node);
/* The same with a symlink at the end followed. */
int tree_find_follow(struct tree *tree, const char *path, struct tree_node **node);

/* --- tree_access.c --- */

enum access_mask { ACCESS_EXECUTE = 1, ACCESS_WRITE = 2, ACCESS_READ = 4 };

bool caller_is_root(const struct caller *caller);
bool caller_in_group(const struct caller *caller, gid_t gid);
bool caller_owns(const struct caller *caller, const struct tree_node *node);
/* inode_permission(): 0 or -EACCES. */
int node_permission(const struct tree_node *node, const struct caller *caller, unsigned mask);
/* may_create() and may_delete() of fs/namei.c. */
int directory_may_create(const struct tree_node *directory, const struct caller *caller);
int directory_may_delete(const struct tree_node *victim, const struct caller *caller,
			 bool as_directory);

/* --- nodes --- */

struct timespec node_now(void);
struct tree_node *node_new(struct tree *tree, const struct tree_node *directory,
			   const struct caller *caller, mode_t mode, const char *name);
/* Into the directory, at its head, and both directories' times and links are kept right. */
void node_attach(struct tree_node *directory, struct tree_node *node);
void node_detach(struct tree_node *node);
void node_free(struct tree_node *node); /* and puts its object: without the lock */
/* touch_atime() with relatime. */
void node_touch_atime(struct tree_node *node);

/* --- entries of the backend's table --- */

int emu_tree_stat(struct backend *backend, const char *path, struct stat *st);
int emu_tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
		  size_t *count);
int emu_tree_readlink(struct backend *backend, const char *path, char *target, size_t size);
int emu_tree_mkdir(struct backend *backend, const struct caller *caller, const char *path,
		   mode_t mode);
int emu_tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
		     const char *path);
int emu_tree_rmdir(struct backend *backend, const struct caller *caller, const char *path);
int emu_tree_unlink(struct backend *backend, const struct caller *caller, const char *path);
int emu_tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		    const char *to, unsigned flags);
int emu_tree_chmod(struct backend *backend, const struct caller *caller, const char *path,
		   mode_t mode);
int emu_tree_chown(struct backend *backend, const struct caller *caller, const char *path,
		   uid_t uid, gid_t gid);
int emu_tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
		     const struct timespec times[2]);
int emu_tree_statfs(struct backend *backend, struct statvfs *st);
int emu_pin(struct handle *handle, const struct caller *caller, const char *path);
int emu_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
		 struct handle **handle);

#endif
