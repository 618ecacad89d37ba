// SPDX-License-Identifier: BSD-2-Clause
#include "object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "formats.h"
#include "worker.h"

#define BUCKETS 64
#define IDLE_NS 1000000000ull

struct object_cache {
	struct worker reaper; /* its lock is that of all below */
	bool asleep;	      /* the reaper waits without a timer: somebody has to wake it */
	unsigned idle;	      /* objects without users */
	struct object *buckets[BUCKETS];
};

static void object_free(struct object *object)
{
	codec_put(move_ptr(object->codec));
	if (object->handle)
		handle_close(object->handle);
	pthread_mutex_destroy(&object->lock);
	free(object);
}

static struct object **bucket_of(struct object_cache *cache, enum object_kind kind, uint32_t id)
{
	return &cache->buckets[(id * 4 + kind) % BUCKETS];
}

/* Under the lock: takes idle objects older than `before` out, as a list. */
static struct object *take_idle(struct object_cache *cache, uint64_t before)
{
	struct object *taken = NULL;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct object **link = &cache->buckets[i];
		while (*link) {
			struct object *object = *link;
			if (object->users || (object->idle_since > before && !object->doomed)) {
				link = &object->next;
				continue;
			}
			*link = object->next;
			object->next = taken;
			taken = object;
			cache->idle--;
		}
	}
	return taken;
}

static void free_list(struct object *list)
{
	while (list) {
		struct object *next = list->next;
		object_free(list);
		list = next;
	}
}

/* Sleeps without a timer while there is nothing to close. */
static void *reaper_run(void *argument)
{
	struct object_cache *cache = argument;
	pthread_mutex_lock(&cache->reaper.lock);
	while (!cache->reaper.stopping) {
		if (!cache->idle) {
			cache->asleep = true;
			pthread_cond_wait(&cache->reaper.wake, &cache->reaper.lock);
			cache->asleep = false;
			continue;
		}
		worker_pause(&cache->reaper, IDLE_NS);
		struct object *idle = take_idle(cache, monotonic_ns() - IDLE_NS);
		pthread_mutex_unlock(&cache->reaper.lock);
		free_list(idle);
		pthread_mutex_lock(&cache->reaper.lock);
	}
	pthread_mutex_unlock(&cache->reaper.lock);
	return NULL;
}

int object_cache_new(struct object_cache **cache)
{
	struct object_cache *made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	int rc = worker_start(&made->reaper, reaper_run, made);
	if (rc) {
		free(made);
		return rc;
	}
	*cache = made;
	return 0;
}

void object_cache_free(struct object_cache *cache)
{
	if (!cache)
		return;
	worker_stop(&cache->reaper);
	for (size_t i = 0; i < BUCKETS; i++)
		free_list(cache->buckets[i]);
	free(cache);
}

struct node *object_owner(struct node *node)
{
	while (node && !node->kind->object)
		node = node->parent;
	return node;
}

/* Under the lock. */
static struct object *find(struct object_cache *cache, struct backend *backend,
			   enum object_kind kind, uint32_t id)
{
	struct object *object = *bucket_of(cache, kind, id);
	while (object && (object->id != id || object->kind != kind || object->doomed ||
			  object->handle->backend != backend))
		object = object->next;
	return object;
}

static void object_unhold(struct object_cache *cache, struct object *object)
{
	struct object *dead = NULL;
	pthread_mutex_lock(&cache->reaper.lock);
	if (--object->users == 0) {
		object->idle_since = monotonic_ns();
		/* Who ends a link means it to be detached at once. */
		if (object->kind == OBJECT_LINK)
			object->doomed = true;
		cache->idle++;
		if (cache->asleep)
			pthread_cond_signal(&cache->reaper.wake);
		if (object->doomed)
			dead = take_idle(cache, 0);
	}
	pthread_mutex_unlock(&cache->reaper.lock);
	free_list(dead);
}

/* A map whose device has gone while its handle was kept: its id means nothing any more. */
static bool is_orphaned(const struct object *object)
{
	struct map_info info;
	return object->kind == OBJECT_MAP && object->info.ifindex &&
	       map_info(object->handle, &info) == -ENODEV;
}

static struct object *find_and_hold(struct object_cache *cache, struct backend *backend,
				    enum object_kind kind, uint32_t id)
{
	pthread_mutex_lock(&cache->reaper.lock);
	struct object *object = find(cache, backend, kind, id);
	if (object && !object->users++)
		cache->idle--;
	pthread_mutex_unlock(&cache->reaper.lock);
	if (object && is_orphaned(object)) {
		pthread_mutex_lock(&cache->reaper.lock);
		object->doomed = true;
		pthread_mutex_unlock(&cache->reaper.lock);
		object_unhold(cache, object);
		return NULL;
	}
	return object;
}

/* Of a map without device only its shape is told; it has no id, so nobody shares the object. */
static int read_orphan(struct object *object)
{
	struct map_state state;
	int rc = map_state(object->handle, &state);
	object->id = 0;
	object->doomed = true;
	object->info = (struct map_info){
		.type = state.type,
		.key_size = state.key_size,
		.value_size = state.value_size,
		.max_entries = state.max_entries,
		.map_flags = state.map_flags,
		.map_extra = state.map_extra,
	};
	return rc;
}

/* A new object in the cache, held; owns the handle from here on, also on failure. */
static int object_new(struct object_cache *cache, struct handle *handle, struct object **result)
{
	struct object *object = calloc(1, sizeof(*object));
	if (!object) {
		handle_close(handle);
		return -ENOMEM;
	}
	pthread_mutex_init(&object->lock, NULL);
	object->handle = handle;
	object->kind = handle->kind;
	object->users = 1;
	int rc = object_id(handle, &object->id);
	if (!rc && object->kind == OBJECT_MAP)
		rc = map_info(handle, &object->info);
	if (rc == -ENODEV && object->kind == OBJECT_MAP)
		rc = read_orphan(object);
	if (rc) {
		object_free(object);
		return rc;
	}
	pthread_mutex_lock(&cache->reaper.lock);
	struct object *other = find(cache, handle->backend, object->kind, object->id);
	if (other) {
		if (!other->users++)
			cache->idle--;
	} else {
		struct object **bucket = bucket_of(cache, object->kind, object->id);
		object->next = *bucket;
		*bucket = object;
	}
	pthread_mutex_unlock(&cache->reaper.lock);
	if (other)
		object_free(object);
	*result = other ? other : object;
	return 0;
}

int object_acquire(struct request *request, struct node *node, struct object **object,
		   struct stat *owner)
{
	struct object_cache *cache = request->fs->objects;
	struct node *dir = object_owner(node);
	if (!dir)
		return -EINVAL;
	const struct object_source *source = dir->kind->object;
	struct stat st = {0};
	struct backend *backend = request->fs->backend;
	enum object_kind kind = OBJECT_MAP;
	uint32_t id = 0;
	int rc = source->identify(request, dir, &st, &backend, &kind, &id);
	if (rc)
		return rc;
	request->identified = true;
	if (owner)
		*owner = st;
	*object = id ? find_and_hold(cache, backend, kind, id) : NULL;
	if (*object)
		return 0;
	struct handle *handle;
	rc = source->open(request, dir, &handle);
	if (!rc)
		rc = object_new(cache, handle, object);
	if (rc)
		return rc;
	if (source->opened)
		source->opened(dir, &st, *object);
	return 0;
}

int object_acquire_id(struct request *request, struct backend *backend, enum object_kind kind,
		      uint32_t id, struct object **object)
{
	*object = find_and_hold(request->fs->objects, backend, kind, id);
	if (*object)
		return 0;
	struct handle *handle;
	int rc = object_open(backend, kind, id, 0, &handle);
	return rc ? rc : object_new(request->fs->objects, handle, object);
}

void object_hold(struct filesystem *fs, struct object *object)
{
	pthread_mutex_lock(&fs->objects->reaper.lock);
	object->users++;
	pthread_mutex_unlock(&fs->objects->reaper.lock);
}

void object_release(struct filesystem *fs, struct object *object)
{
	object_unhold(fs->objects, object);
}

void object_drop(struct filesystem *fs, enum object_kind kind, uint32_t id)
{
	struct object_cache *cache = fs->objects;
	pthread_mutex_lock(&cache->reaper.lock);
	for (struct object *object = *bucket_of(cache, kind, id); object; object = object->next)
		if (object->id == id && object->kind == kind)
			object->doomed = true;
	struct object *dead = take_idle(cache, 0);
	pthread_mutex_unlock(&cache->reaper.lock);
	free_list(dead);
}

static int device_is_gone(struct request *request)
{
	return fault_set(&request->fault, ENODEV, "the device that this map is bound to is gone");
}

int object_check_device(struct request *request, const struct object *map)
{
	return is_orphaned(map) ? device_is_gone(request) : 0;
}

int object_codec(struct request *request, struct object *object, struct codec **codec)
{
	int rc = 0;
	pthread_mutex_lock(&object->lock);
	if (!object->codec) {
		bool many;
		char *format = formats_of(request->fs->formats, object, &many);
		const char *keys = request->fs->options.keys;
		const struct codec_options options = {
			.format = format,
			.format_of_many = many,
			.hex_keys = keys && strcmp(keys, "hex") == 0,
		};
		rc = codec_open(object->handle, &options, &object->codec, &request->fault);
		if (rc == -ENODEV)
			rc = device_is_gone(request);
		free(format);
	}
	if (!rc)
		*codec = codec_get(object->codec);
	pthread_mutex_unlock(&object->lock);
	return rc;
}

void object_forget_codec(struct object *object)
{
	pthread_mutex_lock(&object->lock);
	codec_put(move_ptr(object->codec));
	pthread_mutex_unlock(&object->lock);
}
