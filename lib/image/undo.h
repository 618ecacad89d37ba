/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing maps that are in use, so that it can be taken back: a snapshot of them is made in the
 * state directory first, named after the run that changes them (decision.h). Until that has
 * decided, a failure or the next run makes their elements what the snapshot says.
 */
#ifndef IMAGE_UNDO_H
#define IMAGE_UNDO_H

#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/snapshot.h>
#include "image/decision.h"
#include "image/image.h"

struct undo;

/* Takes the snapshot of what is at the sources. */
int undo_begin(struct backend *backend, const struct snapshot_source *sources, size_t count,
	       const char *state, const struct snapshot_progress *progress,
	       const struct decision *decision, struct undo **undo, struct fault *fault);
/* The snapshot that was taken. */
struct image *undo_image(struct undo *undo);
/* Puts the snapshot back. */
int undo_run(struct undo *undo, struct fault *fault);
/* remove: it is not needed any more; else the next run finds it. */
void undo_end(struct undo *undo, bool remove);

/* What killed runs left. */
int undo_recover(struct backend *backend, const char *state, int directory, json_t *notes,
		 struct fault *fault);

#endif
