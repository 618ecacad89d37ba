// SPDX-License-Identifier: BSD-2-Clause
/*
 * The roots of a staged tree (the top-level names of the snapshot) and what is there change places,
 * in one rename each. The inode numbers that were recorded before tell which have done so already:
 * whoever finds a commit directory can go on where its maker was killed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpfuse/cleanup.h>
#include "image/staging.h"

int roots_record(struct restore *restore, const struct caller *caller, const char *stage)
{
	cleanup_free char *inodes = restore_path(stage, "ino"), *base = restore_path(stage, "new");

	for (size_t i = 0; i < restore->image->node_count; i++) {
		const struct image_node *node = &restore->image->nodes[i];
		cleanup_free char *link = restore_path(inodes, node->path);
		cleanup_free char *path = restore_path(base, node->path);
		char number[24];
		struct stat st;
		int error;

		if (!node_is_root(node) || node_is_left_out(restore, node))
			continue;
		error = link && path ? tree_stat(restore->backend, path, &st) : -ENOMEM;
		if (error)
			return staging_fault(restore->fault, error, node->path, "is not there");
		snprintf(number, sizeof(number), "%ju", (uintmax_t)st.st_ino);
		error = tree_symlink(restore->backend, caller, number, link);
		if (error)
			return staging_fault(restore->fault, error, node->path,
					     "cannot be recorded for the exchange");
	}
	return 0;
}

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

int roots_exchange(struct backend *backend, const struct caller *caller, const char *commit,
		   const char *target, struct fault *fault)
{
	cleanup_free char *inodes = restore_path(commit, "ino");
	struct tree_entry *entries;
	size_t count, done;
	int error = inodes ? tree_list(backend, inodes, &entries, &count) : -ENOMEM;

	if (error)
		return staging_fault(fault, error, commit, "cannot be listed");
	for (done = 0; !error && done < count; done++)
		error = root_exchange(backend, caller, commit, target, entries[done].name, false);
	if (error) {
		staging_fault(fault, error, entries[done - 1].name, "cannot be put in place");
		for (size_t i = 0; i < done; i++)
			root_exchange(backend, caller, commit, target, entries[i].name, true);
	}
	tree_entries_free(entries, count);
	return error;
}
