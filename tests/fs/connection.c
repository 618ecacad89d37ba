// SPDX-License-Identifier: BSD-2-Clause
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "daemon.h"
#include "filesystem.h"
#include "operations.h"
#include "session.h"

#define MESSAGE_MAX 8192
#define PATIENCE_MS 60000 /* what must be answered is answered sooner on any machine */
#define KEPT 64

struct kept {
	uint64_t unique; /* 0: free */
	struct answer answer;
};

struct connection {
	struct filesystem fs; /* the first: what libfuse knows of us */
	struct daemon daemon;
	unsigned threads;
	pthread_t loop;
	int fd; /* our end */
	uint64_t unique;
	unsigned sent_back;
	struct kept kept[KEPT]; /* answers that nobody has asked for yet */
	pthread_mutex_t lock;
	pthread_cond_t let_go;
	uint64_t held; /* under the lock; 0: none */
};

#define DIE(...)                                                                                   \
	do {                                                                                       \
		printf("Bail out! " __VA_ARGS__);                                                  \
		putchar('\n');                                                                     \
		exit(1);                                                                           \
	} while (0)

/* --- the session's end --- */

static ssize_t end_read(int fd, void *bytes, size_t size, void *userdata)
{
	ssize_t got = read(fd, bytes, size);
	if (got != 0)
		return got;
	errno = ENODEV; /* unmounted */
	return -1;
}

static ssize_t end_write(int fd, struct iovec *iov, int count, void *userdata)
{
	struct connection *connection = userdata;
	struct fuse_out_header header;
	memcpy(&header, iov->iov_base, sizeof(header));
	ssize_t result = writev(fd, iov, count);
	pthread_mutex_lock(&connection->lock);
	while (header.unique && connection->held == header.unique)
		pthread_cond_wait(&connection->let_go, &connection->lock);
	pthread_mutex_unlock(&connection->lock);
	return result;
}

static void *session_run(void *argument)
{
	struct connection *connection = argument;
	struct fuse_session *session = connection->fs.session;
	if (connection->threads == 1)
		fuse_session_loop(session);
	else
		session_loop(session, connection->threads, false);
	return NULL;
}

static void session_make(struct connection *connection, int fd)
{
	static const struct fuse_custom_io io = {.writev = end_write, .read = end_read};
	struct filesystem *fs = &connection->fs;
	char program[] = "bpfuse", *argv[] = {program, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	fs->session = fuse_session_new(&args, &operations, sizeof(operations), fs);
	if (!fs->session || fuse_session_custom_io(fs->session, &io, fd) ||
	    pthread_create(&connection->loop, NULL, session_run, connection))
		DIE("no session");
	fuse_opt_free_args(&args);
}

static void say_hello(struct connection *connection)
{
	const struct fuse_init_in body = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
	};
	struct answer answer;
	uint64_t unique = request_send(connection, FUSE_INIT, 0, 0, &body, sizeof(body));
	if (!answer_comes(connection, unique, PATIENCE_MS, &answer) || answer.error)
		DIE("INIT is not answered");
}

struct connection *connection_start(const char *source, unsigned threads)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct fault fault = FAULT_INIT;
	char copy[512];
	int ends[2];
	if (!connection || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		DIE("no connection");
	snprintf(copy, sizeof(copy), "%s", source);
	const struct options options = {
		.source = copy,
		.timeout = TIMEOUT_NOT_GIVEN,
		.streams = 1,
	};
	connection->daemon = (struct daemon){-1, -1, -1};
	connection->fs.daemon = &connection->daemon;
	connection->threads = threads;
	connection->fd = ends[0];
	pthread_mutex_init(&connection->lock, NULL);
	pthread_cond_init(&connection->let_go, NULL);
	if (filesystem_open(&connection->fs, &options, "/mnt", &fault) ||
	    filesystem_start(&connection->fs, &fault))
		DIE("%s", fault.text);
	session_make(connection, ends[1]);
	say_hello(connection);
	return connection;
}

void connection_hang_up(struct connection *connection)
{
	shutdown(connection->fd, SHUT_WR);
	pthread_join(connection->loop, NULL);
	filesystem_stop(&connection->fs);
}

void connection_end(struct connection *connection)
{
	if (!connection->fs.ending)
		connection_hang_up(connection);
	fuse_session_destroy(connection->fs.session);
	filesystem_close(&connection->fs);
	close(connection->fd);
	pthread_cond_destroy(&connection->let_go);
	pthread_mutex_destroy(&connection->lock);
	free(connection);
}

/* --- requests --- */

static void send_message(struct connection *connection, struct fuse_in_header header,
			 const void *body, size_t length)
{
	unsigned char message[MESSAGE_MAX];
	header.len = (uint32_t)(sizeof(header) + length);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), body, length);
	if (send(connection->fd, message, header.len, 0) != (ssize_t)header.len)
		DIE("a request cannot be sent: %s", strerror(errno));
}

/* Odd numbers are the interrupts'. */
uint64_t request_next(const struct connection *connection)
{
	return connection->unique + 2;
}

uint64_t request_send(struct connection *connection, uint32_t opcode, uint64_t nodeid, pid_t pid,
		      const void *body, size_t length)
{
	const struct fuse_in_header header = {
		.opcode = opcode,
		.unique = request_next(connection),
		.nodeid = nodeid,
		.pid = (uint32_t)pid,
	};
	connection->unique = header.unique;
	send_message(connection, header, body, length);
	return header.unique;
}

void interrupt_send(struct connection *connection, uint64_t unique)
{
	const struct fuse_interrupt_in body = {unique};
	const struct fuse_in_header header = {.opcode = FUSE_INTERRUPT, .unique = unique | 1};
	send_message(connection, header, &body, sizeof(body));
}

/* --- answers --- */

/* An answer to an interrupt is none that anybody waits for. */
static void keep_answer(struct connection *connection, const struct fuse_out_header *header,
			const unsigned char *body, size_t length)
{
	struct kept *kept = connection->kept;
	if (header->unique & 1) {
		connection->sent_back += header->error == -EAGAIN;
		return;
	}
	while (kept < connection->kept + KEPT && kept->unique)
		kept++;
	if (kept == connection->kept + KEPT || length > sizeof(kept->answer.body))
		DIE("an answer is too much");
	kept->unique = header->unique;
	kept->answer.error = header->error;
	kept->answer.length = length;
	memcpy(kept->answer.body, body, length);
}

static bool receive(struct connection *connection, int ms)
{
	unsigned char message[MESSAGE_MAX];
	struct fuse_out_header header;
	struct pollfd fd = {.fd = connection->fd, .events = POLLIN};
	if (poll(&fd, 1, ms) != 1)
		return false;
	ssize_t got = recv(connection->fd, message, sizeof(message), 0);
	if (got < (ssize_t)sizeof(header))
		DIE("the session has ended");
	memcpy(&header, message, sizeof(header));
	keep_answer(connection, &header, message + sizeof(header), (size_t)got - sizeof(header));
	return true;
}

static bool take_answer(struct connection *connection, uint64_t unique, struct answer *answer)
{
	for (struct kept *kept = connection->kept; kept < connection->kept + KEPT; kept++)
		if (kept->unique == unique) {
			*answer = kept->answer;
			kept->unique = 0;
			return true;
		}
	return false;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool answer_comes(struct connection *connection, uint64_t unique, int ms, struct answer *answer)
{
	int64_t until = now_ms() + ms;
	while (!take_answer(connection, unique, answer)) {
		int64_t left = until - now_ms();
		if (left < 0 || !receive(connection, (int)left))
			return false;
	}
	return true;
}

unsigned interrupts_sent_back(const struct connection *connection)
{
	return connection->sent_back;
}

void answer_hold(struct connection *connection, uint64_t unique)
{
	pthread_mutex_lock(&connection->lock);
	connection->held = unique;
	pthread_cond_broadcast(&connection->let_go);
	pthread_mutex_unlock(&connection->lock);
}

void answer_let_go(struct connection *connection)
{
	answer_hold(connection, 0);
}

/* --- requests that succeed --- */

static struct answer ask(struct connection *connection, uint32_t opcode, uint64_t nodeid,
			 const void *body, size_t length)
{
	struct answer answer;
	uint64_t unique = request_send(connection, opcode, nodeid, getpid(), body, length);
	if (!answer_comes(connection, unique, PATIENCE_MS, &answer) || answer.error)
		DIE("a request of opcode %u fails", opcode);
	return answer;
}

uint64_t lookup_path(struct connection *connection, const char *path)
{
	char copy[256], *rest = copy, *name;
	struct fuse_entry_out entry = {.nodeid = FUSE_ROOT_ID};
	snprintf(copy, sizeof(copy), "%s", path);
	while ((name = strsep(&rest, "/"))) {
		struct answer answer =
			ask(connection, FUSE_LOOKUP, entry.nodeid, name, strlen(name) + 1);
		memcpy(&entry, answer.body, sizeof(entry));
	}
	return entry.nodeid;
}

static uint64_t open_node(struct connection *connection, uint32_t opcode, uint64_t nodeid,
			  uint32_t flags)
{
	const struct fuse_open_in body = {.flags = flags};
	struct fuse_open_out opened;
	struct answer answer = ask(connection, opcode, nodeid, &body, sizeof(body));
	memcpy(&opened, answer.body, sizeof(opened));
	return opened.fh;
}

uint64_t open_file(struct connection *connection, uint64_t nodeid, uint32_t flags)
{
	return open_node(connection, FUSE_OPEN, nodeid, flags);
}

uint64_t open_directory(struct connection *connection, uint64_t nodeid)
{
	return open_node(connection, FUSE_OPENDIR, nodeid, O_RDONLY | O_DIRECTORY);
}

void close_file(struct connection *connection, uint64_t nodeid, uint64_t fh)
{
	const struct fuse_release_in body = {.fh = fh};
	ask(connection, FUSE_RELEASE, nodeid, &body, sizeof(body));
}

void write_file(struct connection *connection, uint64_t nodeid, uint64_t fh, const char *text)
{
	const struct fuse_write_in head = {.fh = fh, .size = (uint32_t)strlen(text)};
	unsigned char body[sizeof(head) + 256];
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), text, head.size);
	ask(connection, FUSE_WRITE, nodeid, body, sizeof(head) + head.size);
}
