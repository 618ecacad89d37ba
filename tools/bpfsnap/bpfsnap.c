// SPDX-License-Identifier: BSD-2-Clause
/* bpfsnap: snapshots of BPF maps and pins. A table of verbs, each in a file of its own. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
	 "(-D DIR | -i FILE|-) [--base DIR] [--partial] [--replace] [--in-place] [--dry-run] "
	 "[--cpus match|copy|sum] [--state DIR] [--quiet] TARGET",
	 "put them back below TARGET"},
	{"show", verb_show, "[--json] (DIR | -D DIR | -i FILE|-)", "print what a snapshot holds"},
	{"diff", verb_diff, "[--json] [--brief] A B",
	 "compare two snapshots, or one with what is live"},
	{"verify", verb_verify, "[--base DIR] [--quiet] (DIR | -D DIR | -i FILE|-)",
	 "check the integrity of a snapshot"},
	{"export", verb_export, "[--json[=ours|bpftool]] [--map MAP] (DIR | -D DIR | -i FILE|-)",
	 "convert the elements to JSON"},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

void complain(const char *format, ...)
{
	va_list arguments;

	progress_end();
	fputs("bpfsnap: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

int output_end(int status, int failed)
{
	bool earlier = ferror(stdout);

	if (!fflush(stdout) && !earlier)
		return status;
	complain("standard output: %s", earlier ? "cannot be written" : strerror(errno));
	return failed;
}

int usage(const char *verb)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, verb))
			fprintf(stderr, "usage: bpfsnap %s %s\n", verb, verbs[i].usage);
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

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		help(stdout);
		return output_end(EXIT_COMPLETE, EXIT_FAILED);
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("bpfsnap " BPFUSE_VERSION);
		return output_end(EXIT_COMPLETE, EXIT_FAILED);
	}
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		files_raise();
		umask(0); /* files and directories here are made with modes of their own */
		return verbs[i].run(argc - 1, argv + 1);
	}
	if (*name)
		complain("there is no verb \"%s\"", name);
	help(stderr);
	return EXIT_USAGE;
}
