// SPDX-License-Identifier: BSD-2-Clause
#include "reply.h"

#include <errno.h>
#include <bpfuse/explain.h>
#include "error_log.h"
#include "session.h"
#include "stat.h"

/* What nobody would ask "why" of: a name that is not there, mv(1)'s first try, an interruption. */
static bool is_ordinary(const struct request *request, int rc)
{
	return rc == -ESTALE || rc == -EINTR || rc == -EAGAIN ||
	       ((rc == -ENOENT || rc == -EXDEV) && !request->fault.text[0]);
}

void log_refusal(struct request *request, struct node *node, const char *name, int rc)
{
	if (is_ordinary(request, rc))
		return;
	cleanup_free char *path = node_path(request->fs->nodes, node, name);
	error_log_add(request->fs->log, request->pid, path ? path : "", request->fault.text,
		      -error_for_user(rc));
}

void reply_error(struct request *request, int rc)
{
	/* Nobody has a signal: the mount goes away, as for who was not even read. */
	if (rc == -EINTR && request->fs->ending)
		rc = -ECONNABORTED;
	fuse_reply_err(request->req, -error_for_user(rc));
}

void reply_status(struct request *request, struct node *node, const char *name, int rc)
{
	if (rc)
		log_refusal(request, node, name, rc);
	reply_error(request, rc);
}

int not_here(struct request *request, const char *what)
{
	return fault_set(&request->fault, EPERM, "%s here", what);
}

int stale(int rc)
{
	return rc == -ENOENT ? -ESTALE : rc;
}

int stale_by_name(struct request *request, struct node *dir, int rc)
{
	struct stat owner;
	if (rc != -ENOENT && rc != -ESTALE)
		return rc;
	if (!request->identified && object_owner(dir) && stat_owner(request, dir, &owner))
		return -ESTALE;
	return -ENOENT;
}

static bool is_cached(const struct node *node)
{
	return node->kind->flags & KIND_CACHED && !node->uncached;
}

static double entry_timeout(const struct filesystem *fs, const struct node *node)
{
	if (!is_cached(node))
		return 0;
	return fs->options.timeout == TIMEOUT_NOT_GIVEN ? SESSION_TIMEOUT : fs->options.timeout;
}

double attr_timeout(const struct filesystem *fs, const struct node *node)
{
	if (is_cached(node) && fs->options.timeout > SESSION_TIMEOUT_MIN)
		return fs->options.timeout;
	return SESSION_TIMEOUT_MIN;
}

void fill_entry(const struct filesystem *fs, struct node *node, const struct stat *st,
		struct fuse_entry_param *entry)
{
	node->size = st->st_size;
	bool sized = !(node->kind->flags & KIND_LAZY_SIZE);
	*entry = (struct fuse_entry_param){
		.ino = node_id(fs->nodes, node),
		.generation = node->generation,
		.attr = *st,
		.attr_timeout = sized ? attr_timeout(fs, node) : 0,
		.entry_timeout = entry_timeout(fs, node),
	};
}

void reply_entry_for(struct request *request, struct node *child, const struct stat *st,
		     double timeout)
{
	struct node_table *nodes = request->fs->nodes;
	struct fuse_entry_param entry;
	fill_entry(request->fs, child, st, &entry);
	entry.entry_timeout = timeout;
	node_remember(nodes, child);
	if (fuse_reply_entry(request->req, &entry))
		node_forget(nodes, entry.ino, 1);
	node_unref(nodes, child);
}

void reply_entry(struct request *request, struct node *child, const struct stat *st)
{
	reply_entry_for(request, child, st, entry_timeout(request->fs, child));
}
