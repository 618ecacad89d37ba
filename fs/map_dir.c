// SPDX-License-Identifier: BSD-2-Clause
#include "map_dir.h"

#include <errno.h>
#include <bpfuse/explain.h>
#include "element.h"
#include "key.h"
#include "keyless.h"
#include "lane.h"
#include "listing.h"
#include "map_attributes.h"
#include "removed.h"
#include "static_dir.h"
#include "stream.h"

/* .map first: `rm -r` then takes its views of the keys away before the keys. */
const struct node_kind *const map_dir_entries[] = {
	&kind_map_attributes, &kind_push,   &kind_pop,	       &kind_peek,
	&kind_bloom_peek,     &kind_stream, &kind_stream_push, NULL,
};

int removal_ignore(struct request *request, struct node *dir, const char *name)
{
	node_unlink(request->fs->nodes, dir, name);
	removed_add(dir->ino, name, request->pid);
	return 0;
}

int map_dir_lookup(struct request *request, struct node *dir, const char *name, struct node **child,
		   struct stat *st)
{
	return key_lookup(request, dir, name, &kind_key, child, st);
}

int map_dir_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (rc || !map_is_keyed(held.object))
		return rc;
	return listing_add_keys(request, listing, held.object, &kind_key);
}

int map_dir_create(struct request *request, struct node *dir, const char *name, struct file *file,
		   struct node **child, struct stat *st)
{
	return key_create(request, dir, name, &kind_key, file, child, st);
}

int map_dir_unlink(struct request *request, struct node *dir, const char *name)
{
	if (static_dir_has(dir, name))
		return removal_ignore(request, dir, name);
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	cleanup_free unsigned char *key = NULL;
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	if (!rc)
		rc = key_parse(request, held.object, codec, name, &key);
	if (rc)
		return rc;
	rc = lane_enter(request, held.object);
	if (rc)
		return rc;
	rc = element_delete(request, held.object, key);
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_DELETE, &held.object->info, name,
					 0, rc);
	node_unlink(request->fs->nodes, dir, name);
	return 0;
}

/* Keys are files. */
int map_dir_rmdir(struct request *request, struct node *dir, const char *name)
{
	return static_dir_has(dir, name) ? removal_ignore(request, dir, name) : -ENOTDIR;
}

/* mv(1) takes this as "another filesystem" and copies, then removes. */
int map_dir_rename(struct request *request, struct node *dir, const char *name,
		   struct node *new_dir, const char *new_name, unsigned flags)
{
	if (static_dir_has(dir, name))
		return fault_set(&request->fault, EPERM, "%s cannot be moved", name);
	return -EXDEV;
}
