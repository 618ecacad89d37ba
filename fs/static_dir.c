// SPDX-License-Identifier: BSD-2-Clause
#include "static_dir.h"

#include <errno.h>
#include <string.h>
#include "object.h"

static const struct node_kind *const *find_next(const struct node_kind *const *entry,
						const char *name)
{
	while (*entry && strcmp((*entry)->name, name) != 0)
		entry++;
	return *entry ? entry : NULL;
}

static const struct node_kind *const *find(const struct node *dir, const char *name)
{
	return dir->kind->entries ? find_next(dir->kind->entries, name) : NULL;
}

bool static_dir_has(const struct node *dir, const char *name)
{
	return find(dir, name) != NULL;
}

int static_dir_lookup(struct request *request, struct node *dir, const char *name,
		      struct node **child)
{
	const struct node_kind *const *entry = find(dir, name);
	if (!entry)
		return -ENOENT;
	HELD_OBJECT(held, request);
	if ((*entry)->present) {
		int rc = object_acquire(request, dir, &held.object, NULL);
		if (rc)
			return rc;
	}
	/* Two kinds may share a name that means another thing for another type of object. */
	while ((*entry)->present && !(*entry)->present(held.object)) {
		entry = find_next(entry + 1, name);
		if (!entry)
			return -ENOENT;
	}
	*child = node_fixed_child(request->fs->nodes, dir, *entry);
	return *child ? 0 : -ENOMEM;
}

int static_dir_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	int rc = 0;
	for (const struct node_kind *const *entry = dir->kind->entries; *entry && !rc; entry++) {
		const struct node_kind *kind = *entry;
		if (kind->present && !held.object)
			rc = object_acquire(request, dir, &held.object, NULL);
		if (rc)
			return rc;
		if (!kind->present || kind->present(held.object))
			rc = listing_add(listing, kind->name, kind->type,
					 node_ino(dir->ino, kind->name, strlen(kind->name)));
	}
	return rc;
}
