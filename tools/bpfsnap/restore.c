// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

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

/* NULL: not given. */
static int cpus_parse(const char *text, enum snapshot_cpus *cpus)
{
	if (!text)
		return 0;
	for (int i = SNAPSHOT_CPUS_MATCH; i <= SNAPSHOT_CPUS_SUM; i++) {
		if (!strcmp(text, cpus_names[i])) {
			*cpus = (enum snapshot_cpus)i;
			return 0;
		}
	}
	complain("--cpus is one of match, copy, sum, not \"%s\"", text);
	return -EINVAL;
}

static int arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	struct snapshot_restore_options *restore = &arguments->restore;
	const char *cpus = NULL;
	const struct verb_option options[] = {
		{"directory", 'D', .text = &arguments->input.directory},
		{"input", 'i', .text = &arguments->input.stream},
		{"quiet", 'q', .flag = &arguments->quiet},
		{"base", .list = &arguments->input.bases},
		{"partial", .flag = &restore->partial},
		{"replace", .flag = &restore->replace},
		{"in-place", .flag = &restore->in_place},
		{"dry-run", .flag = &restore->dry_run},
		{"cpus", .text = &cpus},
		{"state", .text = &restore->state},
		{NULL},
	};
	int operand = options_parse(argc, argv, options);

	if (operand < 0 || cpus_parse(cpus, &restore->cpus))
		return -EINVAL;
	if (!arguments->input.directory == !arguments->input.stream) {
		complain("restore: say what, with -D DIR or with -i FILE");
		return -EINVAL;
	}
	if (argc - operand != 1) {
		complain("restore: say where to, with one TARGET");
		return -EINVAL;
	}
	arguments->target = argv[operand];
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
	if (input_open(&arguments.input, SNAPSHOT_ELEMENTS, arguments.quiet, &image))
		return EXIT_FAILED;
	if (snapshot_locate(arguments.target, &backend, &inside, &name, &fault)) {
		complain("%s", fault.text);
		return EXIT_FAILED;
	}
	status = restore_to(&arguments, image, backend, inside);
	backend_close(backend);
	return status;
}
