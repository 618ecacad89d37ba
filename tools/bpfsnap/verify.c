// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

int verb_verify(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	struct input input = {0};
	bool quiet = false;
	const struct verb_option options[] = {
		{"directory", 'D', .text = &input.directory},
		{"input", 'i', .text = &input.stream},
		{"quiet", 'q', .flag = &quiet},
		{"base", .list = &input.bases},
		{NULL},
	};

	if (input_parse("verify", argc, argv, options, &input))
		return usage("verify");
	if (input_open(&input, SNAPSHOT_ELEMENTS, quiet, &image))
		return EXIT_FAILED;
	if (!quiet)
		printf("%s: OK\n", input.directory ? input.directory : input.stream);
	return output_end(EXIT_COMPLETE, EXIT_FAILED);
}
