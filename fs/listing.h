/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an open directory lists: made at the first readdir, kept until it is closed or rewound.
 *
 * Cookies are positions in this snapshot, so they hold whatever happens to the map meanwhile.
 * Keys of a map are kept as bytes, packed; their names are made as they are given out.
 */
#ifndef FS_LISTING_H
#define FS_LISTING_H

#include <bpfuse/buffer.h>
#include <bpfuse/codec.h>
#include "key_values.h"
#include "node.h"

struct listing_entry {
	uint64_t ino;
	mode_t type;
	size_t name; /* offset in names */
};

struct listing {
	pthread_mutex_t lock;
	struct node *dir;
	bool filled;
	struct listing_entry *entries;
	size_t count, capacity;
	struct buffer names;

	/* Behind the entries: keys, as files of this kind. */
	struct codec *codec;
	const struct node_kind *key_kind;
	size_t key_size;
	struct buffer keys;
	struct buffer name;	  /* scratch */
	struct key_values values; /* for attributes that go with the names */
};

struct listing *listing_new(struct filesystem *fs, struct node *dir);
void listing_free(struct filesystem *fs, struct listing *listing);

int listing_add(struct listing *listing, const char *name, mode_t type, uint64_t ino);
/* All keys of the map, as they are now. */
int listing_add_keys(struct request *request, struct listing *listing, struct object *object,
		     const struct node_kind *kind);

/* Fills it from the directory's kind, at the first call or when `again`. */
int listing_fill(struct request *request, struct listing *listing, bool again);
size_t listing_length(const struct listing *listing);
/* The entry at `index` (0 and 1 are "." and ".."); the name is valid until the next call. */
int listing_get(struct listing *listing, size_t index, const char **name, struct stat *st);
/* The key at `index`; NULL: the entry there is none. */
const void *listing_key(const struct listing *listing, size_t index);

/* The inode number of a key's file in the directory with number `dir`. */
uint64_t key_ino(uint64_t dir, const void *key, size_t key_size);

#endif
