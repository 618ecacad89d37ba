// SPDX-License-Identifier: BSD-2-Clause
/*
 * Clients that wait, for a stream or a slow device, and are interrupted: in each order in which the
 * request, its INTERRUPT and other requests can reach the daemon. Prints TAP.
 *   test_interrupt interrupt.json
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "connection.h"

#define PATIENCE_MS 30000 /* less than the device's latency */
#define LATENCY_US "60000000"
/* More than bpfuse lets pass before it looks whether a client has a signal. */
#define IDLE_MS 3000

static char source[512];
static unsigned number, failed;

static void report(bool good, const char *what, const char *title)
{
	failed += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, what, title);
	fflush(stdout);
}

/* --- clients --- */

/*
 * A process with a signal that it does not block and has not taken yet, as one has that was
 * interrupted in a system call, for as long as the call lasts: this one is stopped.
 */
static pid_t client_with_signal(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0 || kill(pid, SIGSTOP) || waitpid(pid, &status, WUNTRACED) != pid ||
	    kill(pid, SIGTERM)) {
		printf("Bail out! no client\n");
		exit(1);
	}
	return pid;
}

static void client_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- what they wait for --- */

struct place {
	uint64_t nodeid, fh;
};

static struct place stream_prepare(struct connection *connection)
{
	struct place place = {.nodeid = lookup_path(connection, "ring/stream")};
	place.fh = open_file(connection, place.nodeid, O_RDONLY);
	return place;
}

static uint64_t stream_wait(struct connection *connection, const struct place *place, pid_t pid)
{
	const struct fuse_read_in body = {.fh = place->fh, .size = 4096};
	return request_send(connection, FUSE_READ, place->nodeid, pid, &body, sizeof(body));
}

static void stream_leave(struct connection *connection, const struct place *place)
{
	close_file(connection, place->nodeid, place->fh);
}

static struct place device_prepare(struct connection *connection)
{
	struct place place = {.nodeid = lookup_path(connection, "slow/0")};
	uint64_t latency = lookup_path(connection, "devices.offload/nsim0/latency_us");
	uint64_t fh = open_file(connection, latency, O_WRONLY);
	write_file(connection, latency, fh, LATENCY_US);
	close_file(connection, latency, fh);
	return place;
}

/* The value is asked for when the file is opened. */
static uint64_t device_wait(struct connection *connection, const struct place *place, pid_t pid)
{
	const struct fuse_open_in body = {.flags = O_RDONLY};
	return request_send(connection, FUSE_OPEN, place->nodeid, pid, &body, sizeof(body));
}

static void device_leave(struct connection *connection, const struct place *place)
{
}

static const struct waited {
	const char *name;
	struct place (*prepare)(struct connection *connection);
	uint64_t (*wait)(struct connection *connection, const struct place *place, pid_t pid);
	void (*leave)(struct connection *connection, const struct place *place);
} waited[] = {
	{"a stream", stream_prepare, stream_wait, stream_leave},
	{"a slow device", device_prepare, device_wait, device_leave},
};

static bool is_interrupted(struct connection *connection, uint64_t unique)
{
	struct answer answer;
	return answer_comes(connection, unique, PATIENCE_MS, &answer) && answer.error == -EINTR;
}

static bool is_waiting(struct connection *connection, uint64_t unique)
{
	struct answer answer;
	return !answer_comes(connection, unique, IDLE_MS, &answer);
}

/* --- the orders --- */

static void interrupt_after(const struct waited *what)
{
	struct connection *connection = connection_start(source, 1);
	struct place place = what->prepare(connection);
	uint64_t unique = what->wait(connection, &place, getpid());
	report(is_waiting(connection, unique), what->name, "who has no signal waits");
	interrupt_send(connection, unique);
	report(is_interrupted(connection, unique), what->name, "INTERRUPT while it waits");
	what->leave(connection, &place);
	connection_end(connection);
}

static void interrupt_before(const struct waited *what)
{
	struct connection *connection = connection_start(source, 1);
	struct place place = what->prepare(connection);
	interrupt_send(connection, request_next(connection));
	uint64_t unique = what->wait(connection, &place, getpid());
	report(is_interrupted(connection, unique), what->name, "INTERRUPT before its request");
	report(interrupts_sent_back(connection) == 0, what->name, "libfuse kept it until then");
	what->leave(connection, &place);
	connection_end(connection);
}

/*
 * Another request in between: libfuse takes the occasion to ask for the INTERRUPT again, and the
 * kernel does not find its request behind the descriptor by which that comes.
 */
static void interrupt_lost(const struct waited *what)
{
	struct connection *connection = connection_start(source, 1);
	struct place place = what->prepare(connection);
	pid_t client = client_with_signal();
	struct answer answer;
	interrupt_send(connection, request_next(connection) + 2);
	uint64_t between = request_send(connection, FUSE_STATFS, FUSE_ROOT_ID, getpid(), "", 0);
	uint64_t unique = what->wait(connection, &place, client);
	report(answer_comes(connection, between, PATIENCE_MS, &answer) &&
		       interrupts_sent_back(connection) == 1,
	       what->name, "another request before its own: libfuse has given the INTERRUPT back");
	report(is_interrupted(connection, unique), what->name, "who has a signal is let go");
	client_end(client);
	what->leave(connection, &place);
	connection_end(connection);
}

/* --- a crowd: more than a device has threads, and than this loop has --- */

#define CROWD 40
#define CROWD_TITLE "a crowd at a slow device"

static struct place crowd_gathers(struct connection *connection, uint64_t crowd[CROWD])
{
	struct place place = device_prepare(connection);
	for (unsigned i = 0; i < CROWD; i++)
		crowd[i] = device_wait(connection, &place, getpid());
	return place;
}

/* With this error, or 0: with files, which are closed. */
static bool are_answered(struct connection *connection, const struct place *place,
			 const uint64_t *crowd, unsigned count, int error)
{
	for (unsigned i = 0; i < count; i++) {
		struct fuse_open_out opened;
		struct answer answer;
		if (!answer_comes(connection, crowd[i], PATIENCE_MS, &answer) ||
		    answer.error != error)
			return false;
		if (error)
			continue;
		memcpy(&opened, answer.body, sizeof(opened));
		close_file(connection, place->nodeid, opened.fh);
	}
	return true;
}

/* By the device's own file, while all wait. */
static void device_recovers(struct connection *connection)
{
	uint64_t latency = lookup_path(connection, "devices.offload/nsim0/latency_us");
	uint64_t fh = open_file(connection, latency, O_WRONLY);
	write_file(connection, latency, fh, "0");
	close_file(connection, latency, fh);
}

static void crowd_waits(void)
{
	struct connection *connection = connection_start(source, 1);
	uint64_t crowd[CROWD];
	struct place place = crowd_gathers(connection, crowd);
	uint64_t other = lookup_path(connection, "other/0");
	close_file(connection, other, open_file(connection, other, O_RDONLY));
	report(is_waiting(connection, crowd[CROWD - 1]), CROWD_TITLE, "another map answers");
	interrupt_send(connection, crowd[0]);
	report(is_interrupted(connection, crowd[0]), CROWD_TITLE, "the first is interrupted");
	interrupt_send(connection, crowd[CROWD - 1]);
	report(is_interrupted(connection, crowd[CROWD - 1]), CROWD_TITLE,
	       "the last, whose turn has not come, too");
	device_recovers(connection);
	report(are_answered(connection, &place, crowd + 1, CROWD - 2, 0), CROWD_TITLE,
	       "the device recovers, and everybody else is answered");
	connection_end(connection);
}

/* Who waits his turn has nobody who hears his signal but bpfuse. */
static void crowd_loses_interrupt(void)
{
	struct connection *connection = connection_start(source, 1);
	uint64_t crowd[CROWD];
	struct place place = crowd_gathers(connection, crowd);
	pid_t client = client_with_signal();
	uint64_t unique = device_wait(connection, &place, client);
	report(is_interrupted(connection, unique), CROWD_TITLE,
	       "who has a signal is let go before his turn");
	client_end(client);
	connection_hang_up(connection);
	report(are_answered(connection, &place, crowd, CROWD, -ECONNABORTED), CROWD_TITLE,
	       "the mount goes, and everybody is told");
	connection_end(connection);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(source, sizeof(source), "emu:%s", argc > 1 ? argv[1] : "");
	for (size_t i = 0; i < sizeof(waited) / sizeof(waited[0]); i++) {
		interrupt_after(&waited[i]);
		interrupt_before(&waited[i]);
		interrupt_lost(&waited[i]);
	}
	crowd_waits();
	crowd_loses_interrupt();
	printf("1..%u\n", number);
	return failed != 0;
}
