// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loads and attaches counter.bpf.o and waits, for tests that want a live program.
 *
 *   counter OBJECT [PID [DIRECTORY]]
 *
 * PID: count only this process's system calls (0: all). DIRECTORY, on a bpffs: the maps, the
 * program (count_call) and the link (count_link) are pinned there. Prints one line when it counts:
 *   ready call_counts=ID command_counts=ID call_totals=ID prog=ID link=ID
 * SIGUSR1 detaches the program and prints "detached"; SIGTERM or SIGINT ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int fail(const char *what)
{
	fprintf(stderr, "counter: %s: %s\n", what, strerror(errno));
	return 1;
}

static unsigned map_id(int fd)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static unsigned prog_id(int fd)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static unsigned link_id(int fd)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* The program's constants are a map until it is loaded. */
static int set_pid(struct bpf_object *object, __u32 pid)
{
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");

	return constants ? bpf_map__set_initial_value(constants, &pid, sizeof(pid)) : -ENOENT;
}

static int pin_all(struct bpf_object *object, struct bpf_program *program, struct bpf_link *link,
		   const char *directory)
{
	static const char *const maps[] = {"call_counts", "command_counts", "call_totals"};
	char path[4096];
	int error;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, maps[i]);
		error = bpf_map__pin(bpf_object__find_map_by_name(object, maps[i]), path);
		if (error)
			return error;
	}
	snprintf(path, sizeof(path), "%s/count_call", directory);
	error = bpf_program__pin(program, path);
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/count_link", directory);
	return bpf_link__pin(link, path);
}

static void announce(struct bpf_object *object, struct bpf_program *program, struct bpf_link *link)
{
	printf("ready call_counts=%u command_counts=%u call_totals=%u prog=%u link=%u\n",
	       map_id(bpf_object__find_map_fd_by_name(object, "call_counts")),
	       map_id(bpf_object__find_map_fd_by_name(object, "command_counts")),
	       map_id(bpf_object__find_map_fd_by_name(object, "call_totals")),
	       prog_id(bpf_program__fd(program)), link_id(bpf_link__fd(link)));
	fflush(stdout);
}

static void wait_for_end(const sigset_t *signals, struct bpf_link *link)
{
	int number;

	while (!sigwait(signals, &number) && number == SIGUSR1) {
		bpf_link__destroy(link);
		link = NULL;
		puts("detached");
		fflush(stdout);
	}
	bpf_link__destroy(link);
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc < 2 ? NULL : bpf_object__open_file(argv[1], NULL);
	struct bpf_program *program;
	struct bpf_link *link;
	sigset_t signals;

	if (argc < 2)
		return fputs("usage: counter OBJECT [PID [DIRECTORY]]\n", stderr), 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (!object)
		return fail(argv[1]);
	if (set_pid(object, argc > 2 ? (__u32)strtoul(argv[2], NULL, 10) : 0) ||
	    bpf_object__load(object))
		return fail("load");
	program = bpf_object__find_program_by_name(object, "count_call");
	link = program ? bpf_program__attach(program) : NULL;
	if (!link)
		return fail("attach");
	if (argc > 3 && pin_all(object, program, link, argv[3]))
		return fail(argv[3]);
	announce(object, program, link);
	wait_for_end(&signals, link);
	bpf_object__close(object);
	return 0;
}
