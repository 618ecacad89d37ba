/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash table under all maps of the hash family: kernel/bpf/hashtab.c.
 *
 * As many buckets as max_entries rounded up to a power of two, a list in each, newest first; an
 * update takes the old element out and puts a new one at the head. So a walk sees what a walk
 * of the kernel's table sees. Buckets never move; a stripe of buckets has one lock, and a batch
 * copies whole buckets under it.
 *
 * The table knows bytes only. Hooks say what LRU and hash_of_maps do differently.
 */
#ifndef BPFUSE_EMU_HASHTAB_H
#define BPFUSE_EMU_HASHTAB_H

#include "emu/lock_stripes.h"
#include "emu/map.h"

struct hashtab_element {
	struct hashtab_element *next;
	uint32_t hash;
	unsigned char bytes[]; /* the key, and the value behind it */
};

struct hashtab;

/* Any of them may be NULL. */
struct hashtab_hooks {
	/*
	 * LRU: an element's memory with its hash set, taken before the bucket is even looked at,
	 * and given back; called with no bucket's lock held. take() gives NULL: there is none.
	 */
	struct hashtab_element *(*take)(struct hashtab *table, uint32_t hash);
	void (*give)(struct hashtab *table, struct hashtab_element *element);
	/* LRU: user space updated an element that was there; the bucket's lock is held. */
	void (*touched)(struct hashtab *table, struct hashtab_element *element);
	/* What lookup shows for the stored value, if not its bytes; the bucket's lock is held. */
	void (*show)(const struct hashtab *table, const void *stored, void *value);
	/* The stored value is out of the table; no lock is held. */
	void (*release)(const struct hashtab *table, const void *stored);
	void (*destroy)(struct hashtab *table);
};

struct hashtab {
	struct emu_map map; /* the first member */
	const struct hashtab_hooks *hooks;
	struct hashtab_element *_Atomic *buckets;
	uint32_t bucket_mask, seed;
	struct lock_stripes locks; /* by bucket */
	size_t stored_bytes;	   /* of a value */
	bool in_place; /* an update writes into the element that is there: per-CPU types */
	bool preallocated;
	atomic_uint count;
	void *context;	    /* the hooks' */
	atomic_ullong seen; /* sockhash: files_closed when it last looked */
};

static inline struct hashtab *hashtab_of(struct emu_map *map)
{
	return (struct hashtab *)map;
}

static inline void *element_key(struct hashtab_element *element)
{
	return element->bytes;
}

static inline void *element_value(const struct hashtab *table, struct hashtab_element *element)
{
	return element->bytes + table->map.key_size;
}

/* htab_map_alloc_check() */
int hashtab_alloc_check(struct emu *emu, const struct map_spec *spec);
int hashtab_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  const struct hashtab_hooks *hooks, struct emu_map **map);
void hashtab_free(struct emu_map *map);
uint64_t hashtab_memory_usage(struct emu_map *map);
/* Takes an element out whose memory is the hooks'; false if it is no longer in its bucket. */
bool hashtab_evict(struct hashtab *table, struct hashtab_element *element);
/* Takes out and releases every element whose stored value `gone` says yes to. */
void hashtab_remove_if(struct hashtab *table, bool (*gone)(const void *stored));
/* Bytes of an element with its key and value. */
size_t hashtab_element_bytes(const struct hashtab *table);

int hashtab_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int hashtab_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int hashtab_delete(struct emu_map *map, const void *key);
int hashtab_next_key(struct emu_map *map, const void *key, void *next);
int hashtab_lookup_and_delete(struct emu_map *map, const void *key, void *value, uint64_t flags);
int hashtab_lookup_batch(struct emu_map *map, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t flags);
int hashtab_lookup_and_delete_batch(struct emu_map *map, const void *in, void *out, void *keys,
				    void *values, uint32_t *count, uint64_t flags);

#endif
