// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

enum { OPTION_JSON = 256, OPTION_MAP };

static const struct option options[] = {
	{"directory", required_argument, NULL, 'D'},
	{"input", required_argument, NULL, 'i'},
	{"json", optional_argument, NULL, OPTION_JSON},
	{"map", required_argument, NULL, OPTION_MAP},
	{NULL, 0, NULL, 0},
};

static int shape_parse(const char *text, enum snapshot_export *shape)
{
	*shape = SNAPSHOT_EXPORT_OURS;
	if (!text || !strcmp(text, "ours"))
		return 0;
	*shape = SNAPSHOT_EXPORT_BPFTOOL;
	if (!strcmp(text, "bpftool"))
		return 0;
	complain("--json is one of ours, bpftool, not \"%s\"", text);
	return -1;
}

int verb_export(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	enum snapshot_export shape = SNAPSHOT_EXPORT_OURS;
	struct fault fault = FAULT_INIT;
	struct input input = {0};
	const char *map = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "D:i:", options, NULL)) != -1) {
		if (option == 'D')
			input.directory = optarg;
		else if (option == 'i')
			input.stream = optarg;
		else if (option == OPTION_MAP)
			map = optarg;
		else if (option != OPTION_JSON || shape_parse(optarg, &shape))
			return usage("export");
	}
	if (!input.directory && !input.stream && optind < argc)
		input.directory = argv[optind++];
	if (optind != argc || !input.directory == !input.stream)
		return usage("export");
	if (input_open(&input, SNAPSHOT_ELEMENTS, &image))
		return EXIT_FAILED;
	if (snapshot_export(image, shape, map, stdout, &fault)) {
		complain("%s", fault.text);
		return EXIT_FAILED;
	}
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILED : EXIT_COMPLETE;
}
