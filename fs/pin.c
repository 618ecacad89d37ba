// SPDX-License-Identifier: BSD-2-Clause
#include "pin.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "link.h"
#include "invalidate.h"
#include "map_dir.h"
#include "object.h"
#include "program.h"
#include "stat.h"

/*
 * What an inode of bpffs was seen to hold. Numbers of bpffs may come back after 2^32 inodes; the
 * ctime tells then. Direct-mapped: what is pushed out is looked at again.
 */
#define KNOWN 1024
struct known_pin {
	ino_t ino;
	struct timespec ctime;
	enum object_kind kind;
	uint32_t id; /* 0: it has none, or none any more */
};
static struct known_pin known[KNOWN];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static bool known_find(const struct stat *st, struct known_pin *found)
{
	pthread_mutex_lock(&known_lock);
	*found = known[st->st_ino % KNOWN];
	pthread_mutex_unlock(&known_lock);
	return found->ino == st->st_ino && found->ctime.tv_sec == st->st_ctim.tv_sec &&
	       found->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static void known_add(const struct stat *st, enum object_kind kind, uint32_t id)
{
	pthread_mutex_lock(&known_lock);
	known[st->st_ino % KNOWN] = (struct known_pin){st->st_ino, st->st_ctim, kind, id};
	pthread_mutex_unlock(&known_lock);
}

void pin_stat_fill(struct stat *st)
{
	mode_t mode = st->st_mode & 0777;
	st->st_mode = S_IFDIR | mode | (mode & 0444) >> 2;
	st->st_nlink = 2;
}

static int pin_stat(struct request *request, struct node *node, struct stat *st)
{
	cleanup_free char *path = node_path(request->fs->nodes, node, NULL);
	if (!path)
		return -ENOMEM;
	int rc = tree_stat(request->fs->backend, path, st);
	if (rc)
		return rc;
	return st->st_ino == node->ino ? 0 : -ESTALE;
}

static int pin_dir_stat(struct request *request, struct node *node, struct stat *st)
{
	int rc = pin_stat(request, node, st);
	if (!rc)
		pin_stat_fill(st);
	return rc;
}

static int pin_identify(struct request *request, struct node *dir, struct stat *owner,
			struct backend **backend, enum object_kind *kind, uint32_t *id)
{
	struct known_pin pin;
	int rc = pin_stat(request, dir, owner);
	if (rc)
		return rc;
	*id = 0;
	if (known_find(owner, &pin)) {
		*kind = pin.kind;
		*id = pin.id;
	}
	return 0;
}

static int pin_source_open(struct request *request, struct node *dir, struct handle **handle)
{
	cleanup_free char *path = node_path(request->fs->nodes, dir, NULL);
	return path ? pin_open(request->fs->backend, path, 0, handle) : -ENOMEM;
}

static void pin_opened(struct node *dir, const struct stat *owner, const struct object *object)
{
	known_add(owner, object->kind, object->id);
}

static const struct object_source pin_source = {
	.identify = pin_identify,
	.open = pin_source_open,
	.opened = pin_opened,
};

static const struct node_kind kind_pin_map = {
	MAP_DIR_OPERATIONS,
	.stat = pin_dir_stat,
	.setattr = tree_setattr,
	.object = &pin_source,
};
static const struct node_kind kind_pin_prog = {
	.type = S_IFDIR,
	.entries = prog_dir_entries,
	.stat = pin_dir_stat,
	.setattr = tree_setattr,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
	.object = &pin_source,
};
static const struct node_kind kind_pin_link = {
	.type = S_IFDIR,
	.entries = link_dir_entries,
	.stat = pin_dir_stat,
	.setattr = tree_setattr,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
	.object = &pin_source,
};

static const struct node_kind *kind_of(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_MAP:
		return &kind_pin_map;
	case OBJECT_PROG:
		return &kind_pin_prog;
	case OBJECT_LINK:
		return &kind_pin_link;
	default:
		return NULL;
	}
}

const struct node_kind *pin_kind(struct request *request, const char *path, const struct stat *st)
{
	struct known_pin pin;
	if (known_find(st, &pin))
		return kind_of(pin.kind);
	struct handle *handle;
	uint32_t id;
	if (pin_open(request->fs->backend, path, 0, &handle))
		return NULL;
	enum object_kind kind = handle->kind;
	if (object_id(handle, &id))
		id = 0;
	handle_close(handle);
	known_add(st, kind, id);
	return kind_of(kind);
}

int pin_remove(struct request *request, const struct caller *caller, const char *path,
	       const struct stat *st)
{
	int rc = tree_unlink(request->fs->backend, caller, path);
	struct known_pin pin;
	if (!rc && known_find(st, &pin) && pin.id)
		object_drop(request->fs, pin.kind, pin.id);
	if (!rc)
		invalidate_names(request->fs); /* by its id, if this was the last that held it */
	return rc;
}
