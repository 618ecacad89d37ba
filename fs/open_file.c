// SPDX-License-Identifier: BSD-2-Clause
#include "open_file.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include "created.h"
#include "file.h"
#include "lane.h"
#include "lookup.h"
#include "removed.h"
#include "reply.h"
#include "session.h"
#include "stat.h"

void ll_open(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct node *node = node_of(&request, nodeid);
	struct file *file = file_new(request.fs, node, info->flags);
	int rc = file ? file->ops->open(&request, file) : -ENOMEM;
	if (rc) {
		if (file)
			file_free(request.fs, file);
		if (LANE_TAKES(&request, .kind = CALL_OPEN, .nodeid = nodeid, .info = *info,
			       .has_info = true))
			return;
		if (rc == -ENOENT)
			created_forget(node, request.pid);
		reply_status(&request, node, NULL, stale(rc));
		return;
	}
	info->fh = (uintptr_t)file;
	session_open_file(info);
	info->nonseekable = file->ops->stream;
	if (fuse_reply_open(req, info))
		file_free(request.fs, file);
}

/* The new file's node, and the file open on it. */
static int create(struct request *request, struct node *dir, const char *name, struct file *file,
		  struct stat *st)
{
	struct node *child;
	bool known = false; /* its attributes */
	int rc = -ENOENT;
	if (removed_has(dir->ino, name, request->pid))
		rc = dir_lookup(request, dir, name, &child, st);
	if (!rc && !S_ISREG(st->st_mode)) {
		node_unref(request->fs->nodes, child);
		child = removed_stand_in(request, dir, name);
		rc = child ? 0 : -ENOMEM;
	} else if (!rc) {
		file->restored = true;
		file->flags = (file->flags & ~O_EXCL) | O_TRUNC;
	} else if (dir->kind->create) {
		file->created = true;
		st->st_mode = 0;
		rc = dir->kind->create(request, dir, name, file, &child, st);
		known = st->st_mode;
	} else {
		rc = not_here(request, "no file can be made");
	}
	if (rc)
		return rc;
	file_set_node(file, child);
	rc = file->ops->open(request, file);
	return rc || known ? rc : stat_node(request, child, st);
}

void ll_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct node_table *nodes = request.fs->nodes;
	struct node *dir = node_of(&request, parent);
	struct file *file = file_new(request.fs, NULL, info->flags);
	struct stat st;
	int rc = file ? create(&request, dir, name, file, &st) : -ENOMEM;
	if (rc && file)
		file_free(request.fs, file);
	if (LANE_TAKES_NAMED(&request, name, .kind = CALL_CREATE, .nodeid = parent, .mode = mode,
			     .info = *info, .has_info = true))
		return;
	removed_take(dir->ino, name, request.pid);
	if (rc) {
		reply_status(&request, dir, name, stale_by_name(&request, dir, rc));
		return;
	}
	struct fuse_entry_param entry;
	fill_entry(request.fs, file->node, &st, &entry);
	entry.entry_timeout = SESSION_TIMEOUT_CREATED;
	info->fh = (uintptr_t)file;
	session_open_file(info);
	node_remember(nodes, file->node);
	if (file->created)
		created_add(file, request.pid);
	if (fuse_reply_create(req, &entry, info)) {
		node_forget(nodes, entry.ino, 1);
		file_free(request.fs, file);
	}
}

void ll_read(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
	     struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct file *file = file_of(info);
	const char *data;
	size_t length;
	if (file->ops->wait) {
		int waiting = file->ops->wait(&request, file, size, info->flags);
		if (waiting)
			reply_status(&request, file->node, NULL, waiting);
		return;
	}
	/*
	 * A reader that has its answer closes the file, and RELEASE takes the lock: it would wait
	 * for a thread that still has it. So only what is too long to be copied is sent under it.
	 */
	char copy[SESSION_PAGE];
	bool small = false;
	int rc = file_lock(&request, file);
	if (!rc) {
		rc = file->ops->read(&request, file, offset, size, &data, &length);
		small = !rc && length <= sizeof(copy);
		if (small)
			memcpy(copy, data, length);
		else if (!rc)
			fuse_reply_buf(req, data, length);
		pthread_mutex_unlock(&file->lock);
	}
	if (small)
		fuse_reply_buf(req, copy, length);
	else if (rc && !LANE_TAKES(&request, .kind = CALL_READ, .nodeid = nodeid, .size = size,
				   .offset = offset, .info = *info, .has_info = true))
		reply_status(&request, file->node, NULL, rc);
}

void ll_write(fuse_req_t req, fuse_ino_t nodeid, const char *data, size_t size, off_t offset,
	      struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct file *file = file_of(info);
	int rc = file_lock(&request, file);
	if (!rc) {
		created_end(file);
		rc = file->ops->write ? file->ops->write(&request, file, data, size, offset)
				      : -EACCES;
		pthread_mutex_unlock(&file->lock);
	}
	if (LANE_TAKES(&request, .kind = CALL_WRITE, .nodeid = nodeid, .bytes = data,
		       .length = size, .offset = offset, .info = *info, .has_info = true))
		return;
	if (rc)
		reply_status(&request, file->node, NULL, rc);
	else
		fuse_reply_write(req, size);
}

void ll_flush(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct file *file = file_of(info);
	int rc = file_lock(&request, file);
	if (!rc) {
		created_end(file);
		rc = file->ops->flush ? file->ops->flush(&request, file) : 0;
		pthread_mutex_unlock(&file->lock);
	}
	if (LANE_TAKES(&request, .kind = CALL_FLUSH, .nodeid = nodeid, .info = *info,
		       .has_info = true))
		return;
	reply_status(&request, file->node, NULL, rc);
}

/* Every write is applied when it returns. */
void ll_fsync(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *info)
{
	fuse_reply_err(req, 0);
}

void ll_release(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct file *file = file_of(info);
	/* A long answer may have reached its reader before ll_read() is done with it. */
	pthread_mutex_lock(&file->lock);
	pthread_mutex_unlock(&file->lock);
	file_free(request.fs, file);
	fuse_reply_err(req, 0);
}

void ll_poll(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info,
	     struct fuse_pollhandle *handle)
{
	struct request request = request_begin(req);
	struct file *file = file_of(info);
	unsigned events = POLLIN | POLLOUT;
	int rc = 0;
	if (file->ops->poll)
		rc = file->ops->poll(&request, file, handle, &events);
	else if (handle)
		fuse_pollhandle_destroy(handle);
	if (rc)
		reply_status(&request, file->node, NULL, rc);
	else
		fuse_reply_poll(req, events);
}
