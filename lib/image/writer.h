/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A snapshot directory being written.
 *
 * It gets the wanted name at the end (output.h); SHA256SUMS comes last, and the empty manifest.json
 * first, so that a directory left by a kill is neither a snapshot nor taken for a CRIU image.
 * Elements go straight to disk; only the memory below is held of them.
 */
#ifndef IMAGE_WRITER_H
#define IMAGE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <bpfuse/fault.h>
#include "image/image.h"

/* The format's sizes have 32 bits; CRIU in practice ends at 2 GiB: split well below. */
#define WRITER_ENTRY_MAX (1u << 30)
#define WRITER_KEYS_MEMORY (4u << 20)
#define WRITER_VALUES_MEMORY (24u << 20)
/* Of each, what is on its way to the file. */
#define WRITER_SPOOL_MEMORY (4u << 20)

struct writer;

/*
 * `directory` and `replace` as output_open() takes them.
 * entry_max: bytes of values or keys in one data entry at most; 0: WRITER_ENTRY_MAX.
 */
int writer_open(const char *directory, bool replace, uint64_t entry_max, struct writer **writer,
		struct fault *fault);
/* Without writer_commit() before, removes what was written. NULL is allowed. */
void writer_close(struct writer *writer);
void writer_closep(struct writer **writer);

/*
 * The elements of one map: begin, add as often as needed, end. end adds the runs and the number
 * of elements to the map. `removed`: the keys of elements that are gone (values are NULL).
 */
int writer_map_begin(struct writer *writer, const struct image_map *map, struct fault *fault);
int writer_map_add(struct writer *writer, const void *keys, const void *values, uint32_t count,
		   bool removed, struct fault *fault);
/* Instead of end: nothing of it is kept. -EIO: some of it is in the file already. */
int writer_map_forget(struct writer *writer);
int writer_map_end(struct writer *writer, struct image_map *map, struct fault *fault);

/*
 * Writes everything else, syncs, renames. `criu`: files.img too. The image's manifest must be
 * complete. On failure nothing is left under the wanted name.
 */
int writer_commit(struct writer *writer, const struct image *image, bool criu, struct fault *fault);

#endif
