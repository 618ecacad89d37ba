// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tree, all or nothing. A directory beside the place that is to change holds the new tree:
 *
 *   bpfsnap-stage-OWNER/new/ROOT    each top-level name of the snapshot, complete
 *   bpfsnap-stage-OWNER/ino/ROOT    a symlink whose target is the inode number of new/ROOT
 *
 * Renaming it to bpfsnap-commit-OWNER is the decision: a run that finds a stage directory of a
 * process that is gone removes it; one that finds a commit directory finishes it. Afterwards it
 * holds the old tree, and is called a stage directory again before it is taken apart. Each root is
 * exchanged with what is there in one rename; the inode number tells whether that was done.
 * What is there and not in the snapshot is pinned into the new tree as well.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/collect.h"
#include "owner.h"
#include "image/report.h"
#include "image/staging.h"

struct caller restore_caller(const struct snapshot_restore_options *options)
{
	if (options && options->as_root)
		return (struct caller){0};
	return (struct caller){.uid = geteuid(), .gid = getegid()};
}

/* --- removing a tree --- */

static int tree_remove(struct backend *backend, const struct caller *caller, const char *path);

static int entries_remove(struct backend *backend, const struct caller *caller, const char *path)
{
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(backend, path, &entries, &count);

	if (error)
		return error;
	for (size_t i = 0; !error && i < count; i++) {
		cleanup_free char *child = restore_path(path, entries[i].name);

		error = child ? tree_remove(backend, caller, child) : -ENOMEM;
	}
	tree_entries_free(entries, count);
	return error;
}

static int tree_remove(struct backend *backend, const struct caller *caller, const char *path)
{
	struct stat st;
	int error = tree_stat(backend, path, &st);

	if (error)
		return error == -ENOENT ? 0 : error;
	if (!S_ISDIR(st.st_mode))
		return tree_unlink(backend, caller, path);
	error = entries_remove(backend, caller, path);
	return error ? error : tree_rmdir(backend, caller, path);
}

/* --- holding what elements refer to --- */

static int object_hold(struct restore *restore, const struct caller *caller, const char *directory,
		       enum object_kind kind, uint32_t id)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	cleanup_free char *path = NULL;
	char name[32];
	int error = object_open(restore->backend, kind, id, 0, &handle);

	if (error)
		return error == -ENOENT ? 0 : error;
	snprintf(name, sizeof(name), "%s-%" PRIu32, kind == OBJECT_MAP ? "map" : "prog", id);
	path = restore_path(directory, name);
	return path ? pin(handle, caller, path) : -ENOMEM;
}

static char *stage_path(const struct restore *restore)
{
	char owner[OWNER_TEXT_SIZE], name[96];

	owner_print(owner);
	snprintf(name, sizeof(name), STAGING_PREFIX "%s", owner);
	return restore_path(restore->target, name);
}

int staging_hold(struct restore *restore, struct image *image)
{
	const struct caller self = restore_caller(restore->options);
	cleanup_free char *stage = stage_path(restore);
	int error = stage ? tree_mkdir(restore->backend, &self, stage, 0700) : -ENOMEM;

	for (size_t i = 0; !error && i < image->map_count; i++)
		error = object_hold(restore, &self, stage, OBJECT_MAP, image->maps[i].info.id);
	for (size_t i = 0; !error && i < image->prog_count; i++)
		error = object_hold(restore, &self, stage, OBJECT_PROG, image->progs[i].id);
	if (error)
		return staging_fault(restore->fault, error, stage ? stage : "",
				     "what elements refer to cannot be pinned here meanwhile");
	return 0;
}

void staging_release(struct restore *restore)
{
	const struct caller self = restore_caller(restore->options);
	cleanup_free char *stage = stage_path(restore);

	if (stage)
		tree_remove(restore->backend, &self, stage);
}

/* --- what killed runs left --- */

struct recovery {
	struct backend *backend;
	const char *target;
	json_t *notes;
	struct fault *fault;
};

/* owner: of a commit directory, which is renamed first. */
static int leftover_remove(struct recovery *recovery, const struct caller *caller, const char *path,
			   const char *owner)
{
	char name[96];
	cleanup_free char *stage = NULL;
	int error;

	if (!owner)
		return tree_remove(recovery->backend, caller, path);
	snprintf(name, sizeof(name), STAGING_PREFIX "%.60s", owner);
	stage = restore_path(recovery->target, name);
	error = stage ? tree_rename(recovery->backend, caller, path, stage, 0) : -ENOMEM;
	return error ? error : tree_remove(recovery->backend, caller, stage);
}

static int leftover_handle(struct recovery *recovery, const char *name)
{
	bool commit = !strncmp(name, COMMIT_PREFIX, strlen(COMMIT_PREFIX));
	size_t prefix = commit ? strlen(COMMIT_PREFIX) : strlen(STAGING_PREFIX);
	cleanup_free char *path = restore_path(recovery->target, name);
	const struct caller self = restore_caller(NULL), *caller = &self;
	int error = 0;

	if ((!commit && strncmp(name, STAGING_PREFIX, prefix) != 0) || owner_alive(name + prefix))
		return 0;
	if (!path)
		return fault_set(recovery->fault, ENOMEM, "out of memory");
	if (commit)
		error = roots_exchange(recovery->backend, caller, path, recovery->target,
				       recovery->fault);
	if (error)
		return error;
	error = leftover_remove(recovery, caller, path, commit ? name + prefix : NULL);
	if (error)
		return staging_fault(recovery->fault, error, path, "cannot be removed");
	notes_add(recovery->notes, name,
		  commit ? "a restore that was killed at its end: finished"
			 : "a restore that was killed: removed");
	return 0;
}

int staging_recover(struct backend *backend, const char *target, json_t *notes, struct fault *fault)
{
	struct recovery recovery = {backend, target, notes, fault};
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(backend, target, &entries, &count);

	if (error)
		return staging_fault(fault, error, *target ? target : "/", "cannot be listed");
	for (size_t i = 0; !error && i < count; i++)
		error = leftover_handle(&recovery, entries[i].name);
	tree_entries_free(entries, count);
	return error;
}

/* --- the whole --- */

static int obstacle_check(struct restore *restore, const struct image_node *node)
{
	cleanup_free char *path = restore_path(restore->target, node->path);
	struct stat st;
	int error = path ? tree_stat(restore->backend, path, &st) : -ENOMEM;

	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error)
		return staging_fault(restore->fault, error, node->path, "cannot be looked at");
	if (node->kind == NODE_DIRECTORY && S_ISDIR(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		return fault_set(restore->fault, EEXIST, "%s: a directory is in its place", path);
	if (restore->options->replace)
		return 0;
	return fault_set(restore->fault, EEXIST, "%s: exists already; --replace would replace it",
			 path);
}

int staging_check(struct restore *restore)
{
	int error = 0;

	for (size_t i = 0; !error && i < restore->image->node_count; i++)
		if (!node_is_left_out(restore, &restore->image->nodes[i]) ||
		    restore->image->nodes[i].kind == NODE_MAP)
			error = obstacle_check(restore, &restore->image->nodes[i]);
	return error;
}

static int stage_build(struct restore *restore, const struct caller *caller, const char *stage)
{
	cleanup_free char *base = restore_path(stage, "new"), *inodes = restore_path(stage, "ino");
	int error = base && inodes ? 0 : -ENOMEM;

	if (!error)
		error = tree_mkdir(restore->backend, caller, stage, 0700);
	if (!error)
		error = tree_mkdir(restore->backend, caller, base, 0700);
	if (!error)
		error = tree_mkdir(restore->backend, caller, inodes, 0700);
	if (error)
		return staging_fault(restore->fault, error, stage, "cannot be made");
	error = staged_tree_build(restore, caller, base);
	return error ? error : roots_record(restore, caller, stage);
}

static int stage_commit(struct restore *restore, const struct caller *caller, const char *stage,
			const char *commit)
{
	int error = tree_rename(restore->backend, caller, stage, commit, 0);

	if (error)
		return staging_fault(restore->fault, error, stage, "cannot be committed");
	error = roots_exchange(restore->backend, caller, commit, restore->target, restore->fault);
	tree_rename(restore->backend, caller, commit, stage, 0);
	return error;
}

int staging_run(struct restore *restore)
{
	char owner[OWNER_TEXT_SIZE], name[96];
	cleanup_free char *stage = NULL, *commit = NULL;
	const struct caller self = restore_caller(restore->options), *caller = &self;
	int error, cleaned;

	owner_print(owner);
	stage = stage_path(restore);
	snprintf(name, sizeof(name), COMMIT_PREFIX "%s", owner);
	commit = restore_path(restore->target, name);
	if (!stage || !commit)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	error = stage_build(restore, caller, stage);
	if (!error)
		error = stage_commit(restore, caller, stage, commit);
	/* the new tree after a failure, the old one after success */
	cleaned = tree_remove(restore->backend, caller, stage);
	if (!error && cleaned)
		report_note(restore->report, stage,
			    "cannot be removed; the next restore here does it");
	return error;
}
