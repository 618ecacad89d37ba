/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map's directory: its keys, and .map/. Maps come from pins, ids or another backend; what the
 * directory does is the same, so each of those kinds includes MAP_DIR_OPERATIONS and adds
 * where its map comes from and what happens to the directory itself. By id a map may be cached
 * (KIND_CACHED); a pin never is, since others move and remove pins, which has to show at once.
 */
#ifndef FS_MAP_DIR_H
#define FS_MAP_DIR_H

#include "node.h"
#include "object.h"

extern const struct node_kind *const map_dir_entries[];

int map_dir_lookup(struct request *request, struct node *dir, const char *name, struct node **child,
		   struct stat *st);
int map_dir_list(struct request *request, struct node *dir, struct listing *listing);
int map_dir_create(struct request *request, struct node *dir, const char *name, struct file *file,
		   struct node **child, struct stat *st);
int map_dir_unlink(struct request *request, struct node *dir, const char *name);
int map_dir_rmdir(struct request *request, struct node *dir, const char *name);
int map_dir_rename(struct request *request, struct node *dir, const char *name,
		   struct node *new_dir, const char *new_name, unsigned flags);

#define MAP_DIR_OPERATIONS                                                                         \
	.type = S_IFDIR, .entries = map_dir_entries, .lookup = map_dir_lookup,                     \
	.list = map_dir_list, .create = map_dir_create, .unlink = map_dir_unlink,                  \
	.rmdir = map_dir_rmdir, .rename = map_dir_rename

/*
 * Removing what belongs to the view of an object and not to the object. It has to succeed, since
 * `rm -r` removes a directory's content before the directory, and it changes nothing.
 */
int removal_ignore(struct request *request, struct node *dir, const char *name);

#endif
