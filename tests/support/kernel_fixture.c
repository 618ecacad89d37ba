// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include "kernel_fixture.h"

/* In the private namespace nobody else sees what is mounted over it. */
#define FIXTURE_DIRECTORY "/sys/fs/bpf"

const char *kernel_missing(void)
{
	__u32 id = 0;

	if (geteuid())
		return "bpf(2) and mount(2) need root";
	if (bpf_map_get_next_id(0, &id) && errno != ENOENT)
		return "bpf(2) is not usable here";
	if (access(FIXTURE_DIRECTORY, F_OK))
		return "there is no " FIXTURE_DIRECTORY;
	return NULL;
}

const char *kernel_fixture_directory(void)
{
	return FIXTURE_DIRECTORY;
}

static void mount_private(void)
{
	static bool done;

	if (!done &&
	    (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))) {
		perror("a mount namespace of its own");
		exit(1);
	}
	done = true;
	if (mount("bpf", FIXTURE_DIRECTORY, "bpf", 0, NULL)) {
		perror("mount -t bpf");
		exit(1);
	}
}

struct backend *kernel_fixture_open(void)
{
	struct fault fault = FAULT_INIT;
	struct backend *backend;

	mount_private();
	if (backend_open(FIXTURE_DIRECTORY, NULL, &backend, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	return backend;
}

int tests_main(int argc, char **argv)
{
	struct criterion_test_set *tests = criterion_initialize();
	int result = 0;

	if (criterion_handle_args(argc, argv, true))
		result = !criterion_run_all_tests(tests);
	criterion_finalize(tests);
	return result;
}

int kernel_tests_main(int argc, char **argv)
{
	const char *missing = kernel_missing();

	if (!missing)
		return tests_main(argc, argv);
	puts(missing);
	return 77;
}
