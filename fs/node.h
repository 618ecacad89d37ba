/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes: what the kernel knows by a nodeid.
 *
 * A node stands for one name in one directory. It lives while the kernel remembers it (lookups),
 * a child needs it or a request uses it (refs); its nodeid is stable for that long and never
 * means another thing. Looking a name up again gives the same node as long as kind and inode
 * number are the same; when another thing took the name, the old node is unlinked from the
 * table and lives on unnamed.
 *
 * Kind, inode number and data are fixed at birth (what data hold that changes is locked by those
 * who own it). Name and parent change by rename, under the table's lock; only nodes of the
 * mirrored tree move.
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "filesystem.h"
#include <fuse_lowlevel.h>
#include <bpfuse/buffer.h>

struct node;
struct listing;
struct file;
struct file_ops;
struct object;
struct object_source;

/* What setattr asks for; only the fields named in `valid` (FUSE_SET_ATTR_*) count. */
struct attr_change {
	int valid;
	const struct stat *attr;
	struct file *file; /* of an ftruncate or fchmod, else NULL */
};

enum kind_flags {
	/* st_size is costly: LOOKUP leaves it open, and stat(2) asks by GETATTR. */
	KIND_LAZY_SIZE = 1,
	/*
	 * Existence may be cached for a while, and size where -o timeout= is given: whatever is
	 * done with the node asks the backend, and answers -ESTALE if it has gone.
	 */
	KIND_CACHED = 2,
};

/*
 * A kind of node. What is NULL is refused by the ring (operations.c) with the errno that bpffs
 * or sysfs would give. Functions return 0 or -errno and may leave a sentence in request->fault.
 */
struct node_kind {
	const char *name; /* in a table of entries: the file's name */
	mode_t type;	  /* S_IFDIR, S_IFREG or S_IFLNK */
	mode_t mode;	  /* permission bits; inside a pinned object's directory: those of the pin
			     that are also here */
	unsigned flags;

	/* NULL: owner and mode of the object or of the mount; size by rendering. */
	int (*stat)(struct request *request, struct node *node, struct stat *st);
	int (*setattr)(struct request *request, struct node *node,
		       const struct attr_change *change);

	/* --- directories --- */
	/* A table, NULL-terminated, of fixed entries; in front of what lookup and list find. */
	const struct node_kind *const *entries;
	/* In such a table: whether this object has it (NULL: always). */
	bool (*present)(const struct object *object);
	/* lookup, create: *child is referenced; *st may be filled (st_mode not 0) on the way. */
	int (*lookup)(struct request *request, struct node *dir, const char *name,
		      struct node **child, struct stat *st);
	int (*list)(struct request *request, struct node *dir, struct listing *listing);
	int (*create)(struct request *request, struct node *dir, const char *name,
		      struct file *file, struct node **child, struct stat *st);
	int (*mkdir)(struct request *request, struct node *dir, const char *name, mode_t mode);
	int (*mknod)(struct request *request, struct node *dir, const char *name, mode_t mode);
	int (*symlink)(struct request *request, struct node *dir, const char *target,
		       const char *name);
	int (*unlink)(struct request *request, struct node *dir, const char *name);
	int (*rmdir)(struct request *request, struct node *dir, const char *name);
	int (*rename)(struct request *request, struct node *dir, const char *name,
		      struct node *new_dir, const char *new_name, unsigned flags);

	/* --- symlinks --- */
	int (*target)(struct request *request, struct node *node, struct buffer *target);

	/* --- files: either a text rendered at open and written in one piece ... */
	int (*render)(struct request *request, struct node *node, struct object *object,
		      struct buffer *text);
	int (*accept)(struct request *request, struct node *node, struct object *object,
		      const char *text, size_t length);
	/* ... or with a life of their own (file.h). */
	const struct file_ops *file;
	const void *file_data; /* what those operations want to know of the kind */

	/* --- directories that stand for a BPF object: where it comes from (object.h) --- */
	const struct object_source *object;
};

struct node {
	const struct node_kind *kind;
	struct node *parent;	    /* referenced; NULL for the root */
	struct node *next;	    /* in the table's bucket */
	struct node *older, *newer; /* among those that the kernel holds, by their last lookup */
	char *name;
	uint64_t ino;
	uint64_t generation;
	uint64_t lookups;
	uint64_t told; /* when the kernel got its attributes last: node_clock() */
	uint32_t refs;
	uint32_t data_size;
	bool linked;	      /* found by its name */
	atomic_bool uncached; /* this one, though its kind is KIND_CACHED */
	_Atomic off_t size;   /* what the kernel was last told */
	_Alignas(8) unsigned char data[];
};

/* Children that were never looked up are not in the table: it grows with the kernel's caches. */
struct node_table *node_table_new(const struct node_kind *root_kind);
/* Everything, whatever its counts: after the session has ended. */
void node_table_free(struct node_table *table);

struct node *node_from_id(struct node_table *table, uint64_t nodeid);
uint64_t node_id(struct node_table *table, const struct node *node);

/*
 * The child `name` of `parent` with this kind and inode number, made with a copy of `data` if the
 * table has it not. Referenced for the caller. NULL: no memory.
 */
struct node *node_child(struct node_table *table, struct node *parent, const char *name,
			const struct node_kind *kind, uint64_t ino, const void *data,
			size_t data_size);
/* Those of a table of entries have no data, and a number from parent and name. */
struct node *node_fixed_child(struct node_table *table, struct node *parent,
			      const struct node_kind *kind);
void node_ref(struct node_table *table, struct node *node);
void node_unref(struct node_table *table, struct node *node);
/* The kernel learned of the node by one more lookup, or forgot `count` of them. */
void node_remember(struct node_table *table, struct node *node);
void node_forget(struct node_table *table, uint64_t nodeid, uint64_t count);

/* How many nodes the kernel holds. */
size_t node_held(struct node_table *table);
/*
 * Calls wake() when the kernel holds more than `most`, and when it has forgotten three quarters of
 * many: under the table's lock, so it must not come back. For evict.h.
 */
void node_table_watch(struct node_table *table, size_t most, void (*wake)(void *context),
		      void *context);

/* A clock of milliseconds. */
uint64_t node_clock(void);
/* The kernel gets attributes of a node that it holds already. */
void node_retell(struct node_table *table, struct node *node);
/*
 * The nodeids of those whose name or attributes the kernel may have kept since `since`; only of
 * kinds that are cached. malloc'ed; NULL if there are none, or no memory.
 */
uint64_t *node_told_since(struct node_table *table, uint64_t since, size_t *count);

/* One of the names that were looked up longest ago. */
struct node_old {
	uint64_t id, parent;
	char *name; /* the caller frees it; NULL: no memory, or not asked for */
};
/* At most `count` of them; from now on they are the newest. Returns how many. */
size_t node_take_oldest(struct node_table *table, struct node_old *old, size_t count, bool named);

/* The name no longer means this node (removed, or replaced). */
void node_unlink(struct node_table *table, struct node *parent, const char *name);
/* Whether that was done to it, or to a directory above it. */
bool node_is_removed(struct node_table *table, const struct node *node);
/* After a rename in the tree. exchange: the two names changed places. */
void node_move(struct node_table *table, struct node *parent, const char *name,
	       struct node *new_parent, const char *new_name, bool exchange);

extern const struct node_kind kind_link;
/* A child that is a symlink to `target`, a path from the root of the mount. */
struct node *node_link_child(struct node_table *table, struct node *parent, const char *name,
			     const char *target);
/* How many directories above this one until the root. */
unsigned node_depth(const struct node *node);

/*
 * The path from the root, without leading slash ("" is the root), with `name` appended where it
 * is not NULL. malloc'ed; NULL: no memory.
 */
char *node_path(struct node_table *table, const struct node *node, const char *name);

/* A stable inode number for `bytes` inside what has number `parent`. Never 0 or 1. */
uint64_t node_ino(uint64_t parent, const void *bytes, size_t length);

#endif
