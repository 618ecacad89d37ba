/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of a restore, each in a file of its own: plan (what can be restored, and what the
 * image's programs and devices are here), make (unpinned maps, filled and read back), staging
 * (the tree, and its exchange with what is there).
 */
#ifndef IMAGE_RESTORE_H
#define IMAGE_RESTORE_H

#include <bpfuse/backend.h>
#include <bpfuse/snapshot.h>
#include "image/image.h"

/* What becomes of a map of the image; the arrays below run parallel to the image's lists. */
struct restore_map {
	bool skip;	       /* cannot be made */
	bool empty;	       /* is made, but its elements cannot be put in */
	struct handle *handle; /* once it is made */
	uint32_t id;	       /* here */
};

struct restore_prog {
	struct handle *handle; /* NULL: not found here */
	uint32_t id;
};

struct restore {
	struct image *image;
	struct backend *backend;
	const char *target;
	const struct snapshot_restore_options *options;
	snapshot_report *report;
	struct fault *fault;

	size_t *order; /* of the maps: inner ones first */
	struct restore_map *maps;
	struct restore_prog *progs;
	uint32_t *devices; /* ifindex here; 0: no such device */
	struct handle **btfs;
};

/* snapshot_restore() without looking for what killed runs left. *report may be NULL. */
int restore_into(struct image *image, struct backend *backend, const char *target,
		 const struct snapshot_restore_options *options, snapshot_report **report,
		 struct fault *fault);

/* Allocates the arrays; restore_end() frees them and closes the handles. */
int restore_begin(struct restore *restore);
void restore_end(struct restore *restore);

/* Finds programs and devices, and adds what cannot be restored to the report. */
int restore_plan(struct restore *restore);
/* Makes, fills, reads back and freezes all maps. Nothing of it is visible in the tree. */
int restore_make(struct restore *restore);
/* The same for one map, whose inner maps must be there; and BTF before any. */
int restore_make_map(struct restore *restore, size_t index);
int restore_load_btfs(struct restore *restore);
/* BTF objects and maps without elements, as far as this backend has such. */
int restore_make_empty(struct restore *restore);

/* -EEXIST and a sentence if something is in the way. */
int staging_check(struct restore *restore);
/* Builds the tree beside its place and exchanges it. */
int staging_run(struct restore *restore);
/*
 * Pins the maps and programs that elements of an image refer to into a directory below the target,
 * so that they outlive a kill while nothing else holds them; and lets go of them. What
 * is gone already is left out. The next run at the target removes such a directory.
 */
int staging_hold(struct restore *restore, struct image *image);
void staging_release(struct restore *restore);
/* Finishes or removes what killed runs left in the directory `target`. */
int staging_recover(struct backend *backend, const char *target, json_t *notes,
		    struct fault *fault);
/* This process, without a umask: modes and owners are set afterwards. */
struct caller restore_caller(const struct snapshot_restore_options *options);

/* Refills pinned maps: after an undo image, which is put back on failure or by the next run. */
int in_place_run(struct restore *restore);

/* "target/path", or path where target is the root; malloc'ed. */
char *restore_path(const char *target, const char *path);

#endif
