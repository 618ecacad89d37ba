/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One side of the comparison: a plan carried out in one world.
 *
 * Each step's answer is rendered as text in which only what must be the same in both worlds is
 * left: ids become the numbers of the things behind them, sets are sorted. The rules that leave
 * something out are those of tests/fuzz/DIFFERENCES.md, each with the kernel function behind it.
 */
#ifndef BPFUSE_FUZZ_SIDE_H
#define BPFUSE_FUZZ_SIDE_H

#include <bpfuse/buffer.h>
#include "plan.h"
#include "world.h"

#define POOL 10 /* things that values can name */
#define KEY_BYTES_MAX 64u
#define VALUE_BYTES_MAX 1024u

struct side {
	struct world *world;
	const struct plan *plan;
	struct handle *handles[SLOTS]; /* NULL: not open */
	struct map_info info;
	size_t value_bytes; /* all CPUs' slots */
	int things[POOL];
	uint32_t ids[POOL]; /* 0: the thing has none */
	bool has_device;
	uint32_t ifindex; /* of the device that values can name; the last one it had */
	uint64_t pushed;  /* bloom filter: bits of the values that went in */
	unsigned char keys[KEY_BYTES_MAX * 64], values[VALUE_BYTES_MAX * 64];
};

/* Creates the map: 0, or -errno. */
int side_open(struct side *side, struct world *world, const struct plan *plan);
void side_close(struct side *side);
/* Some plans only create: their keys or values are larger than the buffers here. */
bool side_takes_steps(const struct side *side);
/* Carries out one step and appends its answer. */
void side_step(struct side *side, const struct step *step, struct buffer *answer);

#endif
