/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes of nodes: owner, mode, exact size, times that tools can work with. */
#ifndef FS_STAT_H
#define FS_STAT_H

#include "node.h"
#include "object.h"

/* The mounting user's, with the kind's mode and the time of the mount. */
void stat_mounter(const struct filesystem *fs, const struct node *node, struct stat *st);
/*
 * Inside an object's directory: the owner's, with those permission bits of the owner that the
 * kind has too. Directories can be searched by whom they can be read.
 */
void stat_owned(const struct filesystem *fs, const struct node *node, const struct stat *owner,
		struct stat *st);
/* Size, and mtime by digest. */
void stat_content(const struct filesystem *fs, const struct node *node, const void *bytes,
		  size_t length, struct stat *st);
/* All of it: by the kind's own function, or by owner and rendering. */
int stat_node(struct request *request, struct node *node, struct stat *st);
/* The same, but what has KIND_LAZY_SIZE gets no size. */
int stat_node_for_lookup(struct request *request, struct node *node, struct stat *st);
/* Who owns the directory that `node` is in. */
int stat_owner(struct request *request, struct node *node, struct stat *owner);

#endif
