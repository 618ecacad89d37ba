// SPDX-License-Identifier: BSD-2-Clause
/* Putting a snapshot back, step by step. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/decision.h"
#include "image/drain.h"
#include "image/queue.h"
#include "image/report.h"
#include "image/restore.h"
#include "image/state.h"
#include "image/undo.h"

/* The state directory is not made for looking into it. */
static int journals_recover(struct backend *backend, const char *state, json_t *notes,
			    struct fault *fault)
{
	cleanup_free char *path = state_path(state);
	cleanup_close int directory = -1;
	int error;

	if (!path)
		return fault_set(fault, ENOMEM, "out of memory");
	if (access(path, F_OK))
		return 0;
	directory = state_open(state, fault);
	if (directory < 0)
		return directory;
	error = queue_recover(backend, directory, notes, fault);
	if (!error)
		error = drain_recover(backend, directory, notes, fault);
	if (!error)
		error = undo_recover(backend, state, directory, notes, fault);
	/* last: it is what the others ask */
	return error ? error : decision_recover(backend, directory, notes, fault);
}

int snapshot_recover(struct backend *backend, const char *target, const char *state, json_t *notes,
		     struct fault *fault)
{
	int error = journals_recover(backend, state, notes, fault);

	if (!error && target)
		error = staging_recover(backend, target, notes, fault);
	return error;
}

static int target_check(struct restore *restore)
{
	const char *target = *restore->target ? restore->target : "the root";
	struct stat st;
	int error = tree_stat(restore->backend, restore->target, &st);

	if (error)
		return fault_set(restore->fault, -error, "%s: %s", target, strerror(-error));
	if (!S_ISDIR(st.st_mode))
		return fault_set(restore->fault, ENOTDIR, "%s: is not a directory", target);
	return 0;
}

/* What cannot be restored has been listed; it is for the user to accept that. */
static int plan_accept(struct restore *restore)
{
	size_t count = snapshot_report_omissions(restore->report);

	if (!count || restore->options->partial)
		return 0;
	return fault_set(restore->fault, EOPNOTSUPP,
			 "%zu thing%s cannot be restored here; --partial goes on without", count,
			 count == 1 ? "" : "s");
}

static void restore_count(struct restore *restore)
{
	uint64_t elements = 0;
	size_t maps = 0;

	for (size_t i = 0; i < restore->image->map_count; i++) {
		if (restore->maps[i].skip)
			continue;
		maps++;
		elements += restore->maps[i].empty ? 0 : restore->image->maps[i].elements;
	}
	json_object_set_new(restore->report, "maps", json_integer((json_int_t)maps));
	json_object_set_new(restore->report, "pins",
			    json_integer((json_int_t)restore->image->node_count));
	json_object_set_new(restore->report, "elements", json_integer((json_int_t)elements));
}

static int restore_run(struct restore *restore)
{
	const struct snapshot_restore_options *options = restore->options;
	int error = restore_begin(restore);

	if (!error)
		error = target_check(restore);
	if (!error)
		error = restore_plan(restore);
	if (!error)
		error = plan_accept(restore);
	if (error)
		return error;
	/* what the dump had to leave out is missing here too, and was accepted then */
	report_omit_all(restore->report, restore->image->omitted);
	restore_count(restore);
	if (options->in_place)
		return in_place_run(restore);
	error = staging_check(restore);
	if (error || options->dry_run)
		return error;
	error = restore_make(restore);
	return error ? error : staging_run(restore);
}

int restore_into(struct image *image, struct backend *backend, const char *target,
		 const struct snapshot_restore_options *options, snapshot_report **report,
		 struct fault *fault)
{
	struct restore restore = {.image = image,
				  .backend = backend,
				  .target = target,
				  .options = options,
				  .fault = fault};
	int error;

	if (!*report)
		*report = report_new();
	restore.report = *report;
	error = *report ? restore_run(&restore) : fault_set(fault, ENOMEM, "out of memory");
	restore_end(&restore);
	return error;
}

int snapshot_restore(struct image *image, struct backend *backend, const char *target,
		     const struct snapshot_restore_options *options, snapshot_report **report,
		     struct fault *fault)
{
	int error = 0;

	*report = report_new();
	if (!*report)
		return fault_set(fault, ENOMEM, "out of memory");
	if (!options->dry_run)
		error = snapshot_recover(backend, target, options->state,
					 json_object_get(*report, "notes"), fault);
	return error ? error : restore_into(image, backend, target, options, report, fault);
}
