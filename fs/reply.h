/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to requests. Errors leave here as the kernel's FUSE wants them:
 *   ENOTSUPP becomes EOPNOTSUPP;
 *   ENOENT for what is addressed by nodeid becomes ESTALE, so that the VFS looks the name up
 *   again and finds it gone, or creates it.
 */
#ifndef FS_REPLY_H
#define FS_REPLY_H

#include "node.h"

static inline struct node *node_of(struct request *request, fuse_ino_t nodeid)
{
	return node_from_id(request->fs->nodes, nodeid);
}

/* Into error.log, unless nobody would ask why. `name` may be NULL: the node itself was asked. */
void log_refusal(struct request *request, struct node *node, const char *name, int rc);
void reply_error(struct request *request, int rc);
/* 0 or -errno, which is logged. */
void reply_status(struct request *request, struct node *node, const char *name, int rc);

/* EPERM, and that `what` ("no file can be made") is so here. */
int not_here(struct request *request, const char *what);

/* For what is addressed by nodeid. */
int stale(int rc);
/*
 * The same for what is addressed by name in a directory: only if the directory itself has gone
 * (or another one has its name), so that the VFS comes again by way of the right one.
 */
int stale_by_name(struct request *request, struct node *dir, int rc);

/* How long the kernel may keep the node's attributes, in seconds. */
double attr_timeout(const struct filesystem *fs, const struct node *node);
/* What the kernel gets to know of a node by LOOKUP, CREATE or READDIRPLUS. */
void fill_entry(const struct filesystem *fs, struct node *node, const struct stat *st,
		struct fuse_entry_param *entry);
/* Takes over the caller's reference on the child. */
void reply_entry(struct request *request, struct node *child, const struct stat *st);
/* The same with a time that the name may be kept, in seconds. */
void reply_entry_for(struct request *request, struct node *child, const struct stat *st,
		     double timeout);

#endif
