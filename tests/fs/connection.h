/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's end of a FUSE connection, for tests that decide in which order messages arrive:
 * bpfuse's own session, in this process, reads them from a socket and answers there. Whatever else
 * the kernel would do (checks, caches, forgetting) is left out; see fuzz/session/kernel.h for that.
 *
 * Not for several threads. A function that cannot go on says why and ends the process.
 */
#ifndef TESTS_CONNECTION_H
#define TESTS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/fuse.h>

struct connection;

/* What was answered; body and length are those behind the header. */
struct answer {
	int error; /* 0 or -errno */
	size_t length;
	unsigned char body[8192];
};

/* threads 1: the loop of -s, which takes one message after the other as they were sent. */
struct connection *connection_start(const char *source, unsigned threads);
/* Unmounted: nothing is read any more, and what waits is answered. */
void connection_hang_up(struct connection *connection);
/* Ends the session, which must have nothing left to answer. */
void connection_end(struct connection *connection);

/* Sends a request; the number under which its answer comes. */
uint64_t request_send(struct connection *connection, uint32_t opcode, uint64_t nodeid, pid_t pid,
		      const void *body, size_t length);
/* As the kernel does when a signal meets who waits for the request of this number, sent or to be.
 */
void interrupt_send(struct connection *connection, uint64_t unique);
/* The number that request_send() gives next. */
uint64_t request_next(const struct connection *connection);

/* Whether the answer comes within so many milliseconds. */
bool answer_comes(struct connection *connection, uint64_t unique, int ms, struct answer *answer);
/* How many interrupts the session has asked for again: answers of EAGAIN to an INTERRUPT. */
unsigned interrupts_sent_back(const struct connection *connection);

/*
 * Whoever answers this request is kept there, its answer on its way already, until it is let go: as
 * when the client goes on before the daemon's thread does.
 */
void answer_hold(struct connection *connection, uint64_t unique);
void answer_let_go(struct connection *connection);

/* Requests whose answer must be a success. */
uint64_t lookup_path(struct connection *connection, const char *path);
uint64_t open_file(struct connection *connection, uint64_t nodeid, uint32_t flags);
uint64_t open_directory(struct connection *connection, uint64_t nodeid);
void close_file(struct connection *connection, uint64_t nodeid, uint64_t fh);
void write_file(struct connection *connection, uint64_t nodeid, uint64_t fh, const char *text);

#endif
