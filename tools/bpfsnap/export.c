// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

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
	const char *map = NULL, *shape_name = NULL;
	const struct verb_option options[] = {
		{"directory", 'D', .text = &input.directory},
		{"input", 'i', .text = &input.stream},
		{"json", .text = &shape_name, .optional = true},
		{"map", .text = &map},
		{"base", .list = &input.bases},
		{NULL},
	};

	if (input_parse("export", argc, argv, options, &input) || shape_parse(shape_name, &shape))
		return usage("export");
	if (input_open(&input, SNAPSHOT_ELEMENTS, false, &image))
		return EXIT_FAILED;
	if (snapshot_export(image, shape, map, stdout, &fault)) {
		complain("%s", fault.text);
		return EXIT_FAILED;
	}
	return output_end(EXIT_COMPLETE, EXIT_FAILED);
}
