/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of staging, each in a file of its own: the new tree (staged_tree.c), its exchange with
 * what is there (exchange.c), and the steps of a restore that use both (staging.c, which describes
 * the directories). `stage` and `commit` are paths of such a directory, `base` is its "new".
 * Functions return 0 or -errno with a sentence in the restore's fault.
 */
#ifndef IMAGE_STAGING_H
#define IMAGE_STAGING_H

#include <string.h>
#include "image/restore.h"

static inline int staging_fault(struct fault *fault, int error, const char *path, const char *what)
{
	return fault_set(fault, -error, "%s: %s: %s", path, what, strerror(-error));
}

/* A top-level name of the snapshot. */
static inline bool node_is_root(const struct image_node *node)
{
	return !strchr(node->path, '/');
}

/* What was left out (and reported) is not made: programs that are not here, links. */
bool node_is_left_out(struct restore *restore, const struct image_node *node);
/* All of the new tree into the empty directory `base`, modes and owners too. */
int staged_tree_build(struct restore *restore, const struct caller *caller, const char *base);

/* Notes the inode number of each root of the complete new tree in the stage's "ino". */
int roots_record(struct restore *restore, const struct caller *caller, const char *stage);
/* All roots that are recorded and not yet in place; on failure those done are exchanged back. */
int roots_exchange(struct backend *backend, const struct caller *caller, const char *commit,
		   const char *target, struct fault *fault);

#endif
