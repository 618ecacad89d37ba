/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a snapshot is made of, besides elements: the pin tree, and the programs, devices and BTF
 * that maps refer to, found in a backend and noted in an image.
 */
#ifndef IMAGE_COLLECT_H
#define IMAGE_COLLECT_H

#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include <bpfuse/snapshot.h>
#include "image/image.h"

struct collector {
	struct backend *backend;
	struct image *image;
	snapshot_report *report;
	bool prog_pins_known; /* all pins were searched for programs */
	/* Called for each map that is met for the first time; takes its elements. */
	int (*map)(struct collector *collector, struct handle *map, const char *label,
		   struct fault *fault);
};

/* The tree below source->path, named as source->name. */
int collect_tree(struct collector *collector, const struct snapshot_source *source,
		 struct fault *fault);
/* A map that some element refers to: taken if it is not here yet. -ENOENT: it is gone. */
int collect_inner_map(struct collector *collector, uint32_t id, struct fault *fault);

/*
 * Fills map->info, state, BTF and device of an open map, and adds what these refer to.
 * 0: a new entry was added, *index tells which; 1: it is there already.
 */
int collect_map(struct collector *collector, struct handle *map, const char *label, size_t *index,
		struct fault *fault);
/* Notes programs and devices that `count` values of the map refer to. */
int collect_references(struct collector *collector, const struct map_info *info, const void *values,
		       size_t value_bytes, uint32_t count, struct fault *fault);

/* Directories that restores make beside the trees they replace; never part of a snapshot. */
#define STAGING_PREFIX "bpfsnap-stage-"
#define COMMIT_PREFIX "bpfsnap-commit-"

#endif
