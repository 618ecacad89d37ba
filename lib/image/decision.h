/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run that changes several maps, all or nothing: journals of what it has taken or changed name
 * the run, and one step decides for all of them. Killed before that, the next run puts everything
 * back; killed after it, the next run completes everything.
 *
 * A run is the file "run-NAME" in the state directory. The step is either the rename of that file
 * to "done-NAME", or (a drain into a directory) the rename that puts a snapshot in its place whose
 * manifest has the run's token. The file goes last, after all journals.
 */
#ifndef IMAGE_DECISION_H
#define IMAGE_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>

#define DECISION_NAME_SIZE 72
#define DECISION_TOKEN_SIZE 128

struct decision;

/* snapshot: the directory whose appearance decides; NULL: decision_take() does. */
int decision_begin(struct backend *backend, const char *state, const char *snapshot,
		   struct decision **decision, struct fault *fault);
/* For the names of journals, and for the manifest. */
const char *decision_name(const struct decision *decision);
const char *decision_token(const struct decision *decision);
/* Maps that are frozen once it is taken, by the next run if need be. Before decision_take(). */
int decision_add_freeze(struct decision *decision, uint32_t map_id);
int decision_take(struct decision *decision, struct fault *fault);
/* Freezes; everything else must be complete. */
int decision_finish(struct decision *decision, struct fault *fault);
/* complete: all journals are gone, and the file goes; else the next run sees to them. */
void decision_end(struct decision *decision, bool complete);

enum decision_state {
	DECISION_OPEN,	  /* what its journals hold is put back */
	DECISION_TAKEN,	  /* what they say is completed */
	DECISION_STALE,	  /* of another boot, or unknown: the objects are gone */
	DECISION_FOREIGN, /* of another backend: left for a run there */
};
/*
 * Of a run that is gone, by the name in a journal; directory: the open state directory. An enum
 * decision_state, or -errno and a sentence: it cannot be told now, and everything stays.
 */
int decision_find(struct backend *backend, int directory, const char *name, struct fault *fault);
/* After all journals of runs that are gone were dealt with: freezes, and removes the files. */
int decision_recover(struct backend *backend, int directory, json_t *notes, struct fault *fault);

#endif
