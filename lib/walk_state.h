/* SPDX-License-Identifier: BSD-2-Clause */
/* What walk.c, walk_keys.c and walk_lpm.c share: the state of a walk. */
#ifndef BPFUSE_WALK_STATE_H
#define BPFUSE_WALK_STATE_H

#include <errno.h>
#include <bpfuse/walk.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A key that was given; uthash keeps them in order. */
struct seen {
	UT_hash_handle hh;
	unsigned char key[];
};

struct walk {
	struct handle *map;
	struct map_info info;
	unsigned flags;
	uint64_t lookup_flags;
	size_t key_size, value_size;
	int (*next)(struct walk *walk, struct walk_chunk *chunk);

	unsigned char *keys, *values; /* room for `room` of each */
	uint32_t room;
	bool ended;
	bool no_batch, no_take; /* found not to be there for this map */
	bool unreadable;	/* an array whose slots are never shown to user space */
	bool unread;		/* indexes are given without looking */

	unsigned char *in, *out; /* batch tokens */
	bool started;
	uint64_t index;

	struct seen *seen, *cursor;
	struct seen *taken; /* drain: the last key taken out */
	bool drained;	    /* drain: all keys are collected */
	uint64_t repeats;   /* steps that gave a key seen before */
	unsigned passes;
	bool pass_found; /* a new key in this pass */

	uint64_t given;	     /* LPM trie: keys given so far */
	unsigned char *kept; /* the last of them */
};

static inline bool is_unsupported(int error)
{
	return error == -ENOTSUPP || error == -EOPNOTSUPP;
}

static inline bool wants_values(const struct walk *walk)
{
	return walk->flags & WALK_VALUES;
}

#define STEPS_SPARE 4096 /* beyond those a quiet map needs */

/* A map cannot hold more at a time than max_entries; what comes beyond was put in meanwhile. */
static inline bool walk_is_endless(const struct walk *walk, uint64_t keys)
{
	return walk->repeats > 4 * keys + STEPS_SPARE ||
	       keys > 2 * (uint64_t)walk->info.max_entries + STEPS_SPARE;
}

static inline unsigned char *key_at(const struct walk *walk, uint32_t at)
{
	return walk->keys + at * walk->key_size;
}

static inline unsigned char *value_at(const struct walk *walk, uint32_t at)
{
	return walk->values + at * walk->value_size;
}

/* 1 with the first `count` elements, or 0 for none. */
int walk_give(const struct walk *walk, struct walk_chunk *chunk, uint32_t count);
/* Removes an element, with its value if that is wanted. -ENOENT: somebody else was first. */
int walk_take(struct walk *walk, const void *key, void *value);

/* walk_keys.c: by key, remembering what was given; as walk_next(). */
int walk_keys_next(struct walk *walk, struct walk_chunk *chunk);
/* The same, taking out: all keys are collected first. */
int walk_keys_drain(struct walk *walk, struct walk_chunk *chunk);
void walk_keys_forget(struct walk *walk);

/* walk_lpm.c: the same two for LPM tries, whose keys are in order. */
int walk_lpm_next(struct walk *walk, struct walk_chunk *chunk);
int walk_lpm_drain(struct walk *walk, struct walk_chunk *chunk);

#endif
