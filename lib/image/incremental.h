/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots that store only what differs from another one. A map that the base has as well (same
 * pin, type and sizes) comes with its added and changed elements, and the keys of those that are
 * gone. The base is known by the SHA-256 sum of its manifest.
 */
#ifndef IMAGE_INCREMENTAL_H
#define IMAGE_INCREMENTAL_H

#include <bpfuse/snapshot.h>
#include "image/image.h"

/* Writes the difference from the base to `full` as a new snapshot. */
int incremental_write(struct image *full, const char *base_directory, const char *directory,
		      const struct snapshot_dump_options *options, struct fault *fault);

/*
 * Replaces an incremental image by the complete one that it stands for. bases: where its base, and
 * that one's, may be (NULL at the end, may be NULL), if not where they were. `progress` may be
 * NULL.
 */
int incremental_complete(struct image **image, const char *const *bases,
			 const struct snapshot_progress *progress, struct fault *fault);

#endif
