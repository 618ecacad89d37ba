// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs a pinned raw tracepoint program once, with one argument:
 *
 *   run_prog PIN NUMBER
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	__u64 arguments[1];

	if (argc != 3)
		return 2;
	arguments[0] = strtoull(argv[2], NULL, 0);
	options.ctx_in = arguments;
	options.ctx_size_in = sizeof(arguments);
	int fd = bpf_obj_get(argv[1]);
	int error = fd < 0 ? -errno : bpf_prog_test_run_opts(fd, &options);
	if (error) {
		fprintf(stderr, "run_prog: %s: %s\n", argv[1], strerror(-error));
		return 1;
	}
	return 0;
}
