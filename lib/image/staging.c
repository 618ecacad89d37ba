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
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/collect.h"
#include "image/owner.h"
#include "image/report.h"
#include "image/restore.h"

struct caller restore_caller(const struct snapshot_restore_options *options)
{
	if (options && options->as_root)
		return (struct caller){0};
	return (struct caller){.uid = geteuid(), .gid = getegid()};
}

static int path_fault(struct fault *fault, int error, const char *path, const char *what)
{
	return fault_set(fault, -error, "%s: %s: %s", path, what, strerror(-error));
}

static int owner_set(struct backend *backend, const struct caller *caller, const char *path,
		     const struct image_node *node)
{
	int error = 0;

	if (node->kind != NODE_SYMLINK)
		error = tree_chmod(backend, caller, path, node->mode);
	if (!error && (node->uid != caller->uid || node->gid != caller->gid))
		error = tree_chown(backend, caller, path, node->uid, node->gid);
	/* chown clears set-id bits */
	if (!error && (node->mode & 06000) && node->kind != NODE_SYMLINK)
		error = tree_chmod(backend, caller, path, node->mode);
	return error;
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

/* --- building the new tree --- */

static struct handle *node_handle(struct restore *restore, const struct image_node *node)
{
	const struct image_map *map;
	const struct image_prog *prog;

	if (node->kind == NODE_MAP) {
		map = image_find_map(restore->image, node->id);
		return map ? restore->maps[map - restore->image->maps].handle : NULL;
	}
	if (node->kind == NODE_PROG) {
		prog = image_find_prog(restore->image, node->id);
		return prog ? restore->progs[prog - restore->image->progs].handle : NULL;
	}
	return NULL;
}

static int node_make(struct restore *restore, const struct caller *caller, const char *path,
		     const struct image_node *node)
{
	struct handle *handle;

	switch (node->kind) {
	case NODE_DIRECTORY:
		return tree_mkdir(restore->backend, caller, path, 0700);
	case NODE_SYMLINK:
		return tree_symlink(restore->backend, caller, node->target, path);
	default:
		handle = node_handle(restore, node);
		return handle ? pin(handle, caller, path) : -ENOENT;
	}
}

/* What was left out (and reported) is not made: programs that are not here, links. */
static bool node_is_left_out(struct restore *restore, const struct image_node *node)
{
	return node->kind != NODE_DIRECTORY && node->kind != NODE_SYMLINK &&
	       !node_handle(restore, node);
}

static int nodes_build(struct restore *restore, const struct caller *caller, const char *base)
{
	const struct image *image = restore->image;

	for (size_t i = 0; i < image->node_count; i++) {
		const struct image_node *node = &image->nodes[i];
		cleanup_free char *path = restore_path(base, node->path);
		int error;

		if (node_is_left_out(restore, node))
			continue;
		if (!path)
			return fault_set(restore->fault, ENOMEM, "out of memory");
		error = node_make(restore, caller, path, node);
		if (!error && node->kind != NODE_DIRECTORY)
			error = owner_set(restore->backend, caller, path, node);
		if (error)
			return path_fault(restore->fault, error, node->path, "cannot be made");
	}
	return 0;
}

/* Directories get their modes last, deepest first: they may forbid to make anything in them. */
static int directories_finish(struct restore *restore, const struct caller *caller,
			      const char *base)
{
	const struct image *image = restore->image;

	for (size_t i = image->node_count; i--;) {
		const struct image_node *node = &image->nodes[i];
		cleanup_free char *path = restore_path(base, node->path);
		int error;

		if (node->kind != NODE_DIRECTORY)
			continue;
		error = path ? owner_set(restore->backend, caller, path, node) : -ENOMEM;
		if (error)
			return path_fault(restore->fault, error, node->path,
					  "its owner or mode cannot be set");
	}
	return 0;
}

/* --- what is there already, and stays --- */

struct carrying {
	struct restore *restore;
	const struct caller *caller;
	const char *base; /* the new tree */
};

static int carry_entry(struct carrying *carrying, const char *name);

static int carry_children(struct carrying *carrying, const char *path, const char *name)
{
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(carrying->restore->backend, path, &entries, &count);

	if (error)
		return error == -ENOENT ? 0 : error;
	for (size_t i = 0; !error && i < count; i++) {
		cleanup_free char *child = restore_path(name, entries[i].name);

		error = child ? carry_entry(carrying, child) : -ENOMEM;
	}
	tree_entries_free(entries, count);
	return error;
}

static int carry_object(struct carrying *carrying, const char *from, const char *to)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	int error = pin_open(carrying->restore->backend, from, 0, &handle);

	return error ? error : pin(handle, carrying->caller, to);
}

static int carry_symlink(struct carrying *carrying, const char *from, const char *to)
{
	char target[PATH_MAX];
	int error = tree_readlink(carrying->restore->backend, from, target, sizeof(target));

	return error ? error
		     : tree_symlink(carrying->restore->backend, carrying->caller, target, to);
}

static int carry_one(struct carrying *carrying, const char *from, const char *to,
		     const struct stat *st)
{
	struct image_node as = {.mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid};
	int error;

	if (S_ISDIR(st->st_mode))
		return tree_mkdir(carrying->restore->backend, carrying->caller, to, 0700);
	as.kind = S_ISLNK(st->st_mode) ? NODE_SYMLINK : NODE_MAP;
	error = S_ISLNK(st->st_mode) ? carry_symlink(carrying, from, to)
				     : carry_object(carrying, from, to);
	return error ? error : owner_set(carrying->restore->backend, carrying->caller, to, &as);
}

/* `name` below the target: into the new tree, unless the snapshot has something of that name. */
static int carry_entry(struct carrying *carrying, const char *name)
{
	struct restore *restore = carrying->restore;
	const struct image_node *node = image_find_node(restore->image, name);
	cleanup_free char *from = restore_path(restore->target, name);
	cleanup_free char *to = restore_path(carrying->base, name);
	struct image_node as = {.kind = NODE_DIRECTORY};
	struct stat st;
	int error;

	if (!from || !to)
		return -ENOMEM;
	error = tree_stat(restore->backend, from, &st);
	if (error)
		return error == -ENOENT ? 0 : error;
	if (node && !(node->kind == NODE_DIRECTORY && S_ISDIR(st.st_mode)) &&
	    !node_is_left_out(restore, node))
		return 0;
	if (!node || node->kind != NODE_DIRECTORY)
		error = carry_one(carrying, from, to, &st);
	if (error || !S_ISDIR(st.st_mode))
		return error;
	error = carry_children(carrying, from, name);
	if (error || node)
		return error;
	as.mode = st.st_mode & 07777;
	as.uid = st.st_uid;
	as.gid = st.st_gid;
	return owner_set(restore->backend, carrying->caller, to, &as);
}

/* The top-level names of the snapshot, one after the other. */
static bool is_root(const struct image_node *node)
{
	return !strchr(node->path, '/');
}

static int roots_carry(struct restore *restore, const struct caller *caller, const char *base)
{
	struct carrying carrying = {restore, caller, base};

	for (size_t i = 0; i < restore->image->node_count; i++) {
		const struct image_node *node = &restore->image->nodes[i];
		int error = is_root(node) ? carry_entry(&carrying, node->path) : 0;

		if (error)
			return path_fault(restore->fault, error, node->path,
					  "what is there cannot be kept");
	}
	return 0;
}

static int roots_record(struct restore *restore, const struct caller *caller, const char *stage)
{
	cleanup_free char *inodes = restore_path(stage, "ino"), *base = restore_path(stage, "new");

	for (size_t i = 0; i < restore->image->node_count; i++) {
		const struct image_node *node = &restore->image->nodes[i];
		cleanup_free char *link = restore_path(inodes, node->path);
		cleanup_free char *path = restore_path(base, node->path);
		char number[24];
		struct stat st;
		int error;

		if (!is_root(node) || node_is_left_out(restore, node))
			continue;
		error = link && path ? tree_stat(restore->backend, path, &st) : -ENOMEM;
		if (error)
			return path_fault(restore->fault, error, node->path, "is not there");
		snprintf(number, sizeof(number), "%ju", (uintmax_t)st.st_ino);
		error = tree_symlink(restore->backend, caller, number, link);
		if (error)
			return path_fault(restore->fault, error, node->path,
					  "cannot be recorded for the exchange");
	}
	return 0;
}

/* --- the exchange --- */

/* What is at `path`: its inode number, 0 for nothing. */
static int inode_at(struct backend *backend, const char *path, uint64_t *inode)
{
	struct stat st;
	int error = tree_stat(backend, path, &st);

	*inode = error ? 0 : st.st_ino;
	return error == -ENOENT ? 0 : error;
}

static int root_exchange(struct backend *backend, const struct caller *caller, const char *commit,
			 const char *target, const char *name, bool back)
{
	cleanup_free char *base = restore_path(commit, "new"),
			  *inodes = restore_path(commit, "ino");
	cleanup_free char *staged = base ? restore_path(base, name) : NULL;
	cleanup_free char *link = inodes ? restore_path(inodes, name) : NULL;
	cleanup_free char *place = restore_path(target, name);
	char number[24] = "";
	uint64_t wanted, there, beside;
	int error;

	if (!staged || !link || !place)
		return -ENOMEM;
	error = tree_readlink(backend, link, number, sizeof(number));
	wanted = strtoull(number, NULL, 10);
	if (!error)
		error = inode_at(backend, place, &there);
	if (!error)
		error = inode_at(backend, staged, &beside);
	if (error || (there == wanted) != back)
		return error; /* nothing to be done (any more) */
	if (back && !beside)
		return tree_rename(backend, caller, place, staged, RENAME_NOREPLACE);
	if (there)
		return tree_rename(backend, caller, staged, place, RENAME_EXCHANGE);
	return tree_rename(backend, caller, staged, place, RENAME_NOREPLACE);
}

/* All roots that are recorded; on failure those done are exchanged back. */
static int roots_exchange(struct backend *backend, const struct caller *caller, const char *commit,
			  const char *target, struct fault *fault)
{
	cleanup_free char *inodes = restore_path(commit, "ino");
	struct tree_entry *entries;
	size_t count, done;
	int error = inodes ? tree_list(backend, inodes, &entries, &count) : -ENOMEM;

	if (error)
		return path_fault(fault, error, commit, "cannot be listed");
	for (done = 0; !error && done < count; done++)
		error = root_exchange(backend, caller, commit, target, entries[done].name, false);
	if (error) {
		path_fault(fault, error, entries[done - 1].name, "cannot be put in place");
		for (size_t i = 0; i < done; i++)
			root_exchange(backend, caller, commit, target, entries[i].name, true);
	}
	tree_entries_free(entries, count);
	return error;
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
		return path_fault(restore->fault, error, stage ? stage : "",
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
		return path_fault(recovery->fault, error, path, "cannot be removed");
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
		return path_fault(fault, error, *target ? target : "/", "cannot be listed");
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
		return path_fault(restore->fault, error, node->path, "cannot be looked at");
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
		return path_fault(restore->fault, error, stage, "cannot be made");
	error = nodes_build(restore, caller, base);
	if (!error)
		error = roots_carry(restore, caller, base);
	if (!error)
		error = directories_finish(restore, caller, base);
	return error ? error : roots_record(restore, caller, stage);
}

static int stage_commit(struct restore *restore, const struct caller *caller, const char *stage,
			const char *commit)
{
	int error = tree_rename(restore->backend, caller, stage, commit, 0);

	if (error)
		return path_fault(restore->fault, error, stage, "cannot be committed");
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
