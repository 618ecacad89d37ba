// SPDX-License-Identifier: BSD-2-Clause
/* Requests about nodes and names. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include "make.h"
#include "words.h"

bool make_lookup(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_ask_by_name(plan, message, FUSE_LOOKUP, asked, "", 0);
}

bool request_walk_on(struct plan *plan, struct message *message)
{
	const struct kernel *kernel = plan->kernel;
	const char *slash = strchrnul(plan->path, '/');
	struct asked step = {.node = kernel->newest};
	if (!step.node)
		return false; /* the last step failed */
	memcpy(step.name, plan->path, (size_t)(slash - plan->path));
	plan->path = *slash ? slash + 1 : NULL;
	return make_lookup(plan, message, &step);
}

bool make_walk(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct kernel *kernel = plan->kernel;
	plan->path = session_paths[asked->record.name % session_path_count];
	kernel->newest = &kernel->nodes[0];
	return request_walk_on(plan, message);
}

static bool may_forget(const struct known_node *node)
{
	return node->id != FUSE_ROOT_ID && node->lookups && !node->opened;
}

bool make_forget(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct known_node *node = asked->node;
	if (!may_forget(node))
		return false;
	const struct fuse_forget_in body = {
		.nlookup = asked->flags & 1 ? node->lookups : 1,
	};
	message_begin(plan, message, FUSE_FORGET, node->id, plan->kernel->next_unique += 2);
	message_put(message, &body, sizeof(body));
	kernel_forget(plan->kernel, node, body.nlookup);
	return true;
}

bool request_forget_many(struct plan *plan, struct message *message, unsigned most)
{
	struct kernel *kernel = plan->kernel;
	struct fuse_batch_forget_in body = {0};
	message_begin(plan, message, FUSE_BATCH_FORGET, 0, kernel->next_unique += 2);
	message_put(message, &body, sizeof(body));
	for (unsigned i = kernel->node_count; i > 1 && body.count < most; i--) {
		struct known_node *node = &kernel->nodes[i - 1];
		if (!may_forget(node))
			continue;
		const struct fuse_forget_one one = {node->id, node->lookups};
		message_put(message, &one, sizeof(one));
		kernel_forget(kernel, node, node->lookups);
		body.count++;
	}
	memcpy(message->bytes + sizeof(struct fuse_in_header), &body, sizeof(body));
	return body.count > 0;
}

bool make_batch_forget(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_forget_many(plan, message, 1 + asked->flags % KERNEL_NODES);
}

bool make_getattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct fuse_getattr_in body = {0};
	bool by_handle = asked->flags & 1 && asked->file;
	if (by_handle) {
		body.getattr_flags = FUSE_GETATTR_FH;
		body.fh = asked->file->fh;
	}
	return request_plain(plan, message, FUSE_GETATTR,
			     by_handle ? asked->file->nodeid : asked->node->id, &body,
			     sizeof(body));
}

bool make_setattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	static const uint32_t valid[] = {
		FATTR_SIZE,
		FATTR_MODE,
		FATTR_UID,
		FATTR_GID,
		FATTR_UID | FATTR_GID,
		FATTR_ATIME | FATTR_MTIME,
		FATTR_ATIME_NOW | FATTR_MTIME_NOW | FATTR_ATIME | FATTR_MTIME,
		FATTR_CTIME,
		FATTR_SIZE | FATTR_MTIME | FATTR_CTIME,
		FATTR_KILL_SUIDGID | FATTR_MODE,
		0,
	};
	struct fuse_setattr_in body = {
		.valid = valid[asked->flags / 2 % (sizeof(valid) / sizeof(valid[0]))],
		.size = asked->number & LLONG_MAX,
		.atime = asked->number,
		.mtime = asked->number,
		.atimensec = (uint32_t)asked->number % 1000000000,
		.mode = (uint32_t)asked->number & 07777,
		.uid = request_users[asked->record.other % 8],
		.gid = request_users[asked->record.text % 8],
	};
	bool by_handle = asked->flags & 1 && asked->file;
	if (by_handle) {
		body.valid |= FATTR_FH;
		body.fh = asked->file->fh;
	}
	return request_plain(plan, message, FUSE_SETATTR,
			     by_handle ? asked->file->nodeid : asked->node->id, &body,
			     sizeof(body));
}

bool make_readlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_plain(plan, message, FUSE_READLINK, asked->node->id, "", 0);
}

bool make_symlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	char target[KERNEL_NAME_MAX];
	size_t length =
		asked->text_length < sizeof(target) ? asked->text_length : sizeof(target) - 1;
	if (!request_ask_by_name(plan, message, FUSE_SYMLINK, asked, "", 0))
		return false;
	memcpy(target, asked->text, length);
	target[length] = '\0';
	message_put_name(message, *target ? target : "x");
	return true;
}

bool make_mknod(struct plan *plan, struct message *message, const struct asked *asked)
{
	static const uint32_t types[] = {S_IFREG, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR};
	const struct fuse_mknod_in body = {
		.mode = types[asked->flags % 5] | ((uint32_t)asked->number & 0777),
		.umask = 022,
	};
	struct pending *pending =
		request_ask(plan, message, FUSE_MKNOD, asked->node->id, NULL, asked->name);
	if (!pending)
		return false;
	pending->type = body.mode & S_IFMT;
	message_put(message, &body, sizeof(body));
	message_put_name(message, asked->name);
	return true;
}

bool make_mkdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_mkdir_in body = {
		.mode = (uint32_t)asked->number & 01777,
		.umask = 022,
	};
	return request_ask_by_name(plan, message, FUSE_MKDIR, asked, &body, sizeof(body));
}

bool make_unlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_ask_by_name(plan, message, FUSE_UNLINK, asked, "", 0);
}

bool make_rmdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_ask_by_name(plan, message, FUSE_RMDIR, asked, "", 0);
}

bool make_rename(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_rename_in body = {asked->other->id};
	if (!request_ask_by_name(plan, message, FUSE_RENAME, asked, &body, sizeof(body)))
		return false;
	message_put_name(message, asked->new_name);
	return true;
}

bool make_rename2(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_rename2_in body = {asked->other->id, asked->flags % 8, 0};
	if (!request_ask_by_name(plan, message, FUSE_RENAME2, asked, &body, sizeof(body)))
		return false;
	message_put_name(message, asked->new_name);
	return true;
}

bool make_link(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_link_in body = {asked->other->id};
	return request_ask_by_name(plan, message, FUSE_LINK, asked, &body, sizeof(body));
}

bool make_statfs(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_plain(plan, message, FUSE_STATFS, asked->node->id, "", 0);
}

bool make_setxattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	/* Without FUSE_SETXATTR_EXT in INIT the structure ends here. */
	const struct fuse_setxattr_in body = {.size = (uint32_t)asked->text_length,
					      .flags = asked->flags};
	if (!request_ask_by_name(plan, message, FUSE_SETXATTR, asked, &body,
				 FUSE_COMPAT_SETXATTR_IN_SIZE))
		return false;
	message_put(message, asked->text, asked->text_length);
	return true;
}

bool make_getxattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_getxattr_in body = {.size = request_read_size(asked)};
	if (asked->flags & 64)
		return request_ask_by_name(plan, message, FUSE_GETXATTR, asked, &body,
					   sizeof(body));
	if (asked->flags & 128)
		return request_ask_by_name(plan, message, FUSE_REMOVEXATTR, asked, "", 0);
	return request_plain(plan, message, FUSE_LISTXATTR, asked->node->id, &body, sizeof(body));
}

bool make_access(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_access_in body = {.mask = asked->flags};
	return request_plain(plan, message, FUSE_ACCESS, asked->node->id, &body, sizeof(body));
}

bool make_bmap(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_bmap_in body = {.block = asked->number, .blocksize = 4096};
	return request_plain(plan, message, FUSE_BMAP, asked->node->id, &body, sizeof(body));
}
