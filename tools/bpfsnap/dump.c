// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

struct arguments {
	struct snapshot_dump_options dump;
	const char *directory, *stream;
	bool quiet;
	char **paths;
	int count;
};

static int arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	struct snapshot_dump_options *dump = &arguments->dump;
	const struct verb_option options[] = {
		{"directory", 'D', .text = &arguments->directory},
		{"output", 'o', .text = &arguments->stream},
		{"quiet", 'q', .flag = &arguments->quiet},
		{"label", .text = &dump->label},
		{"criu", .flag = &dump->criu},
		{"queues", .flag = &dump->queues},
		{"verify", .flag = &dump->verify},
		{"incremental", .text = &dump->base},
		{"drain", .flag = &dump->drain},
		{"replace", .flag = &dump->replace},
		{"state", .text = &dump->state},
		{NULL},
	};
	int operands = options_parse(argc, argv, options);

	if (operands < 0)
		return operands;
	arguments->paths = argv + operands;
	arguments->count = argc - operands;
	return 0;
}

static const char *arguments_problem(const struct arguments *arguments)
{
	if (!arguments->directory == !arguments->stream)
		return "dump: say where to, with -D DIR or with -o FILE";
	if (!arguments->count)
		return "dump: say what, with a PATH or more";
	if (arguments->stream && !strcmp(arguments->stream, "-") && isatty(STDOUT_FILENO))
		return "dump: a snapshot is not for a terminal: redirect the output";
	if (arguments->stream && arguments->dump.base)
		return "dump: an incremental snapshot needs a directory (-D)";
	return NULL;
}

/* --- sources --- */

struct located {
	struct backend *backend;
	struct snapshot_source *sources;
	int count;
};

static void located_free(struct located *located)
{
	for (int i = 0; i < located->count; i++) {
		free((char *)located->sources[i].path);
		free((char *)located->sources[i].name);
	}
	free(located->sources);
	backend_close(located->backend);
}

/* Are both the root of the same tree? The device number of a mount says so. */
static bool same_backend(struct backend *a, struct backend *b)
{
	struct stat first, second;

	return a->ops == b->ops && !tree_stat(a, "", &first) && !tree_stat(b, "", &second) &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static int paths_locate(char **paths, int count, struct located *located)
{
	struct fault fault = FAULT_INIT;

	located->sources = calloc((size_t)count, sizeof(*located->sources));
	for (int i = 0; located->sources && i < count; i++) {
		struct backend *backend;
		char *inside, *name;
		int error = snapshot_locate(paths[i], &backend, &inside, &name, &fault);

		if (error) {
			complain("%s", fault.text);
			return error;
		}
		located->sources[i] = (struct snapshot_source){inside, name};
		located->count = i + 1;
		if (!located->backend) {
			located->backend = backend;
			continue;
		}
		if (!same_backend(located->backend, backend)) {
			backend_close(backend);
			complain("%s: is on another mount than %s; dump each on its own", paths[i],
				 paths[0]);
			return -EXDEV;
		}
		backend_close(backend);
	}
	return located->sources ? 0 : -ENOMEM;
}

/* --- the whole --- */

struct delivery {
	const char *stream; /* "-" or a file */
	const struct snapshot_progress *progress;
};

/* A device, a pipe: what was written there cannot be taken back. */
static int stream_write_special(const struct delivery *delivery, const char *directory,
				struct fault *fault)
{
	const char *stream = delivery->stream;
	cleanup_close int fd = strcmp(stream, "-") ? open(stream, O_WRONLY | O_TRUNC | O_CLOEXEC)
						   : dup(STDOUT_FILENO);
	int error;

	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", stream, strerror(errno));
	error = snapshot_pack(directory, fd, delivery->progress, fault);
	/* pipes and terminals cannot be synced */
	if (!error && fsync(fd) && errno != EINVAL && errno != EROFS)
		error = fault_set(fault, errno, "%s: %s", stream, strerror(errno));
	return error;
}

/* Elements that are taken out are given up only once the stream is written. */
static int stream_deliver(void *context, const char *directory, struct fault *fault)
{
	const struct delivery *delivery = context;
	struct stat st;
	bool special = !strcmp(delivery->stream, "-");

	special = special || (!stat(delivery->stream, &st) && !S_ISREG(st.st_mode));
	return special ? stream_write_special(delivery, directory, fault)
		       : snapshot_pack_file(directory, delivery->stream, delivery->progress, fault);
}

static void summary_print(const snapshot_report *report, const char *where)
{
	json_int_t maps = json_integer_value(json_object_get(report, "maps"));
	json_int_t exact = json_integer_value(json_object_get(report, "exact"));
	json_int_t elements = json_integer_value(json_object_get(report, "elements"));

	fprintf(stderr, "%s: %lld maps (%lld exact, %lld fuzzy), %lld elements\n", where,
		(long long)maps, (long long)exact, (long long)(maps - exact), (long long)elements);
}

static int dump_to(const struct arguments *arguments, const struct located *located,
		   const char *directory)
{
	struct snapshot_dump_options dump = arguments->dump;
	struct delivery delivery = {arguments->stream, &dump.progress};
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	int error, status = EXIT_COMPLETE;

	if (arguments->stream) {
		dump.deliver = stream_deliver;
		dump.deliver_context = &delivery;
	}
	dump.progress = progress_start(arguments->quiet);
	error = snapshot_recover(located->backend, NULL, dump.state, NULL, &fault);
	if (!error)
		error = snapshot_dump(located->backend, located->sources, (size_t)located->count,
				      directory, &dump, &report, &fault);
	progress_end();
	if (error) {
		complain("%s", fault.text);
		status = EXIT_FAILED;
	} else {
		tell_report(report, "left out", arguments->quiet);
		if (!arguments->quiet && isatty(STDERR_FILENO))
			summary_print(report, arguments->directory ? arguments->directory : "dump");
		if (snapshot_report_omissions(report))
			status = EXIT_OMITTED;
	}
	json_decref(report);
	return status;
}

static int dump_stream(const struct arguments *arguments, const struct located *located)
{
	struct fault fault = FAULT_INIT;
	struct snapshot_scratch scratch;
	int status;

	progress_start(arguments->quiet); /* from here on there is something to be removed */
	if (snapshot_scratch_make(&scratch, &fault)) {
		complain("%s", fault.text);
		return EXIT_FAILED;
	}
	status = dump_to(arguments, located, scratch.path);
	snapshot_scratch_remove(&scratch);
	return status;
}

int verb_dump(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct located located = {0};
	const char *problem;
	int status = EXIT_FAILED;

	if (arguments_parse(argc, argv, &arguments))
		return usage("dump");
	problem = arguments_problem(&arguments);
	if (problem) {
		complain("%s", problem);
		return usage("dump");
	}
	if (!paths_locate(arguments.paths, arguments.count, &located))
		status = arguments.stream ? dump_stream(&arguments, &located)
					  : dump_to(&arguments, &located, arguments.directory);
	located_free(&located);
	return status;
}
