// SPDX-License-Identifier: BSD-2-Clause
#include "lookup.h"

#include <errno.h>
#include "stat.h"
#include "static_dir.h"

int dir_lookup(struct request *request, struct node *dir, const char *name, struct node **child,
	       struct stat *st)
{
	int rc = static_dir_lookup(request, dir, name, child);
	st->st_mode = 0;
	if (rc == -ENOENT && dir->kind->lookup)
		rc = dir->kind->lookup(request, dir, name, child, st);
	if (!rc && !st->st_mode) {
		rc = stat_node_for_lookup(request, *child, st);
		if (rc)
			node_unref(request->fs->nodes, *child);
	}
	return rc;
}
