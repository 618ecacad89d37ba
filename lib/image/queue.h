/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The elements of a queue or stack, which can be read only by taking them out.
 *
 * Each one is taken straight into a journal file that is mapped into memory: the kernel writes
 * it there in the very call that takes it out, so a kill at any moment loses nothing. The next
 * run puts back what a journal still holds. What programs push meanwhile keeps its place: behind
 * the old elements of a queue, on top of those of a stack.
 *
 * A journal may name a run (decision.h): then it is that run's decision whether its elements go
 * back, and one made by queue_prepare() holds those that go in instead of them.
 */
#ifndef IMAGE_QUEUE_H
#define IMAGE_QUEUE_H

#include <stdint.h>
#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include "image/decision.h"
#include "image/image.h"

struct queue_journal;

/*
 * Takes all out. state: the journal's directory, NULL: the default one. decision: the run that
 * decides; NULL: they go back.
 */
int queue_take(struct handle *map, const char *label, const char *state,
	       const struct decision *decision, struct queue_journal **journal,
	       struct fault *fault);
/* What was taken, in the order it came out; the sizes are the map's value_size. */
const unsigned char *queue_values(const struct queue_journal *journal);
uint32_t queue_count(const struct queue_journal *journal);
/* Puts all back, in order, and drops the journal. On failure the journal stays as a file. */
int queue_put_back(struct handle *map, struct queue_journal *journal, struct fault *fault);
/* The elements stay out: nothing is left to be put back. */
void queue_drop(struct queue_journal *journal);

/*
 * A journal of the elements that an image has of the map, for queue_put_back() once the run has
 * decided.
 */
int queue_prepare(struct handle *map, const struct image *image, const struct image_map *from,
		  const char *state, const struct decision *decision,
		  struct queue_journal **journal, struct fault *fault);

/* Puts back what journals of killed runs hold; an entry of `notes` (may be NULL) for each. */
int queue_recover(struct backend *backend, int state, json_t *notes, struct fault *fault);

#endif
