/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "requests.h"
#include "words.h"

static void put(struct message *message, const void *bytes, size_t length)
{
	memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
}

static void put_name(struct message *message, const char *name)
{
	put(message, name, strlen(name) + 1);
}

static const uint32_t users[] = {0, 0, 0, 0, 0, 0, 1000, 65534};

static void begin(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		  uint64_t unique)
{
	const struct fuse_in_header header = {
		.opcode = opcode,
		.unique = unique,
		.nodeid = nodeid,
		.uid = users[plan->requests % 8],
		.gid = users[plan->requests % 8],
		.pid = plan->pid,
	};
	message->length = 0;
	put(message, &header, sizeof(header));
}

/* With an answer to come. */
static struct pending *ask(struct plan *plan, struct message *message, uint32_t opcode,
			   uint64_t nodeid, struct known_handle *handle, const char *name)
{
	struct pending *pending = kernel_expect(plan->kernel, opcode, nodeid, handle);
	if (!pending)
		return NULL;
	snprintf(pending->name, sizeof(pending->name), "%s", name ? name : "");
	begin(plan, message, opcode, nodeid, pending->unique);
	return pending;
}

void request_end(struct plan *plan, struct message *message)
{
	struct fuse_in_header *header = (struct fuse_in_header *)message->bytes;
	header->len = (uint32_t)message->length;
	if (!plan->kernel->trace)
		return;
	fprintf(stderr, "%llu: %s node %llx, %zu bytes:", (unsigned long long)header->unique,
		session_opcode_name(header->opcode), (unsigned long long)header->nodeid,
		message->length);
	for (size_t i = sizeof(*header); i < message->length && i < 200; i++) {
		int c = message->bytes[i];
		fprintf(stderr, c > 32 && c < 127 ? " %c" : " %02x", c);
	}
	fputc('\n', stderr);
}

/* Requests without fields of their own. */
bool request_plain(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		   const void *body, size_t length)
{
	if (!ask(plan, message, opcode, nodeid, NULL, NULL))
		return false;
	put(message, body, length);
	return true;
}

static bool ask_by_name(struct plan *plan, struct message *message, uint32_t opcode,
			const struct asked *asked, const void *body, size_t length)
{
	if (!ask(plan, message, opcode, asked->node->id, NULL, asked->name))
		return false;
	put(message, body, length);
	put_name(message, asked->name);
	return true;
}

/* --- the operations; false: nothing to send --- */

static bool make_lookup(struct plan *plan, struct message *message, const struct asked *asked)
{
	return ask_by_name(plan, message, FUSE_LOOKUP, asked, "", 0);
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

static bool make_walk(struct plan *plan, struct message *message, const struct asked *asked)
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

static bool make_forget(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct known_node *node = asked->node;
	if (!may_forget(node))
		return false;
	const struct fuse_forget_in body = {
		.nlookup = asked->flags & 1 ? node->lookups : 1,
	};
	begin(plan, message, FUSE_FORGET, node->id, plan->kernel->next_unique += 2);
	put(message, &body, sizeof(body));
	kernel_forget(plan->kernel, node, body.nlookup);
	return true;
}

bool request_forget_many(struct plan *plan, struct message *message, unsigned most)
{
	struct kernel *kernel = plan->kernel;
	struct fuse_batch_forget_in body = {0};
	begin(plan, message, FUSE_BATCH_FORGET, 0, kernel->next_unique += 2);
	put(message, &body, sizeof(body));
	for (unsigned i = kernel->node_count; i > 1 && body.count < most; i--) {
		struct known_node *node = &kernel->nodes[i - 1];
		if (!may_forget(node))
			continue;
		const struct fuse_forget_one one = {node->id, node->lookups};
		put(message, &one, sizeof(one));
		kernel_forget(kernel, node, node->lookups);
		body.count++;
	}
	memcpy(message->bytes + sizeof(struct fuse_in_header), &body, sizeof(body));
	return body.count > 0;
}

static bool make_batch_forget(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_forget_many(plan, message, 1 + asked->flags % KERNEL_NODES);
}

static bool make_getattr(struct plan *plan, struct message *message, const struct asked *asked)
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

static bool make_setattr(struct plan *plan, struct message *message, const struct asked *asked)
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
		.uid = users[asked->record.other % 8],
		.gid = users[asked->record.text % 8],
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

static bool make_readlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_plain(plan, message, FUSE_READLINK, asked->node->id, "", 0);
}

static bool make_symlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	char target[KERNEL_NAME_MAX];
	size_t length =
		asked->text_length < sizeof(target) ? asked->text_length : sizeof(target) - 1;
	if (!ask_by_name(plan, message, FUSE_SYMLINK, asked, "", 0))
		return false;
	memcpy(target, asked->text, length);
	target[length] = '\0';
	put_name(message, *target ? target : "x");
	return true;
}

static bool make_mknod(struct plan *plan, struct message *message, const struct asked *asked)
{
	static const uint32_t types[] = {S_IFREG, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR};
	const struct fuse_mknod_in body = {
		.mode = types[asked->flags % 5] | ((uint32_t)asked->number & 0777),
		.umask = 022,
	};
	struct pending *pending =
		ask(plan, message, FUSE_MKNOD, asked->node->id, NULL, asked->name);
	if (!pending)
		return false;
	pending->type = body.mode & S_IFMT;
	put(message, &body, sizeof(body));
	put_name(message, asked->name);
	return true;
}

static bool make_mkdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_mkdir_in body = {
		.mode = (uint32_t)asked->number & 01777,
		.umask = 022,
	};
	return ask_by_name(plan, message, FUSE_MKDIR, asked, &body, sizeof(body));
}

static bool make_unlink(struct plan *plan, struct message *message, const struct asked *asked)
{
	return ask_by_name(plan, message, FUSE_UNLINK, asked, "", 0);
}

static bool make_rmdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	return ask_by_name(plan, message, FUSE_RMDIR, asked, "", 0);
}

static bool make_rename(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_rename_in body = {asked->other->id};
	if (!ask_by_name(plan, message, FUSE_RENAME, asked, &body, sizeof(body)))
		return false;
	put_name(message, asked->new_name);
	return true;
}

static bool make_rename2(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_rename2_in body = {asked->other->id, asked->flags % 8, 0};
	if (!ask_by_name(plan, message, FUSE_RENAME2, asked, &body, sizeof(body)))
		return false;
	put_name(message, asked->new_name);
	return true;
}

static bool make_link(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_link_in body = {asked->other->id};
	return ask_by_name(plan, message, FUSE_LINK, asked, &body, sizeof(body));
}

static uint32_t open_flags(uint32_t choice)
{
	static const uint32_t flags[] = {
		O_RDONLY,
		O_WRONLY,
		O_RDWR,
		O_WRONLY | O_TRUNC,
		O_WRONLY | O_APPEND,
		O_RDWR | O_TRUNC,
		O_RDONLY | O_NONBLOCK,
		O_RDONLY | O_TRUNC,
		O_WRONLY | O_EXCL,
		O_RDWR | O_APPEND | O_NONBLOCK,
		O_ACCMODE,
	};
	return flags[choice % (sizeof(flags) / sizeof(flags[0]))];
}

static bool make_open(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_open_in body = {.flags = open_flags(asked->flags)};
	return kernel_may_open(plan->kernel) &&
	       request_plain(plan, message, FUSE_OPEN, asked->node->id, &body, sizeof(body));
}

static bool make_opendir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_open_in body = {.flags = O_RDONLY | O_DIRECTORY};
	return kernel_may_open(plan->kernel) &&
	       request_plain(plan, message, FUSE_OPENDIR, asked->node->id, &body, sizeof(body));
}

static bool make_create(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_create_in body = {
		.flags = open_flags(asked->flags) | O_CREAT,
		.mode = S_IFREG | ((uint32_t)asked->number & 07777),
		.umask = 022,
	};
	return kernel_may_open(plan->kernel) &&
	       ask_by_name(plan, message, FUSE_CREATE, asked, &body, sizeof(body));
}

/* A request about an open file. */
static bool ask_handle(struct plan *plan, struct message *message, uint32_t opcode,
		       struct known_handle *handle, const void *body, size_t length, uint32_t size)
{
	struct pending *pending =
		handle ? ask(plan, message, opcode, handle->nodeid, handle, NULL) : NULL;
	if (!pending)
		return false;
	pending->size = size;
	put(message, body, length);
	return true;
}

static uint64_t position(const struct asked *asked, size_t size)
{
	uint64_t last = LLONG_MAX - size;
	return asked->number < last ? asked->number : last;
}

static uint32_t read_size(const struct asked *asked)
{
	static const uint32_t sizes[] = {4096, 131072, 1, 8, 17, 512, READ_MAX, 4097};
	return sizes[asked->flags % 8];
}

static bool make_read(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_read_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.size = read_size(asked),
		.offset = position(asked, READ_MAX),
		.flags = asked->record.text & 1 ? O_NONBLOCK : 0,
	};
	return ask_handle(plan, message, FUSE_READ, asked->file, &body, sizeof(body), body.size);
}

/* A device that sleeps long would only be a slow fuzzer. */
static size_t text_limit(const struct plan *plan, const struct asked *asked)
{
	const struct kernel *kernel = plan->kernel;
	for (unsigned i = 0; asked->file && i < kernel->node_count; i++)
		if (kernel->nodes[i].lookups && kernel->nodes[i].id == asked->file->nodeid &&
		    !strcmp(kernel->nodes[i].name, "latency_us"))
			return asked->text_length < 2 ? asked->text_length : 2;
	return asked->text_length;
}

/* write(2) of nothing does not reach a filesystem. */
static bool make_write(struct plan *plan, struct message *message, const struct asked *asked)
{
	size_t length = text_limit(plan, asked);
	const struct fuse_write_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.size = (uint32_t)length,
		.offset = position(asked, length),
		.flags = asked->flags & 1 ? O_APPEND : 0,
	};
	if (!length ||
	    !ask_handle(plan, message, FUSE_WRITE, asked->file, &body, sizeof(body), body.size))
		return false;
	put(message, asked->text, length);
	return true;
}

static bool interrupt(struct plan *plan, struct message *message, const struct pending *waiting)
{
	const struct fuse_interrupt_in body = {waiting->unique};
	plan->interruptions++;
	begin(plan, message, FUSE_INTERRUPT, 0, waiting->unique | 1);
	put(message, &body, sizeof(body));
	return true;
}

/* The VFS holds the file while a request on it runs: that one ends first. */
bool request_release(struct plan *plan, struct message *message, struct known_handle *handle)
{
	struct pending waiting;
	if (!handle)
		return false;
	if (kernel_unanswered(plan->kernel, handle, &waiting)) {
		interrupt(plan, message, &waiting);
		plan->awaited = waiting.unique;
		return true;
	}
	const struct fuse_release_in body = {.fh = handle->fh};
	uint32_t opcode = handle->directory ? FUSE_RELEASEDIR : FUSE_RELEASE;
	kernel_release(plan->kernel, handle);
	return request_plain(plan, message, opcode, handle->nodeid, &body, sizeof(body));
}

static bool make_release(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_release(plan, message,
			       asked->flags & 1 && asked->directory ? asked->directory
								    : asked->file);
}

static bool make_flush(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_flush_in body = {.fh = asked->file ? asked->file->fh : 0};
	return ask_handle(plan, message, FUSE_FLUSH, asked->file, &body, sizeof(body), 0);
}

static bool make_fsync(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct known_handle *handle = asked->flags & 1 ? asked->directory : asked->file;
	const struct fuse_fsync_in body = {.fh = handle ? handle->fh : 0};
	return ask_handle(plan, message, asked->flags & 1 ? FUSE_FSYNCDIR : FUSE_FSYNC, handle,
			  &body, sizeof(body), 0);
}

static bool make_readdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_read_in body = {
		.fh = asked->directory ? asked->directory->fh : 0,
		.size = read_size(asked),
		.offset = position(asked, 0),
	};
	uint32_t opcode = asked->record.text & 1 ? FUSE_READDIRPLUS : FUSE_READDIR;
	return ask_handle(plan, message, opcode, asked->directory, &body, sizeof(body), body.size);
}

static bool make_statfs(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_plain(plan, message, FUSE_STATFS, asked->node->id, "", 0);
}

static bool make_setxattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	/* Without FUSE_SETXATTR_EXT in INIT the structure ends here. */
	const struct fuse_setxattr_in body = {.size = (uint32_t)asked->text_length,
					      .flags = asked->flags};
	if (!ask_by_name(plan, message, FUSE_SETXATTR, asked, &body, FUSE_COMPAT_SETXATTR_IN_SIZE))
		return false;
	put(message, asked->text, asked->text_length);
	return true;
}

static bool make_getxattr(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_getxattr_in body = {.size = read_size(asked)};
	if (asked->flags & 64)
		return ask_by_name(plan, message, FUSE_GETXATTR, asked, &body, sizeof(body));
	if (asked->flags & 128)
		return ask_by_name(plan, message, FUSE_REMOVEXATTR, asked, "", 0);
	return request_plain(plan, message, FUSE_LISTXATTR, asked->node->id, &body, sizeof(body));
}

static bool make_access(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_access_in body = {.mask = asked->flags};
	return request_plain(plan, message, FUSE_ACCESS, asked->node->id, &body, sizeof(body));
}

static bool make_bmap(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_bmap_in body = {.block = asked->number, .blocksize = 4096};
	return request_plain(plan, message, FUSE_BMAP, asked->node->id, &body, sizeof(body));
}

static bool make_lock(struct plan *plan, struct message *message, const struct asked *asked)
{
	static const uint32_t opcodes[] = {FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW};
	const struct fuse_lk_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.lk = {.end = asked->number, .type = F_WRLCK},
		.lk_flags = asked->flags & 1,
	};
	return ask_handle(plan, message, opcodes[asked->record.text % 3], asked->file, &body,
			  sizeof(body), 0);
}

static bool make_ioctl(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_ioctl_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.flags = asked->flags,
		.cmd = (uint32_t)asked->number,
		.in_size = (uint32_t)asked->text_length,
		.out_size = 64,
	};
	if (!ask_handle(plan, message, FUSE_IOCTL, asked->file, &body, sizeof(body), 0))
		return false;
	put(message, asked->text, asked->text_length);
	return true;
}

static bool make_poll(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_poll_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.kh = asked->number,
		.flags = asked->flags & FUSE_POLL_SCHEDULE_NOTIFY,
		.events = POLLIN | POLLOUT,
	};
	return ask_handle(plan, message, FUSE_POLL, asked->file, &body, sizeof(body), 0);
}

static bool make_fallocate(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_fallocate_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.length = asked->number & LLONG_MAX,
		.mode = asked->flags,
	};
	return ask_handle(plan, message, FUSE_FALLOCATE, asked->file, &body, sizeof(body), 0);
}

static bool make_lseek(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_lseek_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.offset = position(asked, 0),
		.whence = SEEK_DATA,
	};
	return ask_handle(plan, message, FUSE_LSEEK, asked->file, &body, sizeof(body), 0);
}

static bool make_copy(struct plan *plan, struct message *message, const struct asked *asked)
{
	uint64_t fh = asked->file ? asked->file->fh : 0;
	const struct fuse_copy_file_range_in body = {
		.fh_in = fh,
		.fh_out = fh,
		.nodeid_out = asked->file ? asked->file->nodeid : 0,
		.len = 8,
	};
	return ask_handle(plan, message, FUSE_COPY_FILE_RANGE, asked->file, &body, sizeof(body), 0);
}

static bool make_interrupt(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct pending waiting;
	return kernel_unanswered(plan->kernel, NULL, &waiting) &&
	       interrupt(plan, message, &waiting);
}

/* What this libfuse has never heard of. */
static bool make_unknown(struct plan *plan, struct message *message, const struct asked *asked)
{
	uint32_t opcode = FUSE_SETUPMAPPING + asked->flags;
	return request_plain(plan, message, opcode, asked->node->id, asked->text,
			     asked->text_length);
}

typedef bool make(struct plan *plan, struct message *message, const struct asked *asked);
/* What matters most comes more than once. */
static make *const operations[] = {
	make_walk,    make_walk,    make_walk,	       make_walk,     make_lookup,
	make_lookup,  make_open,    make_open,	       make_open,     make_read,
	make_read,    make_write,   make_write,	       make_write,    make_write,
	make_create,  make_create,  make_create,       make_opendir,  make_readdir,
	make_readdir, make_unlink,  make_unlink,       make_rmdir,    make_mkdir,
	make_rename,  make_rename2, make_setattr,      make_getattr,  make_release,
	make_flush,   make_forget,  make_batch_forget, make_readlink, make_symlink,
	make_mknod,   make_link,    make_statfs,       make_setxattr, make_getxattr,
	make_access,  make_bmap,    make_lock,	       make_ioctl,    make_poll,
	make_poll,    make_fsync,   make_interrupt,    make_lseek,    make_fallocate,
	make_copy,    make_unknown,
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

bool request_of(struct plan *plan, struct message *message, const struct asked *asked)
{
	return operations[asked->record.operation % OPERATIONS](plan, message, asked);
}

bool request_init(struct plan *plan, struct message *message, uint8_t choice)
{
	/* The kernel's own numbers, then what libfuse's conversations with older ones were. */
	static const uint32_t minors[] = {FUSE_KERNEL_MINOR_VERSION, 45, 31, 23, 12};
	uint32_t flags = ~(uint32_t)(FUSE_SETXATTR_EXT);
	struct fuse_init_in body = {
		.major = FUSE_KERNEL_VERSION,
		.minor = minors[choice % 5],
		.max_readahead = 131072,
		.flags = choice & 128 ? 0 : flags,
	};
	return request_plain(plan, message, FUSE_INIT, 0, &body, sizeof(body));
}
