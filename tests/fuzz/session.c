// SPDX-License-Identifier: BSD-2-Clause
/*
 * Requests as the kernel's FUSE sends them, into the session loop of bpfuse with the emulated
 * backend and session/scenario.json: no mount, no privilege, all in this process. What may be
 * sent and what is checked in the replies: session/kernel.h. What an input means: session/plan.h.
 *
 * FUZZ_TRACE=1 in the environment prints the requests and replies of an input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "daemon.h"
#include "filesystem.h"
#include "operations.h"
#include "session/plan.h"
#include <fuse_lowlevel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kernel kernel;
static struct plan plan;
static struct message message;

static ssize_t connection_read(int fd, void *bytes, size_t size, void *userdata)
{
	if (!plan_next(&plan, &message)) {
		errno = ENODEV; /* unmounted */
		return -1;
	}
	memcpy(bytes, message.bytes, message.length);
	return (ssize_t)message.length;
}

static ssize_t connection_write(int fd, struct iovec *iov, int count, void *userdata)
{
	return kernel_receive(&kernel, iov, count);
}

/* What libfuse has to say about unknown opcodes. */
static void no_message(enum fuse_log_level level, const char *format, va_list arguments)
{
}

static void serve(struct filesystem *fs)
{
	static const struct fuse_custom_io io = {
		.writev = connection_write,
		.read = connection_read,
	};
	char program[] = "bpfuse";
	char *argv[] = {program, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	fs->session = fuse_session_new(&args, &operations, sizeof(operations), fs);
	if (!fs->session || fuse_session_custom_io(fs->session, &io, memfd_create("session", 0)))
		abort();
	if (fuse_session_loop(fs->session))
		abort();
	filesystem_stop(fs);
	fuse_session_destroy(fs->session);
	fuse_opt_free_args(&args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint32_t run; /* what a process removed is remembered a while: each has its own */
	char source[] = "emu:" SCENARIO;
	struct daemon daemon = {-1, -1, -1};
	struct filesystem fs = {.daemon = &daemon};
	const struct options options = {
		.source = source,
		.timeout = TIMEOUT_NOT_GIVEN,
		.streams = 1,
	};
	struct fault fault = FAULT_INIT;
	fuse_set_log_func(no_message);
	if (filesystem_open(&fs, &options, "/mnt", &fault) || filesystem_start(&fs, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		abort();
	}
	kernel_init(&kernel);
	plan = (struct plan){
		.data = data,
		.length = size,
		.pid = 1000000 + ++run,
		.kernel = &kernel,
	};
	serve(&fs);
	filesystem_close(&fs);
	kernel_destroy(&kernel);
	return 0;
}
