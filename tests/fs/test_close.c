// SPDX-License-Identifier: BSD-2-Clause
/*
 * An answer may reach its client before the thread that gave it is through, so that the client's
 * close(2) arrives while that thread still has the file. Here it always does. A file whose text is
 * sent from where it stands must stay until then, so RELEASE is not answered; where nothing of the
 * file is touched any more (short answers are copies) it may go at once, which the sanitizers'
 * builds confirm. Prints TAP.
 *   test_close close.json
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "connection.h"

#define PATIENCE_MS 30000
#define HELD_MS 1000 /* a RELEASE that does not wait is answered sooner */
#define WAITING_MS 200
#define THREADS 4

static unsigned number, failed;

static void report(bool good, const char *what, const char *title)
{
	failed += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, what, title);
	fflush(stdout);
}

/* --- requests on an open file --- */

struct opened {
	uint64_t nodeid, fh;
};

static uint64_t read_by(struct connection *connection, const struct opened *file, uint32_t opcode)
{
	const struct fuse_read_in body = {.fh = file->fh, .size = 8192};
	return request_send(connection, opcode, file->nodeid, getpid(), &body, sizeof(body));
}

static uint64_t send_read(struct connection *connection, const struct opened *file)
{
	return read_by(connection, file, FUSE_READ);
}

static uint64_t send_readdir(struct connection *connection, const struct opened *file)
{
	return read_by(connection, file, FUSE_READDIR);
}

static uint64_t send_readdirplus(struct connection *connection, const struct opened *file)
{
	return read_by(connection, file, FUSE_READDIRPLUS);
}

static uint64_t send_write(struct connection *connection, const struct opened *file)
{
	struct {
		struct fuse_write_in head;
		char text[2];
	} body = {.head = {.fh = file->fh, .size = sizeof(body.text)}, .text = "7\n"};
	return request_send(connection, FUSE_WRITE, file->nodeid, getpid(), &body,
			    sizeof(body.head) + sizeof(body.text));
}

static uint64_t send_flush(struct connection *connection, const struct opened *file)
{
	const struct fuse_flush_in body = {.fh = file->fh};
	return request_send(connection, FUSE_FLUSH, file->nodeid, getpid(), &body, sizeof(body));
}

static uint64_t send_poll(struct connection *connection, const struct opened *file)
{
	const struct fuse_poll_in body = {.fh = file->fh, .events = POLLIN};
	return request_send(connection, FUSE_POLL, file->nodeid, getpid(), &body, sizeof(body));
}

/* Waits until it is interrupted, and is answered by the stream's own thread then. */
static uint64_t send_interrupted_read(struct connection *connection, const struct opened *file)
{
	struct answer none;
	uint64_t unique = send_read(connection, file);
	answer_comes(connection, unique, WAITING_MS, &none);
	interrupt_send(connection, unique);
	return unique;
}

static const struct request_case {
	const char *name, *path;
	uint32_t flags; /* of open(2) */
	uint64_t (*send)(struct connection *connection, const struct opened *file);
	bool keeps; /* the file, until its thread is through */
} cases[] = {
	{"READ of a key", "hash/1", O_RDONLY, send_read, false},
	{"READ of few entries", "hash/.map/entries", O_RDONLY, send_read, false},
	{"READ of many entries", "array/.map/entries", O_RDONLY, send_read, true},
	{"READ of an attribute", "hash/.map/info", O_RDONLY, send_read, false},
	{"READ of a stream with a record", "full/stream", O_RDONLY, send_read, true},
	{"READ of a stream, interrupted", "empty/stream", O_RDONLY, send_interrupted_read, true},
	{"WRITE of a key", "hash/1", O_WRONLY, send_write, false},
	{"FLUSH of a key", "hash/1", O_WRONLY, send_flush, false},
	{"POLL of a stream", "full/stream", O_RDONLY, send_poll, false},
	{"READDIR", "hash", O_DIRECTORY, send_readdir, false},
	{"READDIRPLUS", "hash", O_DIRECTORY, send_readdirplus, false},
};

static void close_behind_answer(const char *source, const struct request_case *request)
{
	struct connection *connection = connection_start(source, THREADS);
	bool directory = request->flags & O_DIRECTORY;
	struct opened file = {.nodeid = lookup_path(connection, request->path)};
	file.fh = directory ? open_directory(connection, file.nodeid)
			    : open_file(connection, file.nodeid, request->flags);
	struct answer answer;
	answer_hold(connection, request_next(connection));
	uint64_t unique = request->send(connection, &file);
	report(answer_comes(connection, unique, PATIENCE_MS, &answer), request->name,
	       "is answered");
	const struct fuse_release_in body = {.fh = file.fh};
	uint64_t release = request_send(connection, directory ? FUSE_RELEASEDIR : FUSE_RELEASE,
					file.nodeid, getpid(), &body, sizeof(body));
	bool released =
		answer_comes(connection, release, request->keeps ? HELD_MS : PATIENCE_MS, &answer);
	report(released != request->keeps, request->name,
	       request->keeps ? "its thread still has the file" : "nobody waits to close it");
	answer_let_go(connection);
	report((released || answer_comes(connection, release, PATIENCE_MS, &answer)) &&
		       answer.error == 0,
	       request->name, "the file is closed");
	connection_end(connection);
}

int main(int argc, char **argv)
{
	char source[512];
	snprintf(source, sizeof(source), "emu:%s", argc > 1 ? argv[1] : "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		close_behind_answer(source, &cases[i]);
	printf("1..%u\n", number);
	return failed != 0;
}
