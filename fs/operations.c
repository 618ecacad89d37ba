// SPDX-License-Identifier: BSD-2-Clause
/*
 * One function per request. Each finds the node, calls what its kind has for it, replies, and
 * puts what was refused into error.log (reply.h). Those on open files: open_file.c, on open
 * directories: readdir.c.
 */
#include "operations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "created.h"
#include "daemon.h"
#include "file.h"
#include "lane.h"
#include "lookup.h"
#include "node.h"
#include "open_file.h"
#include "readdir.h"
#include "removed.h"
#include "reply.h"
#include "session.h"
#include "stat.h"

/* --- session --- */

static void ll_init(void *userdata, struct fuse_conn_info *connection)
{
	struct filesystem *fs = userdata;
	session_negotiate(connection);
	daemon_ready(fs->daemon);
}

static void ll_statfs(fuse_req_t req, fuse_ino_t nodeid)
{
	struct request request = request_begin(req);
	struct statvfs st = {0};
	int rc = tree_statfs(request.fs->backend, &st);
	if (rc)
		reply_status(&request, node_of(&request, nodeid), NULL, rc);
	else
		fuse_reply_statfs(req, &st);
}

/* --- names and attributes --- */

/* Who made a name finds it before there is anything behind it (created.h). */
static bool reply_created(struct request *request, struct node *dir, const char *name)
{
	struct node *child = created_find(request->fs, dir, name, request->pid);
	struct stat st;
	if (!child)
		return false;
	if (stat_node(request, child, &st)) {
		node_unref(request->fs->nodes, child);
		return false;
	}
	reply_entry_for(request, child, &st, SESSION_TIMEOUT_CREATED);
	return true;
}

static void ll_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent), *child;
	struct stat st;
	int rc = -ENOENT;
	if (!removed_has(dir->ino, name, request.pid))
		rc = dir_lookup(&request, dir, name, &child, &st);
	if (LANE_TAKES_NAMED(&request, name, .kind = CALL_LOOKUP, .nodeid = parent))
		return;
	if (!rc) {
		reply_entry(&request, child, &st);
		return;
	}
	if (rc == -ENOENT && reply_created(&request, dir, name))
		return;
	rc = stale_by_name(&request, dir, rc);
	/* Names that are not there are asked for all the time. */
	if (rc != -ENOENT && request.fault.text[0])
		log_refusal(&request, dir, name, rc);
	reply_error(&request, rc);
}

static void ll_forget(fuse_req_t req, fuse_ino_t nodeid, uint64_t count)
{
	struct filesystem *fs = fuse_req_userdata(req);
	node_forget(fs->nodes, nodeid, count);
	fuse_reply_none(req);
}

static void ll_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct filesystem *fs = fuse_req_userdata(req);
	for (size_t i = 0; i < count; i++)
		node_forget(fs->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/*
 * A file that was removed is asked for only by who has it open: it has the text that was rendered
 * then, and no name.
 */
static int stat_removed(struct request *request, struct node *node, struct stat *st)
{
	if (!S_ISREG(node->kind->type) || !node_is_removed(request->fs->nodes, node))
		return -ESTALE;
	stat_mounter(request->fs, node, st);
	st->st_nlink = 0;
	st->st_size = node->size;
	return 0;
}

static int get_attr(struct request *request, struct node *node, struct stat *st)
{
	int rc = stale(stat_node(request, node, st));
	return rc == -ESTALE ? stat_removed(request, node, st) : rc;
}

static void reply_attr(struct request *request, struct node *node, const struct stat *st)
{
	node->size = st->st_size;
	node_retell(request->fs->nodes, node);
	fuse_reply_attr(request->req, st, attr_timeout(request->fs, node));
}

static void ll_getattr(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct node *node = node_of(&request, nodeid);
	struct stat st;
	int rc = get_attr(&request, node, &st);
	if (LANE_TAKES(&request, .kind = CALL_GETATTR, .nodeid = nodeid))
		return;
	if (rc)
		reply_status(&request, node, NULL, rc);
	else
		reply_attr(&request, node, &st);
}

/* For kinds that have nothing to set: what changes nothing succeeds, so that tools go on. */
static int setattr_nothing(struct request *request, struct node *node,
			   const struct attr_change *change)
{
	struct stat st;
	int rc = stat_node_for_lookup(request, node, &st);
	if (rc)
		return rc;
	const struct stat *attr = change->attr;
	bool changes = (change->valid & FUSE_SET_ATTR_MODE &&
			(attr->st_mode & 07777) != (st.st_mode & 07777)) ||
		       (change->valid & FUSE_SET_ATTR_UID && attr->st_uid != st.st_uid) ||
		       (change->valid & FUSE_SET_ATTR_GID && attr->st_gid != st.st_gid);
	if (changes)
		return fault_set(&request->fault, EPERM,
				 "owner and mode here are those of the pin, or else of the mount");
	return 0;
}

static void ll_setattr(fuse_req_t req, fuse_ino_t nodeid, struct stat *attr, int valid,
		       struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct node *node = node_of(&request, nodeid);
	struct attr_change change = {valid, attr, info ? file_of(info) : NULL};
	struct stat st;
	int rc = node->kind->setattr ? node->kind->setattr(&request, node, &change)
				     : setattr_nothing(&request, node, &change);
	if (!rc)
		rc = get_attr(&request, node, &st);
	if (LANE_TAKES(&request, .kind = CALL_SETATTR, .nodeid = nodeid, .attr = *attr,
		       .mask = valid, .info = info ? *info : (struct fuse_file_info){0},
		       .has_info = info))
		return;
	/* An ENOENT that is explained is the map's own: touch(1) of what it does not take. */
	if (rc == -ENOENT && request.fault.text[0])
		reply_status(&request, node, NULL, rc);
	else if (rc)
		reply_status(&request, node, NULL, stale(rc));
	else
		reply_attr(&request, node, &st);
}

/*
 * Asked only where the kernel does not check modes itself: on root's own mount, where root may do
 * everything but execute what nobody may.
 */
static void ll_access(fuse_req_t req, fuse_ino_t nodeid, int mask)
{
	struct request request = request_begin(req);
	struct node *node = node_of(&request, nodeid);
	struct stat st;
	/* The kernel believes a name for a while, also of a key that is open and was removed. */
	int rc = stale(stat_node_for_lookup(&request, node, &st));
	if (LANE_TAKES(&request, .kind = CALL_ACCESS, .nodeid = nodeid, .mask = mask))
		return;
	if (!rc && S_ISREG(node->kind->type) && mask & X_OK)
		rc = -EACCES;
	reply_error(&request, rc);
}

static void ll_readlink(fuse_req_t req, fuse_ino_t nodeid)
{
	struct request request = request_begin(req);
	struct node *node = node_of(&request, nodeid);
	struct buffer target = BUFFER_INIT;
	int rc = node->kind->target ? node->kind->target(&request, node, &target) : -EINVAL;
	if (!rc)
		rc = buffer_error(&target);
	if (rc)
		reply_status(&request, node, NULL, stale(rc));
	else
		fuse_reply_readlink(req, target.data);
	buffer_free(&target);
}

/* --- changes of directories --- */

/*
 * Replies with the entry that a successful change has made. Something of another type may have
 * been there all the time (removed.h), or have taken the name since: the kernel would call that
 * an I/O error.
 */
static void reply_made(struct request *request, struct node *dir, const char *name, mode_t type,
		       int rc)
{
	struct node *child;
	struct stat st;
	if (!rc)
		rc = dir_lookup(request, dir, name, &child, &st);
	/* A device is asked for keys alone, and they are neither directories nor symlinks. */
	if (request->needs.ifindex)
		rc = -EEXIST;
	if (!rc && (st.st_mode & S_IFMT) != type) {
		node_unref(request->fs->nodes, child);
		rc = -EEXIST;
	}
	if (rc)
		reply_status(request, dir, name, stale_by_name(request, dir, rc));
	else
		reply_entry(request, child, &st);
}

static void ll_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	int rc = 0;
	if (!removed_take(dir->ino, name, request.pid))
		rc = kind->mkdir ? kind->mkdir(&request, dir, name, mode)
				 : not_here(&request, "no directory can be made");
	reply_made(&request, dir, name, S_IFDIR, rc);
}

static void ll_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	reply_made(&request, dir, name, mode & S_IFMT,
		   kind->mknod ? kind->mknod(&request, dir, name, mode)
			       : not_here(&request, "no pipe, socket or device can be made"));
}

static void ll_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	int rc = 0;
	if (!removed_take(dir->ino, name, request.pid))
		rc = kind->symlink ? kind->symlink(&request, dir, target, name)
				   : not_here(&request, "no symlink can be made");
	reply_made(&request, dir, name, S_IFLNK, rc);
}

static void ll_link(fuse_req_t req, fuse_ino_t nodeid, fuse_ino_t new_parent, const char *new_name)
{
	struct request request = request_begin(req);
	reply_status(&request, node_of(&request, new_parent), new_name,
		     not_here(&request, "no hard link can be made"));
}

static void ll_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	int rc = kind->unlink ? kind->unlink(&request, dir, name)
			      : not_here(&request, "nothing can be removed");
	if (LANE_TAKES_NAMED(&request, name, .kind = CALL_UNLINK, .nodeid = parent))
		return;
	reply_status(&request, dir, name, stale_by_name(&request, dir, rc));
}

static void ll_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	int rc = kind->rmdir ? kind->rmdir(&request, dir, name)
			     : not_here(&request, "nothing can be removed");
	reply_status(&request, dir, name, stale_by_name(&request, dir, rc));
}

static void ll_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned flags)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, parent);
	const struct node_kind *kind = dir->kind;
	int rc;
	if (kind->rename)
		rc = kind->rename(&request, dir, name, node_of(&request, new_parent), new_name,
				  flags);
	else
		rc = not_here(&request, "nothing can be moved");
	reply_status(&request, dir, name, rc);
}

const struct fuse_lowlevel_ops operations = {
	.init = ll_init,
	.lookup = ll_lookup,
	.forget = ll_forget,
	.forget_multi = ll_forget_multi,
	.getattr = ll_getattr,
	.setattr = ll_setattr,
	.access = ll_access,
	.readlink = ll_readlink,
	.mknod = ll_mknod,
	.mkdir = ll_mkdir,
	.unlink = ll_unlink,
	.rmdir = ll_rmdir,
	.symlink = ll_symlink,
	.rename = ll_rename,
	.link = ll_link,
	.open = ll_open,
	.read = ll_read,
	.write = ll_write,
	.flush = ll_flush,
	.release = ll_release,
	.fsync = ll_fsync,
	.opendir = ll_opendir,
	.readdir = ll_readdir,
	.readdirplus = ll_readdirplus,
	.releasedir = ll_releasedir,
	.statfs = ll_statfs,
	.create = ll_create,
	.poll = ll_poll,
};
