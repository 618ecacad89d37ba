/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key files: one element of a map each. The same key is shown as text (in the map's directory),
 * as bytes (raw/), as a sum over CPUs (sum/); their kinds differ in how they print and take a
 * value, and share how a name becomes a key and what can be done to the file.
 */
#ifndef FS_KEY_H
#define FS_KEY_H

#include <bpfuse/codec.h>
#include "file.h"
#include "node.h"
#include "object.h"

/* What tells the kinds apart (node_kind.file_data): how a value becomes the file's text. */
struct key_view {
	int (*print)(struct request *request, const struct codec *codec, const void *value,
		     struct buffer *text);
};

/* The data of a key's node. */
struct key_data {
	uint32_t size;
	atomic_bool pending; /* made by open(O_CREAT) and not written yet: touch inserts it */
	unsigned char bytes[];
};
static inline struct key_data *key_of(struct node *node)
{
	return (struct key_data *)node->data;
}

extern const struct node_kind kind_key; /* text, in the map's directory */

/* `name` in `dir` as a file of this kind: -ENOENT if it is no key, or the map has it not. */
int key_lookup(struct request *request, struct node *dir, const char *name,
	       const struct node_kind *kind, struct node **child, struct stat *st);
/* A key that was listed, in a map that is held. */
struct key_listed {
	const char *name;
	const void *key;
	const void *value; /* NULL: to be looked up */
	struct object *map;
	struct codec *codec;
	const struct stat *owner; /* of the map's directory */
};
/* Its file, and its attributes now. -ENOENT: the element has gone. */
int key_child(struct request *request, struct node *dir, const struct node_kind *kind,
	      const struct key_listed *listed, struct node **child, struct stat *st);
/* For open(O_CREAT), an empty file: -EINVAL and a sentence if the name is no key of this map. */
int key_create(struct request *request, struct node *dir, const char *name,
	       const struct node_kind *kind, struct file *file, struct node **child,
	       struct stat *st);
/* Key bytes of a name; malloc'ed. */
int key_parse(struct request *request, struct object *map, struct codec *codec, const char *name,
	      unsigned char **key);

/* BPF_F_LOCK where the value has a spin lock. */
uint64_t key_lock_flag(const struct codec *codec);
/* Why an update failed; returns its -errno. name may be NULL. */
int key_explain_update(struct request *request, const struct object *map, const char *name,
		       uint64_t flags, int rc);
/* Updates with the open file's flags; after an insertion by O_EXCL they become BPF_ANY. */
int key_update(struct request *request, struct file *file, const void *value);

int key_render(struct request *request, struct node *node, struct object *map, struct buffer *text);
int key_stat(struct request *request, struct node *node, struct stat *st);
int key_setattr(struct request *request, struct node *node, const struct attr_change *change);
/* What open does for every view: flags for updates, existence, rendering. */
int key_open(struct request *request, struct file *file);
int key_file_read(struct request *request, struct file *file, off_t offset, size_t size,
		  const char **data, size_t *length);

#endif
