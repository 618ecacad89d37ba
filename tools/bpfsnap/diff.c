// SPDX-License-Identifier: BSD-2-Clause
/* diff A B: each is a snapshot's directory, or a live path, of which a snapshot is taken. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

/* diff(1)'s statuses, not those of the other verbs. */
enum { DIFF_SAME = 0, DIFF_DIFFERENT = 1, DIFF_TROUBLE = 2 };

static bool is_snapshot(const char *path)
{
	static const char *const files[] = {"manifest.json", "bpfmap-file.img", "files.img"};
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		cleanup_free char *file = NULL;

		if (asprintf(&file, "%s/%s", path, files[i]) < 0)
			return false;
		if (!lstat(file, &st) && S_ISREG(st.st_mode))
			return true;
	}
	return false;
}

static int live_dump(const char *path, const char *directory,
		     const struct snapshot_progress *progress, struct fault *fault)
{
	const struct snapshot_dump_options dump = {.progress = *progress};
	struct snapshot_source source;
	struct backend *backend;
	snapshot_report *report = NULL;
	char *inside, *name;
	int error = snapshot_locate(path, &backend, &inside, &name, fault);

	if (error)
		return error;
	source = (struct snapshot_source){inside, name};
	error = snapshot_dump(backend, &source, 1, directory, &dump, &report, fault);
	json_decref(report);
	free(inside);
	free(name);
	backend_close(backend);
	return error;
}

static int live_open(const char *path, const struct snapshot_progress *progress,
		     struct image **image, struct fault *fault)
{
	struct snapshot_scratch scratch;
	int error = snapshot_scratch_make(&scratch, fault);

	if (error)
		return error;
	error = live_dump(path, scratch.path, progress, fault);
	if (!error)
		error = snapshot_open(scratch.path, NULL, SNAPSHOT_HEADS, progress, image, fault);
	snapshot_scratch_remove(&scratch);
	return error;
}

static int side_open(const char *path, const struct verb_list *bases, struct image **image)
{
	struct snapshot_progress progress = progress_start(false);
	struct fault fault = FAULT_INIT;
	int error = is_snapshot(path) ? snapshot_open(path, bases->items, SNAPSHOT_ELEMENTS,
						      &progress, image, &fault)
				      : live_open(path, &progress, image, &fault);

	if (progress_stop() && !error)
		error = fault_set(&fault, ECANCELED, "interrupted");
	if (error)
		complain("%s", fault.text);
	return error;
}

static int line_print(void *context, const char *line)
{
	return puts(line) < 0 ? -EIO : 0; /* output_end() says so */
}

int verb_diff(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *from = NULL;
	cleanup_with(snapshot_closep) struct image *to = NULL;
	struct snapshot_diff_options diff = {.print = line_print};
	struct fault fault = FAULT_INIT;
	struct verb_list bases = {0};
	bool different = true;
	const struct verb_option options[] = {
		{"json", .flag = &diff.json},
		{"brief", .flag = &diff.brief},
		{"base", .list = &bases},
		{NULL},
	};
	int operand = options_parse(argc, argv, options);

	if (operand >= 0 && argc - operand != 2)
		complain("diff: say what to compare, by two snapshots or paths");
	if (operand < 0 || argc - operand != 2)
		return usage("diff");
	if (side_open(argv[operand], &bases, &from) || side_open(argv[operand + 1], &bases, &to))
		return DIFF_TROUBLE;
	if (snapshot_diff(from, to, &diff, &different, &fault) && !ferror(stdout)) {
		complain("%s", fault.text);
		return DIFF_TROUBLE;
	}
	return output_end(different ? DIFF_DIFFERENT : DIFF_SAME, DIFF_TROUBLE);
}
