// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

enum { OPTION_BASE = 256 };

static const struct option options[] = {
	{"directory", required_argument, NULL, 'D'},
	{"input", required_argument, NULL, 'i'},
	{"quiet", no_argument, NULL, 'q'},
	{"base", required_argument, NULL, OPTION_BASE},
	{NULL, 0, NULL, 0},
};

int verb_verify(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	struct input input = {0};
	bool quiet = false;
	int option;

	while ((option = getopt_long(argc, argv, "D:i:q", options, NULL)) != -1) {
		switch (option) {
		case 'D':
			input.directory = optarg;
			break;
		case 'i':
			input.stream = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case OPTION_BASE:
			input.base = optarg;
			break;
		default:
			return usage("verify");
		}
	}
	if (!input.directory && !input.stream && optind < argc)
		input.directory = argv[optind++];
	if (optind != argc || !input.directory == !input.stream)
		return usage("verify");
	if (input_open(&input, SNAPSHOT_ELEMENTS, &image))
		return EXIT_FAILED;
	if (!quiet)
		printf("%s: OK\n", input.directory ? input.directory : input.stream);
	return EXIT_COMPLETE;
}
