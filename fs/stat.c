// SPDX-License-Identifier: BSD-2-Clause
#include "stat.h"

#include <errno.h>
#include <string.h>
#include "file.h"
#include "seen.h"

#define BLOCK_SIZE 4096

/* Whoever may read a directory may also search it: pins have no x bits. */
static mode_t with_search(mode_t mode)
{
	return mode | (mode & 0444) >> 2;
}

void stat_mounter(const struct filesystem *fs, const struct node *node, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = node->ino;
	st->st_mode = node->kind->type | node->kind->mode;
	st->st_nlink = S_ISDIR(node->kind->type) ? 2 : 1;
	st->st_uid = fs->uid;
	st->st_gid = fs->gid;
	st->st_blksize = BLOCK_SIZE;
	st->st_atim = st->st_mtim = st->st_ctim = fs->started;
}

void stat_owned(const struct filesystem *fs, const struct node *node, const struct stat *owner,
		struct stat *st)
{
	stat_mounter(fs, node, st);
	st->st_uid = owner->st_uid;
	st->st_gid = owner->st_gid;
	if (S_ISDIR(node->kind->type))
		st->st_mode = S_IFDIR | with_search(owner->st_mode & 0777);
	else if (S_ISREG(node->kind->type))
		st->st_mode = S_IFREG | (owner->st_mode & node->kind->mode & 0666);
}

void stat_content(const struct filesystem *fs, const struct node *node, const void *bytes,
		  size_t length, struct stat *st)
{
	st->st_size = (off_t)length;
	st->st_blocks = (blkcnt_t)((length + 511) / 512);
	st->st_mtim = seen_mtime(fs->seen, node->ino, seen_digest(SEEN_DIGEST_INIT, bytes, length));
	st->st_atim = st->st_mtim;
}

int stat_owner(struct request *request, struct node *node, struct stat *owner)
{
	struct node *dir = object_owner(node);
	struct backend *backend;
	enum object_kind kind;
	uint32_t id;
	memset(owner, 0, sizeof(*owner));
	return dir->kind->object->identify(request, dir, owner, &backend, &kind, &id);
}

static int stat_plain(struct request *request, struct node *node, struct stat *st)
{
	if (!object_owner(node)) {
		stat_mounter(request->fs, node, st);
		return 0;
	}
	struct stat owner;
	int rc = stat_owner(request, node, &owner);
	if (!rc)
		stat_owned(request->fs, node, &owner, st);
	return rc;
}

/* What is gone has no attributes; what cannot be read still has those of a file. */
static bool is_gone(int rc)
{
	return rc == -ENOENT || rc == -ESTALE || rc == -ENODEV;
}

/* The text that an open file's reader gets. */
static int copy_text(struct file *file, void *context)
{
	if (!file->rendered)
		return -ENOENT;
	buffer_append(context, file->text.data, file->text.length);
	return 0;
}

static int stat_text(struct request *request, struct node *node, struct buffer *text)
{
	HELD_OBJECT(held, request);
	if (node->kind->flags & KIND_LAZY_SIZE &&
	    !file_list_measure(request, node, copy_text, text))
		return buffer_error(text);
	int rc = object_owner(node) ? object_acquire(request, node, &held.object, NULL) : 0;
	if (!rc)
		rc = node->kind->render(request, node, held.object, text);
	return rc ? rc : buffer_error(text);
}

static int stat_rendered(struct request *request, struct node *node, struct stat *st)
{
	struct buffer text = BUFFER_INIT;
	int rc = stat_text(request, node, &text);
	if (!rc)
		stat_content(request->fs, node, text.data ? text.data : "", text.length, st);
	buffer_free(&text);
	return is_gone(rc) ? rc : 0;
}

static int stat_link(struct request *request, struct node *node, struct stat *st)
{
	struct buffer target = BUFFER_INIT;
	int rc = node->kind->target(request, node, &target);
	st->st_size = (off_t)target.length;
	buffer_free(&target);
	return rc;
}

int stat_node_for_lookup(struct request *request, struct node *node, struct stat *st)
{
	if (node->kind->flags & KIND_LAZY_SIZE)
		return stat_plain(request, node, st);
	return stat_node(request, node, st);
}

int stat_node(struct request *request, struct node *node, struct stat *st)
{
	const struct node_kind *kind = node->kind;
	if (kind->stat)
		return kind->stat(request, node, st);
	int rc = stat_plain(request, node, st);
	if (!rc && kind->target)
		rc = stat_link(request, node, st);
	if (!rc && kind->render)
		rc = stat_rendered(request, node, st);
	return rc;
}
