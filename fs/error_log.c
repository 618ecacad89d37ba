// SPDX-License-Identifier: BSD-2-Clause
#include "error_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES 64
#define PATH_SHOWN 512

struct error_log {
	pthread_mutex_t lock;
	char *lines[LINES];
	unsigned next; /* the oldest, the next to be written over */
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
	free(log->lines[log->next]);
	log->lines[log->next] = line.data;
	log->next = (log->next + 1) % LINES;
	pthread_mutex_unlock(&log->lock);
}

static int render_error_log(struct request *request, struct node *node, struct object *object,
			    struct buffer *text)
{
	struct error_log *log = request->fs->log;
	pthread_mutex_lock(&log->lock);
	for (unsigned i = 0; i < LINES; i++) {
		const char *line = log->lines[(log->next + i) % LINES];
		if (line)
			buffer_append_string(text, line);
	}
	pthread_mutex_unlock(&log->lock);
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

const struct node_kind kind_error_log = {
	.name = "error.log",
	.type = S_IFREG,
	.mode = 0600,
	.render = render_error_log,
	.accept = accept_error_log,
	.setattr = setattr_error_log,
};
