// SPDX-License-Identifier: BSD-2-Clause
/* Requests that open, about what is open, and those that end a wait. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "make.h"

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

bool make_open(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_open_in body = {.flags = open_flags(asked->flags)};
	return kernel_may_open(plan->kernel) &&
	       request_plain(plan, message, FUSE_OPEN, asked->node->id, &body, sizeof(body));
}

bool make_opendir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_open_in body = {.flags = O_RDONLY | O_DIRECTORY};
	return kernel_may_open(plan->kernel) &&
	       request_plain(plan, message, FUSE_OPENDIR, asked->node->id, &body, sizeof(body));
}

bool make_create(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_create_in body = {
		.flags = open_flags(asked->flags) | O_CREAT,
		.mode = S_IFREG | ((uint32_t)asked->number & 07777),
		.umask = 022,
	};
	return kernel_may_open(plan->kernel) &&
	       request_ask_by_name(plan, message, FUSE_CREATE, asked, &body, sizeof(body));
}

static uint64_t position(const struct asked *asked, size_t size)
{
	uint64_t last = LLONG_MAX - size;
	return asked->number < last ? asked->number : last;
}

bool make_read(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_read_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.size = request_read_size(asked),
		.offset = position(asked, READ_MAX),
		.flags = asked->record.text & 1 ? O_NONBLOCK : 0,
	};
	return request_ask_handle(plan, message, FUSE_READ, asked->file, &body, sizeof(body),
				  body.size);
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
bool make_write(struct plan *plan, struct message *message, const struct asked *asked)
{
	size_t length = text_limit(plan, asked);
	const struct fuse_write_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.size = (uint32_t)length,
		.offset = position(asked, length),
		.flags = asked->flags & 1 ? O_APPEND : 0,
	};
	if (!length || !request_ask_handle(plan, message, FUSE_WRITE, asked->file, &body,
					   sizeof(body), body.size))
		return false;
	message_put(message, asked->text, length);
	return true;
}

static bool interrupt(struct plan *plan, struct message *message, const struct pending *waiting)
{
	const struct fuse_interrupt_in body = {waiting->unique};
	plan->interruptions++;
	message_begin(plan, message, FUSE_INTERRUPT, 0, waiting->unique | 1);
	message_put(message, &body, sizeof(body));
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

bool make_release(struct plan *plan, struct message *message, const struct asked *asked)
{
	return request_release(plan, message,
			       asked->flags & 1 && asked->directory ? asked->directory
								    : asked->file);
}

bool make_flush(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_flush_in body = {.fh = asked->file ? asked->file->fh : 0};
	return request_ask_handle(plan, message, FUSE_FLUSH, asked->file, &body, sizeof(body), 0);
}

bool make_fsync(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct known_handle *handle = asked->flags & 1 ? asked->directory : asked->file;
	const struct fuse_fsync_in body = {.fh = handle ? handle->fh : 0};
	return request_ask_handle(plan, message, asked->flags & 1 ? FUSE_FSYNCDIR : FUSE_FSYNC,
				  handle, &body, sizeof(body), 0);
}

bool make_readdir(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_read_in body = {
		.fh = asked->directory ? asked->directory->fh : 0,
		.size = request_read_size(asked),
		.offset = position(asked, 0),
	};
	uint32_t opcode = asked->record.text & 1 ? FUSE_READDIRPLUS : FUSE_READDIR;
	return request_ask_handle(plan, message, opcode, asked->directory, &body, sizeof(body),
				  body.size);
}

bool make_lock(struct plan *plan, struct message *message, const struct asked *asked)
{
	static const uint32_t opcodes[] = {FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW};
	const struct fuse_lk_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.lk = {.end = asked->number, .type = F_WRLCK},
		.lk_flags = asked->flags & 1,
	};
	return request_ask_handle(plan, message, opcodes[asked->record.text % 3], asked->file,
				  &body, sizeof(body), 0);
}

bool make_ioctl(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_ioctl_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.flags = asked->flags,
		.cmd = (uint32_t)asked->number,
		.in_size = (uint32_t)asked->text_length,
		.out_size = 64,
	};
	if (!request_ask_handle(plan, message, FUSE_IOCTL, asked->file, &body, sizeof(body), 0))
		return false;
	message_put(message, asked->text, asked->text_length);
	return true;
}

bool make_poll(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_poll_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.kh = asked->number,
		.flags = asked->flags & FUSE_POLL_SCHEDULE_NOTIFY,
		.events = POLLIN | POLLOUT,
	};
	return request_ask_handle(plan, message, FUSE_POLL, asked->file, &body, sizeof(body), 0);
}

bool make_fallocate(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_fallocate_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.length = asked->number & LLONG_MAX,
		.mode = asked->flags,
	};
	return request_ask_handle(plan, message, FUSE_FALLOCATE, asked->file, &body, sizeof(body),
				  0);
}

bool make_lseek(struct plan *plan, struct message *message, const struct asked *asked)
{
	const struct fuse_lseek_in body = {
		.fh = asked->file ? asked->file->fh : 0,
		.offset = position(asked, 0),
		.whence = SEEK_DATA,
	};
	return request_ask_handle(plan, message, FUSE_LSEEK, asked->file, &body, sizeof(body), 0);
}

bool make_copy(struct plan *plan, struct message *message, const struct asked *asked)
{
	uint64_t fh = asked->file ? asked->file->fh : 0;
	const struct fuse_copy_file_range_in body = {
		.fh_in = fh,
		.fh_out = fh,
		.nodeid_out = asked->file ? asked->file->nodeid : 0,
		.len = 8,
	};
	return request_ask_handle(plan, message, FUSE_COPY_FILE_RANGE, asked->file, &body,
				  sizeof(body), 0);
}

bool make_interrupt(struct plan *plan, struct message *message, const struct asked *asked)
{
	struct pending waiting;
	return kernel_unanswered(plan->kernel, NULL, &waiting) &&
	       interrupt(plan, message, &waiting);
}
