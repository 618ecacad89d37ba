// SPDX-License-Identifier: BSD-2-Clause
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <bpfuse/explain.h>
#include "file.h"
#include "object.h"

/* A read(2) that has not been answered. */
struct waiter {
	struct waiter *next;
	fuse_req_t req;
	size_t size;
	struct waiting waiting;
};

struct stream_file {
	struct file *file;
	struct stream *stream;
	const struct backend_ops *backend;
	pthread_t thread;
	int wake; /* an eventfd: there is something to do beside the records */
	bool stopping;
	pthread_mutex_t lock;	/* of what follows */
	struct waiter *waiters; /* the oldest first */
	struct fuse_pollhandle *poll;
	struct buffer ready; /* lines that did not fit into the last read */
};

static void wake(struct stream_file *reader)
{
	const uint64_t one = 1;
	(void)!write(reader->wake, &one, sizeof(one));
}

static void print_record(struct stream_file *reader, const void *record, size_t length)
{
	buffer_append_string(&reader->ready, "\"hex-");
	buffer_append_hex(&reader->ready, record, length);
	buffer_append_string(&reader->ready, "\"\n");
}

/* Under the lock: lines, until there are `size` bytes or no more records. -EAGAIN: nothing. */
static int fetch(struct stream_file *reader, size_t size)
{
	int rc = 0;
	while (!rc && reader->ready.length < size) {
		void *record = NULL;
		size_t length = 0;
		uint64_t lost = 0;
		rc = reader->backend->stream_read(reader->stream, &record, &length, &lost);
		if (lost)
			buffer_append_format(&reader->ready, "{\"lost\":%" PRIu64 "}\n", lost);
		if (!rc)
			print_record(reader, record, length);
		free(record);
	}
	if (reader->ready.length)
		return buffer_error(&reader->ready);
	return rc;
}

static void take_ready(struct stream_file *reader, size_t length)
{
	struct buffer *ready = &reader->ready;
	memmove(ready->data, ready->data + length, ready->length - length);
	ready->length -= length;
}

/* Whole lines, unless not even one fits: what the reader loses by dying is never half a line. */
static size_t whole_lines(const struct buffer *ready, size_t size)
{
	if (ready->length <= size)
		return ready->length;
	const char *end = memrchr(ready->data, '\n', size);
	return end ? (size_t)(end - ready->data) + 1 : size;
}

/* Under the lock. false: it has to wait on. */
static bool answer(struct stream_file *reader, struct waiter *waiter)
{
	bool given_up = request_given_up(waiter->req, &waiter->waiting);
	int rc = given_up ? -EINTR : fetch(reader, waiter->size);
	if (rc == -EAGAIN)
		return false;
	/* Waits for a call of interrupted() that is under way. */
	fuse_req_interrupt_func(waiter->req, NULL, NULL);
	if (rc) {
		fuse_reply_err(waiter->req, -error_for_user(rc));
		return true;
	}
	size_t length = whole_lines(&reader->ready, waiter->size);
	fuse_reply_buf(waiter->req, reader->ready.data, length);
	take_ready(reader, length);
	return true;
}

static void answer_waiters(struct stream_file *reader)
{
	struct waiter **link = &reader->waiters;
	while (*link) {
		struct waiter *waiter = *link;
		if (!answer(reader, waiter)) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		free(waiter);
	}
}

static void tell_poller(struct stream_file *reader)
{
	if (!reader->poll || fetch(reader, 1) == -EAGAIN)
		return;
	fuse_lowlevel_notify_poll(reader->poll);
	fuse_pollhandle_destroy(move_ptr(reader->poll));
}

#define LOOK_MS 1000 /* request_given_up() */

/* While nobody waits, the records are left alone, and so is the processor. */
static void *stream_run(void *argument)
{
	struct stream_file *reader = argument;
	pthread_mutex_lock(&reader->lock);
	while (!reader->stopping) {
		bool waits = reader->waiters, wanted = waits || reader->poll;
		struct pollfd fds[2] = {
			{.fd = reader->wake, .events = POLLIN},
			{.fd = wanted ? reader->backend->stream_poll_fd(reader->stream) : -1,
			 .events = POLLIN},
		};
		pthread_mutex_unlock(&reader->lock);
		poll(fds, 2, waits ? LOOK_MS : -1);
		pthread_mutex_lock(&reader->lock);
		if (fds[0].revents) {
			uint64_t count;
			(void)!read(reader->wake, &count, sizeof(count));
		}
		answer_waiters(reader);
		tell_poller(reader);
	}
	pthread_mutex_unlock(&reader->lock);
	return NULL;
}

static int reader_start(struct file *file, struct stream *stream)
{
	struct stream_file *reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->file = file;
	reader->stream = stream;
	reader->backend = file->object->handle->backend->ops;
	reader->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&reader->lock, NULL);
	int rc = reader->wake < 0 ? errno
				  : pthread_create(&reader->thread, NULL, stream_run, reader);
	if (rc) {
		if (reader->wake >= 0)
			close(reader->wake);
		free(reader);
		return -rc;
	}
	file->state = reader;
	return 0;
}

static int stream_file_open(struct request *request, struct file *file)
{
	struct stream *stream;
	if (!request->fs->options.streams)
		return fault_set(&request->fault, EPERM,
				 "reading takes the records from their real reader: mount with "
				 "-o streams to allow it");
	int rc = file_hold_object(request, file);
	if (!rc)
		rc = stream_open(file->object->handle, &stream);
	if (rc)
		return rc;
	rc = reader_start(file, stream);
	if (rc)
		file->object->handle->backend->ops->stream_close(stream);
	return rc;
}

static void interrupted(fuse_req_t req, void *data)
{
	wake(data);
}

static int stream_file_wait(struct request *request, struct file *file, size_t size, int flags)
{
	struct stream_file *reader = file->state;
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return -ENOMEM;
	waiter->req = request->req;
	waiter->size = size;
	waiter->waiting.pid = request->pid;
	pthread_mutex_lock(&reader->lock);
	bool answered = !reader->waiters && answer(reader, waiter);
	if (!answered && flags & O_NONBLOCK) {
		pthread_mutex_unlock(&reader->lock);
		free(waiter);
		return -EAGAIN;
	}
	if (answered) {
		free(waiter);
	} else {
		struct waiter **link = &reader->waiters;
		while (*link)
			link = &(*link)->next;
		*link = waiter;
		fuse_req_interrupt_func(request->req, interrupted, reader);
		wake(reader);
	}
	pthread_mutex_unlock(&reader->lock);
	return 0;
}

static int stream_file_poll(struct request *request, struct file *file,
			    struct fuse_pollhandle *handle, unsigned *events)
{
	struct stream_file *reader = file->state;
	pthread_mutex_lock(&reader->lock);
	/* An error is there to be read, too. */
	*events = fetch(reader, 1) == -EAGAIN ? 0 : POLLIN;
	if (handle) {
		if (reader->poll)
			fuse_pollhandle_destroy(reader->poll);
		reader->poll = handle;
		wake(reader);
	}
	pthread_mutex_unlock(&reader->lock);
	return 0;
}

static void stream_file_release(struct filesystem *fs, struct file *file)
{
	struct stream_file *reader = file->state;
	if (!reader)
		return;
	pthread_mutex_lock(&reader->lock);
	reader->stopping = true;
	pthread_mutex_unlock(&reader->lock);
	wake(reader);
	pthread_join(reader->thread, NULL);
	if (reader->poll)
		fuse_pollhandle_destroy(reader->poll);
	reader->backend->stream_close(reader->stream);
	buffer_free(&reader->ready);
	pthread_mutex_destroy(&reader->lock);
	close(reader->wake);
	free(reader);
}

static const struct file_ops stream_file_ops = {
	.open = stream_file_open,
	.wait = stream_file_wait,
	.poll = stream_file_poll,
	.release = stream_file_release,
	.stream = true,
};

static bool is_stream(const struct object *map)
{
	return map_type_get(map->info.type)->access == MAP_STREAM;
}

const struct node_kind kind_stream = {
	.name = "stream",
	.type = S_IFREG,
	.mode = 0444,
	.present = is_stream,
	.file = &stream_file_ops,
};

/* --- user_ringbuf: push --- */

static bool is_push_only(const struct object *map)
{
	return map_type_get(map->info.type)->access == MAP_PUSH_ONLY;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal bytes as the codec takes them: "hex-0a0b" with or without quotes, 0a 0b. */
static int parse_record(struct request *request, const char *text, size_t length,
			struct buffer *record)
{
	length = text_trim(&text, length);
	if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
		text++;
		length -= 2;
	}
	if (length >= 4 && memcmp(text, "hex-", 4) == 0) {
		text += 4;
		length -= 4;
	}
	for (size_t i = 0; i < length; i += 2) {
		while (text[i] == ' ')
			i++;
		int high = hex_value(text[i]);
		int low = i + 1 < length ? hex_value(text[i + 1]) : -1;
		if (high < 0 || low < 0)
			return fault_set(&request->fault, EINVAL,
					 "expected bytes in hexadecimal, such as hex-0a0b, at "
					 "position %zu",
					 i + 1);
		buffer_append_char(record, (char)(high << 4 | low));
	}
	return buffer_error(record);
}

static int accept_record(struct request *request, struct node *node, struct object *map,
			 const char *text, size_t length)
{
	struct buffer record = BUFFER_INIT;
	int rc = parse_record(request, text, length, &record);
	if (!rc)
		rc = stream_push(map->handle, record.data ? record.data : "", record.length);
	if (rc == -ENOSPC)
		fault_set(&request->fault, ENOSPC, "the ring is full: its program has to drain it");
	buffer_free(&record);
	return rc;
}

const struct node_kind kind_stream_push = {
	.name = "push",
	.type = S_IFREG,
	.mode = 0222,
	.present = is_push_only,
	.accept = accept_record,
};
