/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF objects in use: open handles, with what was asked once (info, codec), shared by id.
 *
 * A handle keeps its object alive, so none is kept for long: one that nobody uses is closed after
 * a second, or at once when its pin is removed through this mount (object_drop). Whoever works
 * on an object holds it for that time (object_acquire ... object_release); an open file holds
 * its object as a file descriptor of the map would.
 */
#ifndef FS_OBJECT_H
#define FS_OBJECT_H

#include <pthread.h>
#include <sys/stat.h>
#include <bpfuse/backend.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include "filesystem.h"
#include "node.h"

struct object {
	struct object *next;
	struct handle *handle;
	enum object_kind kind;
	uint32_t id;
	struct map_info info; /* of a map */
	unsigned users;
	bool doomed; /* to be closed by its last user */
	uint64_t idle_since;
	pthread_mutex_t lock; /* of codec */
	struct codec *codec;
};

/* A map whose elements are shown as key files. */
static inline bool map_is_keyed(const struct object *map)
{
	return map_type_get(map->info.type)->access == MAP_KEYED;
}

/* Where the object of a directory comes from: a pin, an id, ... */
struct object_source {
	/*
	 * The owner and permission bits that the directory shows, and which object it was when
	 * it was last opened: *id is 0 where that is not known or may have changed. -ENOENT or
	 * -ESTALE: the directory's object is not there any more.
	 */
	int (*identify)(struct request *request, struct node *dir, struct stat *owner,
			struct backend **backend, enum object_kind *kind, uint32_t *id);
	int (*open)(struct request *request, struct node *dir, struct handle **handle);
	/* It was opened, and is this one: remember it (NULL: known anyway). */
	void (*opened)(struct node *dir, const struct stat *owner, const struct object *object);
};

/* The directory that stands for the object that `node` belongs to; NULL: none. */
struct node *object_owner(struct node *node);

/* *owner may be NULL. On success the object is held. */
int object_acquire(struct request *request, struct node *node, struct object **object,
		   struct stat *owner);
/* By id, without a directory. */
int object_acquire_id(struct request *request, struct backend *backend, enum object_kind kind,
		      uint32_t id, struct object **object);
void object_hold(struct filesystem *fs, struct object *object);
void object_release(struct filesystem *fs, struct object *object);

/* -ENODEV if the map's device has gone since it was opened: what was read of it then is no more. */
int object_check_device(struct request *request, const struct object *map);

/* The codec of a map, made at first need; the caller has a reference of its own. */
int object_codec(struct request *request, struct object *object, struct codec **codec);
/* After its format changed: the next codec is a new one. */
void object_forget_codec(struct object *object);

/* The handle of this object is not to be kept. */
void object_drop(struct filesystem *fs, enum object_kind kind, uint32_t id);

/* -ENOMEM, or the errno of the thread that closes idle handles. */
int object_cache_new(struct object_cache **cache);
void object_cache_free(struct object_cache *cache);

/* An object held for a scope. */
struct held_object {
	struct filesystem *fs;
	struct object *object;
};
static inline void held_object_release(struct held_object *held)
{
	if (held->object)
		object_release(held->fs, held->object);
}
#define HELD_OBJECT(name, request)                                                                 \
	struct held_object name                                                                    \
		__attribute__((cleanup(held_object_release))) = {(request)->fs, NULL}

#endif
