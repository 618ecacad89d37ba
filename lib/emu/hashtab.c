// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/hashtab_buckets.h"

int hashtab_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  const struct hashtab_hooks *hooks, struct emu_map **map)
{
	uint64_t buckets = round_up_power_of_two(spec->max_entries);
	struct hashtab *table;
	int error;

	if (!hashtab_buckets_ok(buckets))
		return -E2BIG;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	error = map_init(&table->map, emu, ops, spec,
			 hashtab_kernel_bytes(spec, emu->backend.possible_cpus, buckets));
	if (error) {
		free(table);
		return error;
	}
	table->hooks = hooks;
	table->bucket_mask = (uint32_t)(buckets - 1);
	table->seed = spec->map_flags & BPF_F_ZERO_SEED ? 0 : key_hash_seed();
	table->stored_bytes = table->map.value_bytes;
	table->in_place = map_type_get(spec->type)->percpu;
	table->preallocated = !(spec->map_flags & BPF_F_NO_PREALLOC);
	table->buckets = calloc(buckets, sizeof(*table->buckets));
	error = table->buckets ? lock_stripes_init(&table->locks, (uint32_t)buckets) : -ENOMEM;
	if (error) {
		hashtab_free(&table->map);
		return error;
	}
	*map = &table->map;
	return 0;
}

/* --- elements --- */

size_t hashtab_element_bytes(const struct hashtab *table)
{
	return sizeof(struct hashtab_element) + table->map.key_size + table->stored_bytes;
}

static bool count_up(struct hashtab *table)
{
	if (atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed) <
	    table->map.max_entries)
		return true;
	atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
	return false;
}

/* Memory of an element, which is counted: alloc_htab_elem(). */
static int element_take(struct hashtab *table, uint32_t hash, struct hashtab_element **element)
{
	struct emu *emu = emu_of_map(&table->map);
	size_t bytes = hashtab_element_bytes(table);

	if (!count_up(table))
		return -E2BIG;
	if (table->preallocated || !emu_reserve(emu, bytes)) {
		*element = malloc(bytes);
		if (*element) {
			(*element)->hash = hash;
			return 0;
		}
		if (!table->preallocated)
			emu_unreserve(emu, bytes);
	}
	count_down(table);
	return -ENOMEM;
}

static void element_give(struct hashtab *table, struct hashtab_element *element)
{
	if (table->hooks->give) {
		table->hooks->give(table, element);
		return;
	}
	if (!table->preallocated)
		emu_unreserve(emu_of_map(&table->map), hashtab_element_bytes(table));
	free(element);
}

void hashtab_elements_release(struct hashtab *table, struct hashtab_element *element)
{
	while (element) {
		struct hashtab_element *next = element->next;

		if (table->hooks->release)
			table->hooks->release(table, element_value(table, element));
		element_give(table, element);
		element = next;
	}
}

static void element_write(struct hashtab *table, struct hashtab_element *element, const void *value)
{
	memcpy(element_value(table, element), value, table->stored_bytes);
}

void hashtab_element_show(const struct hashtab *table, struct hashtab_element *element, void *value)
{
	const void *stored = element_value(table, element);

	if (table->hooks->show) {
		table->hooks->show(table, stored, value);
		return;
	}
	memcpy(value, stored, table->stored_bytes);
	map_hide_special_fields(&table->map, value);
}

/* --- buckets --- */

static void bucket_push(struct hashtab *table, struct hashtab_element *element)
{
	uint32_t bucket = bucket_of(table, element->hash);

	element->next = bucket_head(table, bucket);
	bucket_set_head(table, bucket, element);
}

static bool bucket_unlink(struct hashtab *table, struct hashtab_element *element)
{
	uint32_t bucket = bucket_of(table, element->hash);
	struct hashtab_element *previous = bucket_head(table, bucket);

	if (previous == element) {
		bucket_set_head(table, bucket, element->next);
	} else {
		while (previous && previous->next != element)
			previous = previous->next;
		if (!previous)
			return false;
		previous->next = element->next;
	}
	element->next = NULL;
	return true;
}

bool hashtab_evict(struct hashtab *table, struct hashtab_element *element)
{
	uint32_t bucket = bucket_of(table, element->hash);
	bool was_there;

	stripe_lock(&table->locks, bucket);
	was_there = bucket_unlink(table, element);
	stripe_unlock(&table->locks, bucket);
	if (was_there)
		count_down(table);
	return was_there;
}

/* Takes such elements out of a bucket; they hang together by their links. */
static struct hashtab_element *bucket_remove_if(struct hashtab *table, uint32_t bucket,
						bool (*gone)(const void *stored))
{
	struct hashtab_element *element, *next, *removed = NULL;

	stripe_lock(&table->locks, bucket);
	for (element = bucket_head(table, bucket); element; element = next) {
		next = element->next;
		if (!gone(element_value(table, element)))
			continue;
		bucket_unlink(table, element);
		count_down(table);
		element->next = removed;
		removed = element;
	}
	stripe_unlock(&table->locks, bucket);
	return removed;
}

void hashtab_remove_if(struct hashtab *table, bool (*gone)(const void *stored))
{
	for (uint64_t bucket = 0; bucket <= table->bucket_mask; bucket++)
		if (bucket_head(table, (uint32_t)bucket))
			hashtab_elements_release(table,
						 bucket_remove_if(table, (uint32_t)bucket, gone));
}

void hashtab_free(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);

	for (uint64_t bucket = 0; table->buckets && bucket <= table->bucket_mask; bucket++)
		hashtab_elements_release(table, bucket_head(table, (uint32_t)bucket));
	if (table->hooks->destroy)
		table->hooks->destroy(table);
	free((void *)table->buckets);
	lock_stripes_destroy(&table->locks);
	map_destroy(map);
	free(table);
}

/* --- one element --- */

int hashtab_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct hashtab *table = hashtab_of(map);
	uint32_t hash = hash_of(table, key), bucket = bucket_of(table, hash);
	struct hashtab_element *element;

	stripe_lock(&table->locks, bucket);
	element = bucket_find(table, key, hash);
	if (element)
		hashtab_element_show(table, element, value);
	stripe_unlock(&table->locks, bucket);
	return element ? 0 : -ENOENT;
}

/* check_flags() of hashtab.c */
static int check_flags(const struct hashtab_element *old, uint64_t flags)
{
	flags &= ~(uint64_t)BPF_F_LOCK;
	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	return !old && flags == BPF_EXIST ? -ENOENT : 0;
}

static int insert(struct hashtab *table, struct hashtab_element *element, const void *key,
		  uint32_t hash, const void *value)
{
	int error = element ? 0 : element_take(table, hash, &element);

	if (error)
		return error;
	memcpy(element_key(element), key, table->map.key_size);
	element_write(table, element, value);
	bucket_push(table, element);
	return 0;
}

/*
 * The update of an element that is there. `stored`, if it is wanted, gets the value that goes.
 * The kernel takes the old element out and puts a new one at the bucket's head, unless the
 * update is in place (per-CPU values, BPF_F_LOCK); under the lock, to move it is the same.
 */
static void replace(struct hashtab *table, struct hashtab_element *old, const void *value,
		    uint64_t flags, void *stored)
{
	if (table->hooks->release)
		memcpy(stored, element_value(table, old), table->stored_bytes);
	element_write(table, old, value);
	if (!table->in_place && !(flags & BPF_F_LOCK)) {
		bucket_unlink(table, old);
		bucket_push(table, old);
	}
	if (table->hooks->touched)
		table->hooks->touched(table, old);
}

#define STORED_WITH_RELEASE_MAX 16 /* values with a release hook are pointers */

static int update_plain(struct hashtab *table, const void *key, uint32_t hash, const void *value,
			uint64_t flags)
{
	uint32_t bucket = bucket_of(table, hash);
	char stored[STORED_WITH_RELEASE_MAX];
	struct hashtab_element *old;
	int error;

	stripe_lock(&table->locks, bucket);
	old = bucket_find(table, key, hash);
	error = check_flags(old, flags);
	if (!error && old)
		replace(table, old, value, flags, stored);
	else if (!error)
		error = insert(table, NULL, key, hash, value);
	stripe_unlock(&table->locks, bucket);
	if (!error && old && table->hooks->release)
		table->hooks->release(table, stored);
	return error;
}

/*
 * htab_lru_map_update_elem() and its per-CPU sister: the new element is taken first, whatever
 * the flags will say, and that may throw out others.
 */
static int update_lru(struct hashtab *table, const void *key, uint32_t hash, const void *value,
		      uint64_t flags)
{
	uint32_t bucket = bucket_of(table, hash);
	struct hashtab_element *old, *new = NULL;
	int error;

	if (!table->in_place || flags != BPF_EXIST) {
		new = table->hooks->take(table, hash);
		if (!new)
			return -ENOMEM;
	}
	stripe_lock(&table->locks, bucket);
	old = bucket_find(table, key, hash);
	error = check_flags(old, flags);
	if (!error && old && table->in_place) {
		element_write(table, old, value);
		table->hooks->touched(table, old);
		old = NULL;
	} else if (!error) {
		insert(table, new, key, hash, value);
		if (old) {
			bucket_unlink(table, old);
			table->hooks->touched(table, new);
		} else {
			atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
		}
		new = NULL;
	}
	stripe_unlock(&table->locks, bucket);
	if (new)
		element_give(table, new);
	if (!error)
		hashtab_elements_release(table, old);
	return error;
}

int hashtab_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct hashtab *table = hashtab_of(map);
	uint32_t hash = hash_of(table, key);

	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	return table->hooks->take ? update_lru(table, key, hash, value, flags)
				  : update_plain(table, key, hash, value, flags);
}

/* value NULL: it is not wanted. */
static int take_out(struct hashtab *table, const void *key, void *value)
{
	uint32_t hash = hash_of(table, key), bucket = bucket_of(table, hash);
	struct hashtab_element *element;

	stripe_lock(&table->locks, bucket);
	element = bucket_find(table, key, hash);
	if (element) {
		if (value)
			hashtab_element_show(table, element, value);
		bucket_unlink(table, element);
	}
	stripe_unlock(&table->locks, bucket);
	if (!element)
		return -ENOENT;
	count_down(table);
	hashtab_elements_release(table, element);
	return 0;
}

int hashtab_delete(struct emu_map *map, const void *key)
{
	return take_out(hashtab_of(map), key, NULL);
}

int hashtab_lookup_and_delete(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return take_out(hashtab_of(map), key, value);
}
