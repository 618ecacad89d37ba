/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of a drain as a file: a head, then batches, each on pages of its own: its head, room
 * for keys, room for values. Only the head and the current batch are mapped.
 */
#ifndef IMAGE_DRAIN_JOURNAL_H
#define IMAGE_DRAIN_JOURNAL_H

#include <stdint.h>
#include <bpfuse/backend.h>
#include "image/decision.h"
#include "image/state.h"

#define DRAIN_PREFIX "drain-"
#define DRAIN_PATTERN 64
/* A batch's count while the kernel may be writing it. */
#define DRAIN_ARMED UINT32_MAX

struct drain_head {
	uint64_t magic;
	uint32_t map_id, type, key_size, max_entries;
	uint64_t value_bytes;
	char map_name[OBJECT_NAME_MAX];
	char decision[DECISION_NAME_SIZE];
};

struct drain_batch {
	uint32_t room, count;
	unsigned char pattern[DRAIN_PATTERN];
};

struct drain_file {
	int directory, fd;
	char name[96];
	struct drain_head head;
	uint64_t at, size;	   /* of the current batch; of the file */
	struct drain_batch *batch; /* mapped; NULL: none */
	uint64_t mapped;
};

static inline unsigned char *drain_keys(const struct drain_file *file)
{
	return (unsigned char *)(file->batch + 1);
}

static inline unsigned char *drain_values(const struct drain_file *file)
{
	return drain_keys(file) + (size_t)file->batch->room * file->head.key_size;
}

int drain_file_create(const char *state, const struct drain_head *head, struct drain_file *file,
		      struct fault *fault);
/* -EINVAL: it was killed while it was made. */
int drain_file_load(int directory, const char *name, struct drain_file *file);
void drain_file_close(struct drain_file *file, bool remove);

/* A new batch behind the current one, or (again) in its place; count 0, room claimed on disk. */
int drain_batch_add(struct drain_file *file, uint32_t room, bool again);
/* Before the kernel writes into it: random bytes, and DRAIN_ARMED. */
int drain_batch_arm(struct drain_file *file);
/* The next drain_batch_next() gives the first. */
void drain_batch_rewind(struct drain_file *file);
/* The first, or the next one behind the current: 1, or 0 at the end. Settles an armed count. */
int drain_batch_next(struct drain_file *file);

#endif
