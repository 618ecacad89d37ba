/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of the hash table, for the files that it is made of: hashtab.c, hashtab_walk.c,
 * hashtab_size.c. A bucket's lock is held wherever its list is looked at, unless said.
 */
#ifndef BPFUSE_EMU_HASHTAB_BUCKETS_H
#define BPFUSE_EMU_HASHTAB_BUCKETS_H

#include <string.h>
#include "emu/hashtab.h"
#include "emu/key_hash.h"

static inline void count_down(struct hashtab *table)
{
	atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

static inline uint32_t hash_of(const struct hashtab *table, const void *key)
{
	return key_hash(key, table->map.key_size, table->seed);
}

static inline uint32_t bucket_of(const struct hashtab *table, uint32_t hash)
{
	return hash & table->bucket_mask;
}

/* Without the lock it tells only whether the bucket was empty. */
static inline struct hashtab_element *bucket_head(const struct hashtab *table, uint32_t bucket)
{
	return atomic_load_explicit(&table->buckets[bucket], memory_order_relaxed);
}

static inline void bucket_set_head(struct hashtab *table, uint32_t bucket,
				   struct hashtab_element *head)
{
	atomic_store_explicit(&table->buckets[bucket], head, memory_order_relaxed);
}

static inline struct hashtab_element *bucket_find(const struct hashtab *table, const void *key,
						  uint32_t hash)
{
	struct hashtab_element *element = bucket_head(table, bucket_of(table, hash));

	while (element &&
	       (element->hash != hash || memcmp(element_key(element), key, table->map.key_size)))
		element = element->next;
	return element;
}

/* What lookup shows of an element. */
void hashtab_element_show(const struct hashtab *table, struct hashtab_element *element,
			  void *value);
/* Gives back an element that was in the table, and those behind it; no lock is held. */
void hashtab_elements_release(struct hashtab *table, struct hashtab_element *element);

/* htab_map_alloc(): bytes of buckets are counted in 32 bits. */
bool hashtab_buckets_ok(uint64_t buckets);
/* What the kernel accounts for an empty table: with its elements if they are preallocated. */
uint64_t hashtab_kernel_bytes(const struct map_spec *spec, unsigned cpus, uint64_t buckets);

#endif
