// SPDX-License-Identifier: BSD-2-Clause
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "lane.h"
#include "object.h"
#include "static_dir.h"

#define DOTS 2 /* "." and ".." come first */

struct listing *listing_new(struct filesystem *fs, struct node *dir)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	if (!listing)
		return NULL;
	pthread_mutex_init(&listing->lock, NULL);
	node_ref(fs->nodes, dir);
	listing->dir = dir;
	return listing;
}

static void clear(struct filesystem *fs, struct listing *listing)
{
	key_values_stop(fs, &listing->values);
	listing->count = 0;
	listing->filled = false;
	codec_put(move_ptr(listing->codec));
	buffer_reset(&listing->names);
	buffer_reset(&listing->keys);
}

void listing_free(struct filesystem *fs, struct listing *listing)
{
	clear(fs, listing);
	free(listing->entries);
	buffer_free(&listing->names);
	buffer_free(&listing->keys);
	buffer_free(&listing->name);
	pthread_mutex_destroy(&listing->lock);
	node_unref(fs->nodes, listing->dir);
	free(listing);
}

int listing_add(struct listing *listing, const char *name, mode_t type, uint64_t ino)
{
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? listing->capacity * 2 : 16;
		struct listing_entry *entries =
			reallocarray(listing->entries, capacity, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		listing->entries = entries;
		listing->capacity = capacity;
	}
	struct listing_entry *entry = &listing->entries[listing->count++];
	*entry = (struct listing_entry){ino, type, listing->names.length};
	buffer_append(&listing->names, name, strlen(name) + 1);
	return buffer_error(&listing->names);
}

int listing_add_keys(struct request *request, struct listing *listing, struct object *object,
		     const struct node_kind *kind)
{
	int rc = lane_enter(request, object);
	if (rc)
		return rc;
	codec_put(move_ptr(listing->codec));
	rc = object_codec(request, object, &listing->codec);
	if (rc)
		return rc;
	listing->key_kind = kind;
	listing->key_size = object->info.key_size;
	cleanup_with(walk_closep) struct walk *walk = NULL;
	rc = walk_open(object->handle, 0, &walk);
	struct walk_chunk chunk;
	while (!rc && (rc = walk_next(walk, &chunk)) > 0) {
		buffer_append(&listing->keys, chunk.keys, chunk.count * chunk.key_size);
		rc = buffer_error(&listing->keys);
	}
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_ITERATE, &object->info, NULL, 0,
					 rc);
	return 0;
}

int listing_fill(struct request *request, struct listing *listing, bool again)
{
	if (listing->filled && !again)
		return 0;
	clear(request->fs, listing);
	const struct node_kind *kind = listing->dir->kind;
	int rc = kind->entries ? static_dir_list(request, listing->dir, listing) : 0;
	if (!rc && kind->list)
		rc = kind->list(request, listing->dir, listing);
	listing->filled = !rc;
	return rc;
}

size_t listing_length(const struct listing *listing)
{
	size_t keys = listing->key_size ? listing->keys.length / listing->key_size : 0;
	return DOTS + listing->count + keys;
}

uint64_t key_ino(uint64_t dir, const void *key, size_t key_size)
{
	return node_ino(dir, key, key_size);
}

const void *listing_key(const struct listing *listing, size_t index)
{
	if (index < DOTS + listing->count)
		return NULL;
	return listing->keys.data + (index - DOTS - listing->count) * listing->key_size;
}

static int get_key(struct listing *listing, size_t index, const char **name, struct stat *st)
{
	const void *key = listing_key(listing, index);
	buffer_reset(&listing->name);
	int rc = codec_print_name(listing->codec, key, &listing->name);
	if (!rc)
		rc = buffer_error(&listing->name);
	if (rc)
		return rc;
	*name = listing->name.data;
	st->st_mode = listing->key_kind->type;
	st->st_ino = key_ino(listing->dir->ino, key, listing->key_size);
	return 0;
}

int listing_get(struct listing *listing, size_t index, const char **name, struct stat *st)
{
	const struct node *dir = listing->dir;
	if (index < DOTS) {
		*name = index ? ".." : ".";
		st->st_mode = S_IFDIR;
		st->st_ino = index && dir->parent ? dir->parent->ino : dir->ino;
		return 0;
	}
	index -= DOTS;
	if (index >= listing->count)
		return get_key(listing, index + DOTS, name, st);
	*name = listing->names.data + listing->entries[index].name;
	st->st_mode = listing->entries[index].type;
	st->st_ino = listing->entries[index].ino;
	return 0;
}
