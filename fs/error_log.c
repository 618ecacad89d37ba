// SPDX-License-Identifier: BSD-2-Clause
#include "error_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "file.h"

#define LINES 64
#define PATH_SHOWN 512

struct error_log {
	pthread_mutex_t lock;
	char *lines[LINES]; /* a ring */
	uint64_t count;	    /* lines that ever were; the next is written over the oldest */
};

struct error_log *error_log_new(void)
{
	struct error_log *log = calloc(1, sizeof(*log));
	if (log)
		pthread_mutex_init(&log->lock, NULL);
	return log;
}

/* Under the lock, or alone. */
static void clear(struct error_log *log)
{
	for (unsigned i = 0; i < LINES; i++) {
		free(log->lines[i]);
		log->lines[i] = NULL;
	}
}

void error_log_free(struct error_log *log)
{
	if (!log)
		return;
	clear(log);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

static void append_time(struct buffer *line)
{
	struct timespec now;
	struct tm utc;
	char text[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	buffer_append_format(line, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

/* Sentences about another's refusal end in the reason already. */
static bool ends_with(const char *sentence, const char *reason)
{
	size_t length = strlen(sentence), tail = strlen(reason);
	return length >= tail && strcmp(sentence + length - tail, reason) == 0;
}

void error_log_add(struct error_log *log, pid_t pid, const char *path, const char *sentence,
		   int error)
{
	struct buffer line = BUFFER_INIT;
	const char *reason = strerrordesc_np(error);
	if (!reason)
		reason = "unknown error";
	append_time(&line);
	buffer_append_format(&line, " pid=%d /", (int)pid);
	buffer_append_printable(&line, path, PATH_SHOWN);
	buffer_append_string(&line, ": ");
	buffer_append_printable(&line, sentence, FAULT_TEXT_MAX);
	if (!ends_with(sentence, reason))
		buffer_append_format(&line, "%s%s", *sentence ? ": " : "", reason);
	buffer_append_char(&line, '\n');
	if (buffer_error(&line)) {
		buffer_free(&line);
		return;
	}
	pthread_mutex_lock(&log->lock);
	char **place = &log->lines[log->count++ % LINES];
	free(*place);
	*place = line.data;
	pthread_mutex_unlock(&log->lock);
}

/* The lines from number `from` on that are still there. Returns the number of the next. */
static uint64_t append_lines(struct error_log *log, uint64_t from, struct buffer *text)
{
	pthread_mutex_lock(&log->lock);
	uint64_t count = log->count;
	if (from + LINES < count)
		from = count - LINES;
	for (; from < count; from++) {
		const char *line = log->lines[from % LINES];
		if (line)
			buffer_append_string(text, line);
	}
	pthread_mutex_unlock(&log->lock);
	return count;
}

static int render_error_log(struct request *request, struct node *node, struct object *object,
			    struct buffer *text)
{
	append_lines(request->fs->log, 0, text);
	return buffer_error(text);
}

/* Whatever is written, the log is empty then. */
static int accept_error_log(struct request *request, struct node *node, struct object *object,
			    const char *text, size_t length)
{
	struct error_log *log = request->fs->log;
	pthread_mutex_lock(&log->lock);
	clear(log);
	pthread_mutex_unlock(&log->lock);
	return 0;
}

static int setattr_error_log(struct request *request, struct node *node,
			     const struct attr_change *change)
{
	if (change->valid & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		return fault_set(&request->fault, EPERM, "error.log belongs to the mount");
	if (change->valid & FUSE_SET_ATTR_SIZE)
		return accept_error_log(request, node, NULL, NULL, 0);
	return 0;
}

/* --- an open log: at its end whoever reads on (tail -f) finds what came since --- */

struct reading {
	uint64_t next; /* number of the first line that is not in file->text */
	uint64_t base; /* position of file->text in what was read so far */
};

static int log_open(struct request *request, struct file *file)
{
	file->state = calloc(1, sizeof(struct reading));
	return file->state ? rendered_file_ops.open(request, file) : -ENOMEM;
}

static int log_read(struct request *request, struct file *file, off_t offset, size_t size,
		    const char **data, size_t *length)
{
	struct reading *reading = file->state;
	uint64_t start = (uint64_t)offset;
	if (start == 0 || start < reading->base)
		*reading = (struct reading){0};
	if (reading->next == 0 || start >= reading->base + file->text.length) {
		if (reading->next)
			reading->base += file->text.length;
		buffer_reset(&file->text);
		reading->next = append_lines(request->fs->log, reading->next, &file->text);
	}
	int rc = buffer_error(&file->text);
	if (rc)
		return rc;
	uint64_t behind = start > reading->base ? start - reading->base : 0;
	file_read_text(file, (off_t)behind, size, data, length);
	return 0;
}

static void log_release(struct filesystem *fs, struct file *file)
{
	free(file->state);
}

static int log_write(struct request *request, struct file *file, const char *data, size_t length,
		     off_t offset)
{
	return accept_error_log(request, file->node, NULL, data, length);
}

static const struct file_ops log_file_ops = {
	.open = log_open,
	.read = log_read,
	.write = log_write,
	.release = log_release,
};

const struct node_kind kind_error_log = {
	.name = "error.log",
	.type = S_IFREG,
	.mode = 0600,
	.render = render_error_log,
	.accept = accept_error_log,
	.setattr = setattr_error_log,
	.file = &log_file_ops,
};
