// SPDX-License-Identifier: BSD-2-Clause
#include "control.h"

#include <errno.h>
#include <string.h>
#include <bpfuse/control.h>
#include "listing.h"
#include "map_dir.h"
#include "object.h"
#include "stat.h"

struct control_data {
	uint32_t id;
};

static int control_identify(struct request *request, struct node *dir, struct stat *owner,
			    struct backend **backend, enum object_kind *kind, uint32_t *id)
{
	owner->st_uid = request->fs->uid;
	owner->st_gid = request->fs->gid;
	owner->st_mode = 0600;
	*backend = request->fs->control;
	*kind = OBJECT_MAP;
	*id = ((const struct control_data *)dir->data)->id;
	return 0;
}

static int control_source_open(struct request *request, struct node *dir, struct handle **handle)
{
	const struct control_data *data = (const struct control_data *)dir->data;
	return object_open(request->fs->control, OBJECT_MAP, data->id, 0, handle);
}

static const struct object_source control_source = {
	.identify = control_identify,
	.open = control_source_open,
};

static int control_stat(struct request *request, struct node *node, struct stat *st)
{
	stat_mounter(request->fs, node, st);
	return 0;
}

static const struct node_kind kind_control_map = {
	.mode = 0700,
	.flags = KIND_CACHED,
	.stat = control_stat,
	.object = &control_source,
	MAP_DIR_OPERATIONS,
};

static int type_name(struct request *request, uint32_t id, char name[OBJECT_NAME_MAX + 1])
{
	HELD_OBJECT(held, request);
	int rc = object_acquire_id(request, request->fs->control, OBJECT_MAP, id, &held.object);
	if (rc)
		return rc;
	memcpy(name, held.object->info.name, OBJECT_NAME_MAX);
	name[OBJECT_NAME_MAX] = '\0';
	return 0;
}

static int control_lookup(struct request *request, struct node *dir, const char *name,
			  struct node **child, struct stat *st)
{
	char found[OBJECT_NAME_MAX + 1];
	struct control_data data = {0};
	while (!object_next(request->fs->control, OBJECT_MAP, data.id, &data.id)) {
		if (type_name(request, data.id, found) || strcmp(found, name) != 0)
			continue;
		*child = node_child(request->fs->nodes, dir, name, &kind_control_map,
				    node_ino(dir->ino, name, strlen(name)), &data, sizeof(data));
		return *child ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static int control_list(struct request *request, struct node *dir, struct listing *listing)
{
	char name[OBJECT_NAME_MAX + 1];
	uint32_t id = 0;
	int rc = 0;
	while (!rc && !object_next(request->fs->control, OBJECT_MAP, id, &id)) {
		rc = type_name(request, id, name);
		if (!rc)
			rc = listing_add(listing, name, S_IFDIR,
					 node_ino(dir->ino, name, strlen(name)));
	}
	return rc;
}

const struct node_kind kind_maps_control = {
	.name = "maps.control",
	.type = S_IFDIR,
	.mode = 0700,
	.lookup = control_lookup,
	.list = control_list,
};

/* --- switches --- */

static int render_switch(struct request *request, struct node *node, struct object *map,
			 struct buffer *text)
{
	int rc = control_switch_get(map->handle, node->name, text);
	if (!rc)
		buffer_append_char(text, '\n');
	return rc;
}

static int accept_switch(struct request *request, struct node *node, struct object *map,
			 const char *text, size_t length)
{
	return control_switch_set(map->handle, node->name, text, length, &request->fault);
}

static const struct node_kind kind_switch = {
	.type = S_IFREG,
	.mode = 0644,
	.render = render_switch,
	.accept = accept_switch,
};

static const char *switch_name(const struct object *map, unsigned index)
{
	return handle_is_control(map->handle) ? control_switch_name(map->handle, index) : NULL;
}

int control_switch_lookup(struct request *request, struct node *dir, const char *name,
			  struct node **child, struct stat *st)
{
	HELD_OBJECT(held, request);
	const char *each;
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (rc)
		return rc;
	for (unsigned i = 0; (each = switch_name(held.object, i)); i++) {
		if (strcmp(each, name) != 0)
			continue;
		*child = node_child(request->fs->nodes, dir, name, &kind_switch,
				    node_ino(dir->ino, name, strlen(name)), NULL, 0);
		return *child ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

int control_switch_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	const char *each;
	int rc = object_acquire(request, dir, &held.object, NULL);
	for (unsigned i = 0; !rc && (each = switch_name(held.object, i)); i++)
		rc = listing_add(listing, each, S_IFREG, node_ino(dir->ino, each, strlen(each)));
	return rc;
}
