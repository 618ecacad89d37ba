// SPDX-License-Identifier: BSD-2-Clause
#include "by_id.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "link.h"
#include "listing.h"
#include "map_dir.h"
#include "object.h"
#include "program.h"
#include "stat.h"

/* The data of a node here: which object it stands for. */
struct id_data {
	enum object_kind kind;
	uint32_t id;
};

static int id_identify(struct request *request, struct node *dir, struct stat *owner,
		       struct backend **backend, enum object_kind *kind, uint32_t *id)
{
	const struct id_data *data = (const struct id_data *)dir->data;
	owner->st_uid = request->fs->uid;
	owner->st_gid = request->fs->gid;
	owner->st_mode = 0600;
	*kind = data->kind;
	*id = data->id;
	return 0;
}

static int id_open(struct request *request, struct node *dir, struct handle **handle)
{
	const struct id_data *data = (const struct id_data *)dir->data;
	return object_open(request->fs->backend, data->kind, data->id, 0, handle);
}

static const struct object_source by_id_source = {.identify = id_identify, .open = id_open};

/* The directory outlives its object only in the kernel's caches. */
static int id_stat(struct request *request, struct node *node, struct stat *st)
{
	HELD_OBJECT(held, request);
	struct stat owner;
	int rc = object_acquire(request, node, &held.object, &owner);
	if (!rc)
		stat_owned(request->fs, node, &owner, st);
	return rc;
}

static const struct node_kind kind_map_id = {
	MAP_DIR_OPERATIONS,
	.flags = KIND_CACHED,
	.stat = id_stat,
	.object = &by_id_source,
};
static const struct node_kind kind_prog_id = {
	.type = S_IFDIR,
	.entries = prog_dir_entries,
	.stat = id_stat,
	.object = &by_id_source,
};
static const struct node_kind kind_link_id = {
	.type = S_IFDIR,
	.entries = link_dir_entries,
	.stat = id_stat,
	.object = &by_id_source,
};

/* Decimal, as it is listed. */
static bool parse_id(const char *text, uint32_t *id)
{
	char canonical[16];
	*id = (uint32_t)strtoul(text, NULL, 10);
	snprintf(canonical, sizeof(canonical), "%u", *id);
	return strcmp(canonical, text) == 0;
}

static int lookup(struct request *request, struct node *dir, const char *name,
		  enum object_kind kind, const struct node_kind *node_kind, struct node **child)
{
	struct id_data data = {.kind = kind};
	HELD_OBJECT(held, request);
	if (!parse_id(name, &data.id))
		return -ENOENT;
	int rc = object_acquire_id(request, request->fs->backend, kind, data.id, &held.object);
	if (rc)
		return rc;
	uint64_t ino = node_ino(dir->ino, name, strlen(name));
	*child = node_child(request->fs->nodes, dir, name, node_kind, ino, &data, sizeof(data));
	return *child ? 0 : -ENOMEM;
}

static int list(struct request *request, struct node *dir, struct listing *listing,
		enum object_kind kind)
{
	uint32_t id = 0;
	int rc;
	while ((rc = object_next(request->fs->backend, kind, id, &id)) == 0) {
		char name[16];
		snprintf(name, sizeof(name), "%u", id);
		rc = listing_add(listing, name, S_IFDIR, node_ino(dir->ino, name, strlen(name)));
		if (rc)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

#define BY_ID(identifier, file_name, kind, child_kind)                                             \
	static int identifier##_lookup(struct request *request, struct node *dir,                  \
				       const char *name, struct node **child, struct stat *st)     \
	{                                                                                          \
		return lookup(request, dir, name, kind, &child_kind, child);                       \
	}                                                                                          \
	static int identifier##_list(struct request *request, struct node *dir,                    \
				     struct listing *listing)                                      \
	{                                                                                          \
		return list(request, dir, listing, kind);                                          \
	}                                                                                          \
	const struct node_kind kind_##identifier = {                                               \
		.name = file_name,                                                                 \
		.type = S_IFDIR,                                                                   \
		.mode = 0700,                                                                      \
		.lookup = identifier##_lookup,                                                     \
		.list = identifier##_list,                                                         \
	}

BY_ID(maps_by_id, "maps.by-id", OBJECT_MAP, kind_map_id);
BY_ID(progs_by_id, "progs.by-id", OBJECT_PROG, kind_prog_id);
BY_ID(links_by_id, "links.by-id", OBJECT_LINK, kind_link_id);

/* --- maps.by-name/NAME.ID; a map without a name is not here --- */

static int print_name(struct request *request, uint32_t id, char *name, size_t size)
{
	HELD_OBJECT(held, request);
	int rc = object_acquire_id(request, request->fs->backend, OBJECT_MAP, id, &held.object);
	if (rc)
		return rc;
	const struct map_info *info = &held.object->info;
	snprintf(name, size, "%.*s.%u", OBJECT_NAME_MAX, info->name, id);
	return info->name[0] ? 0 : -ENOENT;
}

static int by_name_lookup(struct request *request, struct node *dir, const char *name,
			  struct node **child, struct stat *st)
{
	char canonical[OBJECT_NAME_MAX + 16], target[32];
	const char *dot = strrchr(name, '.');
	uint32_t id;
	if (!dot || !parse_id(dot + 1, &id))
		return -ENOENT;
	int rc = print_name(request, id, canonical, sizeof(canonical));
	if (rc)
		return rc;
	if (strcmp(canonical, name) != 0)
		return -ENOENT;
	snprintf(target, sizeof(target), "maps.by-id/%u", id);
	*child = node_link_child(request->fs->nodes, dir, name, target);
	return *child ? 0 : -ENOMEM;
}

static int by_name_list(struct request *request, struct node *dir, struct listing *listing)
{
	uint32_t id = 0;
	int rc;
	while ((rc = object_next(request->fs->backend, OBJECT_MAP, id, &id)) == 0) {
		char name[OBJECT_NAME_MAX + 16];
		if (print_name(request, id, name, sizeof(name)))
			continue; /* unnamed, or gone meanwhile */
		rc = listing_add(listing, name, S_IFLNK, node_ino(dir->ino, name, strlen(name)));
		if (rc)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

const struct node_kind kind_maps_by_name = {
	.name = "maps.by-name",
	.type = S_IFDIR,
	.mode = 0700,
	.lookup = by_name_lookup,
	.list = by_name_list,
};
