// SPDX-License-Identifier: BSD-2-Clause
/* bpfsnap: snapshots of BPF maps and pins. A table of verbs, each in a file of its own. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <bpfuse/buffer.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/standard_files.h>
#include "bpfsnap.h"

static const struct verb {
	const char *name;
	verb_function *run;
	const char *usage, *what;
} verbs[] = {
	{"dump", verb_dump,
	 "(-D DIR | -o FILE|-) [--label TEXT] [--criu] [--queues] [--verify] [--drain] "
	 "[--incremental BASE] [--replace] [--state DIR] [--quiet] PATH...",
	 "take maps, pins, devices and types under PATH"},
	{"restore", verb_restore,
	 "(-D DIR | -i FILE|-) [--base DIR]... [--partial] [--replace] [--in-place] [--dry-run] "
	 "[--cpus match|copy|sum] [--state DIR] [--quiet] TARGET",
	 "put them back below TARGET"},
	{"show", verb_show, "[--base DIR]... [--json] (DIR | -D DIR | -i FILE|-)",
	 "print what a snapshot holds"},
	{"diff", verb_diff, "[--base DIR]... [--json] [--brief] A B",
	 "compare two snapshots, or one with what is live"},
	{"verify", verb_verify, "[--base DIR]... [--quiet] (DIR | -D DIR | -i FILE|-)",
	 "check the integrity of a snapshot"},
	{"export", verb_export,
	 "[--base DIR]... [--json[=ours|bpftool]] [--map MAP] (DIR | -D DIR | -i FILE|-)",
	 "convert the elements to JSON"},
};
/* Characters of a complaint. */
#define COMPLAINT_MAX 4096
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

void complain(const char *format, ...)
{
	struct buffer line = BUFFER_INIT;
	cleanup_free char *text = NULL;
	va_list arguments;

	progress_end();
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	buffer_append_printable(&line, text ? text : "out of memory", COMPLAINT_MAX);
	fprintf(stderr, "bpfsnap: %s\n", line.data ? line.data : "out of memory");
	buffer_free(&line);
}

int output_end(int status, int failed)
{
	bool earlier = ferror(stdout);

	if (!fflush(stdout) && !earlier)
		return status;
	complain("standard output: %s", earlier ? "cannot be written" : strerror(errno));
	return failed;
}

static void verb_usage(const struct verb *verb, FILE *out)
{
	fprintf(out, "usage: bpfsnap %s %s\n", verb->name, verb->usage);
}

int usage(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			verb_usage(&verbs[i], stderr);
	return EXIT_USAGE;
}

static void help(FILE *out)
{
	fputs("usage: bpfsnap VERB ...\n\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "bpfsnap %s %s\n\t%s\n", verbs[i].name, verbs[i].usage, verbs[i].what);
	fputs("\nExit status: 0 complete; 1 failed, nothing was changed; 2 wrong usage; 3 complete "
	      "but for\nomissions that are listed. diff: 0 the same, 1 different, 2 trouble. See "
	      "bpfsnap(8).\n",
	      out);
}

void tell_report(const snapshot_report *report, const char *verb, bool quiet)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(report, "notes"), i, entry)
		if (!quiet)
			complain("note: %s: %s", json_string_value(json_object_get(entry, "what")),
				 json_string_value(json_object_get(entry, "why")));
	json_array_foreach (json_object_get(report, "omitted"), i, entry)
		complain("%s: %s: %s", verb, json_string_value(json_object_get(entry, "what")),
			 json_string_value(json_object_get(entry, "why")));
}

/* A map is a descriptor each: as many as are allowed. */
static void files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int verb_run(const struct verb *verb, int argc, char **argv)
{
	char title[32];

	if (asks_for_help(argc, argv)) {
		verb_usage(verb, stdout);
		printf("\t%s; see bpfsnap(8)\n", verb->what);
		return output_end(EXIT_COMPLETE, EXIT_FAILED);
	}
	snprintf(title, sizeof(title), "bpfsnap: %s", verb->name);
	argv[0] = title; /* getopt(3) says it before what it complains about */
	files_raise();
	umask(0); /* files and directories here are made with modes of their own */
	return verb->run(argc, argv);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	standard_files_take();

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		help(stdout);
		return output_end(EXIT_COMPLETE, EXIT_FAILED);
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("bpfsnap " BPFUSE_VERSION);
		return output_end(EXIT_COMPLETE, EXIT_FAILED);
	}
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return verb_run(&verbs[i], argc - 1, argv + 1);
	if (argc > 1)
		complain("there is no verb \"%s\"; bpfsnap --help lists them", name);
	else
		help(stderr);
	return EXIT_USAGE;
}
