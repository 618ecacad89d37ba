// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

enum {
	OPTION_BASE = 256,
	OPTION_PARTIAL,
	OPTION_REPLACE,
	OPTION_IN_PLACE,
	OPTION_DRY_RUN,
	OPTION_CPUS,
	OPTION_STATE
};

static const struct option options[] = {
	{"directory", required_argument, NULL, 'D'},
	{"input", required_argument, NULL, 'i'},
	{"quiet", no_argument, NULL, 'q'},
	{"base", required_argument, NULL, OPTION_BASE},
	{"partial", no_argument, NULL, OPTION_PARTIAL},
	{"replace", no_argument, NULL, OPTION_REPLACE},
	{"in-place", no_argument, NULL, OPTION_IN_PLACE},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"cpus", required_argument, NULL, OPTION_CPUS},
	{"state", required_argument, NULL, OPTION_STATE},
	{NULL, 0, NULL, 0},
};

static const char *const cpus_names[] = {
	[SNAPSHOT_CPUS_MATCH] = "match",
	[SNAPSHOT_CPUS_COPY] = "copy",
	[SNAPSHOT_CPUS_SUM] = "sum",
};

struct arguments {
	struct snapshot_restore_options restore;
	struct input input;
	bool quiet;
	const char *target;
};

static int cpus_parse(const char *text, enum snapshot_cpus *cpus)
{
	for (int i = SNAPSHOT_CPUS_MATCH; i <= SNAPSHOT_CPUS_SUM; i++) {
		if (!strcmp(text, cpus_names[i])) {
			*cpus = (enum snapshot_cpus)i;
			return 0;
		}
	}
	complain("--cpus is one of match, copy, sum, not \"%s\"", text);
	return -EINVAL;
}

static int option_take(int option, struct arguments *arguments)
{
	struct snapshot_restore_options *restore = &arguments->restore;

	switch (option) {
	case 'D':
		arguments->input.directory = optarg;
		break;
	case 'i':
		arguments->input.stream = optarg;
		break;
	case 'q':
		arguments->quiet = true;
		break;
	case OPTION_BASE:
		arguments->input.base = optarg;
		break;
	case OPTION_PARTIAL:
		restore->partial = true;
		break;
	case OPTION_REPLACE:
		restore->replace = true;
		break;
	case OPTION_IN_PLACE:
		restore->in_place = true;
		break;
	case OPTION_DRY_RUN:
		restore->dry_run = true;
		break;
	case OPTION_CPUS:
		return cpus_parse(optarg, &restore->cpus);
	case OPTION_STATE:
		restore->state = optarg;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static int arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "D:i:q", options, NULL)) != -1)
		if (option_take(option, arguments))
			return -EINVAL;
	if (!arguments->input.directory == !arguments->input.stream) {
		complain("restore: say what, with -D DIR or with -i FILE");
		return -EINVAL;
	}
	if (argc - optind != 1) {
		complain("restore: say where to, with one TARGET");
		return -EINVAL;
	}
	arguments->target = argv[optind];
	return 0;
}

static void summary_print(const struct arguments *arguments, const snapshot_report *report)
{
	const char *verb = arguments->restore.dry_run ? "would restore" : "restored";

	if (arguments->quiet || (!arguments->restore.dry_run && !isatty(STDERR_FILENO)))
		return;
	fprintf(stderr, "%s %lld maps with %lld elements, %lld names below %s\n", verb,
		(long long)json_integer_value(json_object_get(report, "maps")),
		(long long)json_integer_value(json_object_get(report, "elements")),
		(long long)json_integer_value(json_object_get(report, "pins")), arguments->target);
}

static int restore_to(const struct arguments *arguments, struct image *image,
		      struct backend *backend, const char *inside)
{
	struct snapshot_restore_options restore = arguments->restore;
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	int error, status;

	restore.progress = progress_start(arguments->quiet);
	error = snapshot_restore(image, backend, inside, &restore, &report, &fault);
	progress_end();
	tell_report(report, error ? "cannot be restored" : "left out", arguments->quiet);
	if (error)
		complain("%s", fault.text);
	else
		summary_print(arguments, report);
	status = error				     ? EXIT_FAILED
		 : snapshot_report_omissions(report) ? EXIT_OMITTED
						     : EXIT_COMPLETE;
	json_decref(report);
	return status;
}

int verb_restore(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	cleanup_free char *inside = NULL, *name = NULL;
	struct arguments arguments = {0};
	struct fault fault = FAULT_INIT;
	struct backend *backend;
	int status;

	if (arguments_parse(argc, argv, &arguments))
		return usage("restore");
	if (input_open(&arguments.input, SNAPSHOT_ELEMENTS, &image))
		return EXIT_FAILED;
	if (snapshot_locate(arguments.target, &backend, &inside, &name, &fault)) {
		complain("%s", fault.text);
		return EXIT_FAILED;
	}
	status = restore_to(&arguments, image, backend, inside);
	backend_close(backend);
	return status;
}
