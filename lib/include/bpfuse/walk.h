/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements in bulk: reading all of them, writing many, deleting all.
 *
 * A walk gives each element that is present from its beginning to its end exactly once, whatever
 * else happens to the map, and it ends on a busy map. How, depends on the type (the facts are in
 * kernel/bpf/hashtab.c, arraymap.c, lpm_trie.c and syscall.c):
 *   batch lookup on a bucket index (hash family): the kernel returns whole buckets under
 *     their lock; -ENOSPC means a bucket that does not fit, so the buffer doubles;
 *   indexes 0 .. max_entries-1 (arrays and array-like maps), empty slots left out;
 *   batch lookup by key (LPM) and get-next-key (all others), which restart when the current
 *     key vanishes: keys seen are remembered (LPM: their order tells), and the number of steps is
 *     bounded.
 * One thing the kernel does not let anybody promise: trie_get_next_key() may leave keys out while
 * others are written. The kernel backend reads such a batch until readings agree
 * (lib/kernel/lpm.c), which makes a loss unlikely, not impossible; a kernel without batches of
 * LPM tries is taken as it is.
 * Values that BTF says hold a bpf_spin_lock are read with BPF_F_LOCK (WALK_LOCKED).
 *
 * Functions return 0 or -errno unless they say otherwise, the backend's own for what the map
 * refuses. One thread at a time uses a walk; the map's handle must outlive it.
 */
#ifndef BPFUSE_WALK_H
#define BPFUSE_WALK_H

#include <stdint.h>
#include <bpfuse/backend.h>

#pragma GCC visibility push(default)

struct walk;

enum walk_flags {
	WALK_VALUES = 1, /* values too, not only keys */
	WALK_LOCKED = 2, /* read values under their spin lock */
	WALK_DRAIN = 4,	 /* take each element out: every one exactly once (lookup-and-delete) */
	WALK_PAGES = 8,	 /* chunks of a few hundred elements, for a reader who takes his time */
};

struct walk_chunk {
	uint32_t count;
	size_t key_size, value_size; /* strides: info's key_size, map_value_bytes() */
	const unsigned char *keys;   /* count * key_size bytes, valid until the next call */
	const unsigned char *values; /* count * value_size bytes; NULL without WALK_VALUES */
};

/* flags: enum walk_flags. A map that refuses to be read does so here, before the first chunk. */
int walk_open(struct handle *map, unsigned flags, struct walk **walk);
/* 1: a chunk of at least one element; 0: the end; -errno: nothing more will come. */
int walk_next(struct walk *walk, struct walk_chunk *chunk);
/* NULL is allowed. */
void walk_close(struct walk *walk);
/* For cleanup_with(). */
void walk_closep(struct walk **walk);

/*
 * The same with a thread of its own, which reads a chunk while the caller uses the one before. It
 * is started for maps of more than a few chunks only, and not for those of a device.
 */
struct walk_ahead;
int walk_ahead_open(struct handle *map, unsigned flags, struct walk_ahead **ahead);
int walk_ahead_next(struct walk_ahead *ahead, struct walk_chunk *chunk);
/* NULL is allowed. */
void walk_ahead_close(struct walk_ahead *ahead);

/*
 * Number of elements now (a walk without values; arrays need no reading). -ENOTSUPP where the
 * slots in use cannot be told, as nothing of them can be read.
 */
int map_count(struct handle *map, uint64_t *count);

/*
 * Updates `count` elements, in batches where the type has them, in order; stops at the first that
 * is refused. Keys and values lie one behind the other, with the strides of a chunk; elem_flags
 * as map_update()'s. *done is the number applied before it, also on error.
 */
int map_update_many(struct handle *map, const void *keys, const void *values, uint32_t count,
		    uint64_t elem_flags, uint32_t *done);
/*
 * Deletes every element; `deleted` may be NULL, *deleted is what went, also on error. Array types
 * whose elements cannot go: -EINVAL.
 */
int map_clear(struct handle *map, uint64_t *deleted);

#pragma GCC visibility pop

#endif
