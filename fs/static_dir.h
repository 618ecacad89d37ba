/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories, or their first part, that are a table of entries (node_kind.entries). */
#ifndef FS_STATIC_DIR_H
#define FS_STATIC_DIR_H

#include "listing.h"
#include "node.h"

/* -ENOENT: the table has no such name, or this object not. */
int static_dir_lookup(struct request *request, struct node *dir, const char *name,
		      struct node **child);
int static_dir_list(struct request *request, struct node *dir, struct listing *listing);
bool static_dir_has(const struct node *dir, const char *name);

#endif
