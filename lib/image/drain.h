/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking the elements of a keyed map out of it, each exactly once, so that a kill at any moment
 * loses none.
 *
 * They are taken in batches (BPF_MAP_LOOKUP_AND_DELETE_BATCH), straight into a journal file that is
 * mapped into memory. The space was filled with random bytes before, so that after a kill the
 * last element that is not those tells how far the last batch got: the kernel copies a batch whole
 * before it looks at signals. Types without that batch (LPM tries, maps bound to a device, maps
 * behind a mount) are looked up and deleted key by key: there a value that somebody changes between
 * the two is lost, as it would be for anybody who deletes an element.
 *
 * The journal names its run: its decision (decision.h) tells whether the elements go back. An
 * element goes back unless its key is in the map again.
 */
#ifndef IMAGE_DRAIN_H
#define IMAGE_DRAIN_H

#include <stdbool.h>
#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include <bpfuse/walk.h>
#include "image/decision.h"

struct drain_journal;

/* Why elements of such a map cannot be taken out, with the kernel's errno in *error; NULL: they
 * can. */
const char *drain_obstacle(const struct map_info *info, bool frozen, int *error);

/* locked: values are read under their spin lock. */
int drain_open(struct handle *map, bool locked, const char *state, const struct decision *decision,
	       struct drain_journal **journal, struct fault *fault);
/* 1: a chunk, valid until the next call; 0: the end; -errno. Values may be changed in place. */
int drain_next(struct drain_journal *journal, struct walk_chunk *chunk);
/* Puts all back and drops the journal; on failure it stays as a file for the next run. */
int drain_put_back(struct drain_journal *journal, struct fault *fault);
/* The elements stay out. */
void drain_drop(struct drain_journal *journal);

/* What killed runs left; an entry of `notes` (may be NULL) for each. */
int drain_recover(struct backend *backend, int state, json_t *notes, struct fault *fault);

#endif
