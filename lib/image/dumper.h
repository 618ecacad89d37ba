/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A dump under way, and its parts by how elements are had: dump.c copies them, dump_outer.c takes
 * what maps of maps hold, dump_taken.c takes elements out (queues; --drain).
 */
#ifndef IMAGE_DUMPER_H
#define IMAGE_DUMPER_H

#include <stdbool.h>
#include <bpfuse/snapshot.h>
#include <bpfuse/walk.h>
#include "image/collect.h"
#include "image/decision.h"
#include "image/writer.h"

struct taken;

struct dumper {
	struct collector collector; /* first: its callback gets the whole */
	struct writer *writer;
	const struct snapshot_dump_options *options;
	struct decision *decision; /* --drain */
	struct taken *taken;	   /* maps whose elements are out until it is taken */
};

/* "LABEL: WHAT: strerror", or "interrupted". */
int dump_fault(struct fault *fault, int error, const char *label, const char *what);
/* One chunk: its padding cleared, into digest and references, and (write) into the snapshot. */
int dump_chunk(struct dumper *dumper, struct image_map *map, const char *label,
	       const struct walk_chunk *chunk, struct digest *digest, uint64_t *elements,
	       bool write, struct fault *fault);
/* Is it to be read once more? `times` counts, from 0. */
bool dump_again(const struct image_map *map, uint64_t elements, unsigned *times);
/* Is a second pass, if one was asked for, the same as the first? Notes the map's promise. */
int dump_promise(struct dumper *dumper, struct handle *handle, struct image_map *map,
		 const char *label, unsigned flags, struct fault *fault);

/* The contents of map `index` of the image, by type; each writes the map from begin to end. */
int dump_outer(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
	       struct fault *fault);
int dump_queue(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
	       struct fault *fault);
/* 1: done; 0: its elements cannot be taken out (reported), they are to be copied. */
int dump_drained(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		 bool locked, struct fault *fault);

/* Refuses what was asked for by name and cannot be drained. Nothing was done yet. */
int dump_drain_check(struct backend *backend, const struct snapshot_source *sources, size_t count,
		     struct fault *fault);
/* complete: what was taken out stays out; else it goes back. */
int dump_settle(struct dumper *dumper, bool complete, struct fault *fault);

#endif
