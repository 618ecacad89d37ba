/* SPDX-License-Identifier: BSD-2-Clause */
/* Pinned objects as directories: the pin's owner and mode, and the object's files. */
#ifndef FS_PIN_H
#define FS_PIN_H

#include "node.h"

/*
 * The kind of directory for the pin at `path`, whose stat this is; NULL if it cannot be opened.
 * Which object an inode holds is remembered as long as neither number nor ctime change.
 */
const struct node_kind *pin_kind(struct request *request, const char *path, const struct stat *st);
/* Turns a pin's attributes into those of its directory. */
void pin_stat_fill(struct stat *st);
/* Unpins, and lets go of the object. */
int pin_remove(struct request *request, const struct caller *caller, const char *path,
	       const struct stat *st);
/* tree.c: chmod, chown and utimes act on the pin. */
int tree_setattr(struct request *request, struct node *node, const struct attr_change *change);

#endif
