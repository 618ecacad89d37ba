/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing maps that are in use, so that it can be taken back: a snapshot of them is made in the
 * state directory first, and stays there until the change is complete. After a failure, or by
 * the next run after a kill, their elements are made what the snapshot says.
 */
#ifndef IMAGE_UNDO_H
#define IMAGE_UNDO_H

#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/snapshot.h>
#include "image/image.h"

struct undo;

/* Takes the snapshot of what is at the sources. */
int undo_begin(struct backend *backend, const struct snapshot_source *sources, size_t count,
	       const char *state, const struct snapshot_progress *progress, struct undo **undo,
	       struct fault *fault);
/* The snapshot that was taken. */
struct image *undo_image(struct undo *undo);
/* success: the change is complete, the snapshot goes. Else it is put back first. */
int undo_end(struct undo *undo, bool success, struct fault *fault);

/* What killed runs left. */
int undo_recover(struct backend *backend, const char *state, int directory, json_t *notes,
		 struct fault *fault);

/*
 * Makes the elements of an open map those of `to`; `from` is what it holds now. Elements that go
 * go first, so that a full map has room. Neither zero values nor an empty map in between.
 */
int map_change(struct handle *handle, const struct image *from_image, const struct image_map *from,
	       const struct image *to_image, const struct image_map *to, struct fault *fault);

#endif
