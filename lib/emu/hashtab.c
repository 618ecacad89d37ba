// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/hashtab.h"
#include "emu/key_hash.h"

/* Sizes of the kernel's structures, for what it would account. */
#define KERNEL_ELEMENT_SIZE 48 /* struct htab_elem */
#define KERNEL_BUCKET_SIZE 16  /* struct bucket */
#define KERNEL_TABLE_SIZE 896  /* struct bpf_htab and its locks */

#define HASHTAB_FLAGS                                                                              \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS |            \
	 BPF_F_ZERO_SEED)

static bool type_is_lru(uint32_t type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

int hashtab_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	bool percpu = map_type_get(spec->type)->percpu, lru = type_is_lru(spec->type);
	bool own_lists = spec->map_flags & BPF_F_NO_COMMON_LRU;

	if ((spec->map_flags & BPF_F_ZERO_SEED) && !emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	if ((spec->map_flags & ~HASHTAB_FLAGS) || !map_flags_access_ok(spec->map_flags))
		return -EINVAL;
	if (!lru && own_lists)
		return -EINVAL;
	if (lru && (spec->map_flags & BPF_F_NO_PREALLOC))
		return -ENOTSUPP;
	if (map_has_numa_node(spec) && (percpu || own_lists))
		return -EINVAL;
	if (!spec->max_entries || !spec->key_size || !spec->value_size)
		return -EINVAL;
	if ((uint64_t)spec->key_size + spec->value_size >= KMALLOC_MAX - KERNEL_ELEMENT_SIZE)
		return -E2BIG;
	if (percpu && round_up_8(spec->value_size) > PERCPU_VALUE_MAX)
		return -E2BIG;
	return 0;
}

static uint64_t round_up_power_of_two(uint64_t number)
{
	uint64_t power = 1;

	while (power < number)
		power *= 2;
	return power;
}

/* What the kernel accounts for `count` elements: htab_map_mem_usage(). */
static uint64_t kernel_elements_bytes(const struct map_spec *spec, unsigned cpus, uint64_t count)
{
	bool preallocated = !(spec->map_flags & BPF_F_NO_PREALLOC);
	uint64_t value = round_up_8(spec->value_size);
	uint64_t element = KERNEL_ELEMENT_SIZE + round_up_8(spec->key_size);

	if (map_type_get(spec->type)->percpu)
		element += 8 + value * cpus + (preallocated ? 0 : 16);
	else
		element += value;
	if (!preallocated)
		return count * (element + 8);
	if (map_type_get(spec->type)->percpu || type_is_lru(spec->type))
		return count * element;
	/* A CPU has one more, so that an update of a full table finds one for the new value. */
	if (spec->type != BPF_MAP_TYPE_HASH_OF_MAPS)
		count += cpus;
	return count * element + 8 * (uint64_t)cpus;
}

static uint64_t kernel_table_bytes(const struct map_spec *spec, unsigned cpus, uint64_t buckets)
{
	uint64_t bytes = KERNEL_TABLE_SIZE + buckets * KERNEL_BUCKET_SIZE;

	if (!(spec->map_flags & BPF_F_NO_PREALLOC))
		bytes += kernel_elements_bytes(spec, cpus, spec->max_entries);
	return bytes;
}

int hashtab_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		  const struct hashtab_hooks *hooks, struct emu_map **map)
{
	uint64_t buckets = round_up_power_of_two(spec->max_entries);
	struct hashtab *table;
	int error;

	if (spec->max_entries > 1u << 31)
		return -E2BIG;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	error = map_init(&table->map, emu, ops, spec,
			 kernel_table_bytes(spec, emu->backend.possible_cpus, buckets));
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

static void count_down(struct hashtab *table)
{
	atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
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

/* An element that was in the table, and others behind it; no lock is held. */
static void elements_release(struct hashtab *table, struct hashtab_element *element)
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

static void element_show(const struct hashtab *table, struct hashtab_element *element, void *value)
{
	const void *stored = element_value(table, element);

	if (table->hooks->show) {
		table->hooks->show(table, stored, value);
		return;
	}
	memcpy(value, stored, table->stored_bytes);
	map_hide_special_fields(&table->map, value);
}

/* --- buckets; the lock is held unless said --- */

static uint32_t hash_of(const struct hashtab *table, const void *key)
{
	return key_hash(key, table->map.key_size, table->seed);
}

static uint32_t bucket_of(const struct hashtab *table, uint32_t hash)
{
	return hash & table->bucket_mask;
}

/* Without the lock it tells only whether the bucket was empty. */
static struct hashtab_element *bucket_head(const struct hashtab *table, uint32_t bucket)
{
	return atomic_load_explicit(&table->buckets[bucket], memory_order_relaxed);
}

static void bucket_set_head(struct hashtab *table, uint32_t bucket, struct hashtab_element *head)
{
	atomic_store_explicit(&table->buckets[bucket], head, memory_order_relaxed);
}

static struct hashtab_element *bucket_find(const struct hashtab *table, const void *key,
					   uint32_t hash)
{
	struct hashtab_element *element = bucket_head(table, bucket_of(table, hash));

	while (element &&
	       (element->hash != hash || memcmp(element_key(element), key, table->map.key_size)))
		element = element->next;
	return element;
}

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
			elements_release(table, bucket_remove_if(table, (uint32_t)bucket, gone));
}

void hashtab_free(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);

	for (uint64_t bucket = 0; table->buckets && bucket <= table->bucket_mask; bucket++)
		elements_release(table, bucket_head(table, (uint32_t)bucket));
	if (table->hooks->destroy)
		table->hooks->destroy(table);
	free((void *)table->buckets);
	lock_stripes_destroy(&table->locks);
	map_destroy(map);
	free(table);
}

uint64_t hashtab_memory_usage(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);
	unsigned cpus = emu_of_map(map)->backend.possible_cpus;
	const struct map_spec spec = {
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.map_flags = map->map_flags,
	};

	if (table->preallocated)
		return map->reserved;
	return map->reserved + kernel_elements_bytes(&spec, cpus, table->count);
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
		element_show(table, element, value);
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
		elements_release(table, old);
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
			element_show(table, element, value);
		bucket_unlink(table, element);
	}
	stripe_unlock(&table->locks, bucket);
	if (!element)
		return -ENOENT;
	count_down(table);
	elements_release(table, element);
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

/* --- walks --- */

/* The first key from that bucket on. */
static int first_key_from(struct hashtab *table, uint64_t bucket, void *next)
{
	struct hashtab_element *element;

	for (; bucket <= table->bucket_mask; bucket++) {
		if (!bucket_head(table, (uint32_t)bucket))
			continue;
		stripe_lock(&table->locks, (uint32_t)bucket);
		element = bucket_head(table, (uint32_t)bucket);
		if (element)
			memcpy(next, element_key(element), table->map.key_size);
		stripe_unlock(&table->locks, (uint32_t)bucket);
		if (element)
			return 0;
	}
	return -ENOENT;
}

/* htab_map_get_next_key(): a key that is not there (any more) starts the walk again. */
int hashtab_next_key(struct emu_map *map, const void *key, void *next)
{
	struct hashtab *table = hashtab_of(map);
	struct hashtab_element *element, *behind = NULL;
	uint32_t hash, bucket;

	if (!key)
		return first_key_from(table, 0, next);
	hash = hash_of(table, key);
	bucket = bucket_of(table, hash);
	stripe_lock(&table->locks, bucket);
	element = bucket_find(table, key, hash);
	if (element)
		behind = element->next;
	if (behind)
		memcpy(next, element_key(behind), map->key_size);
	stripe_unlock(&table->locks, bucket);
	if (behind)
		return 0;
	return first_key_from(table, element ? (uint64_t)bucket + 1 : 0, next);
}

/* One batch call: where the next element goes, and how many more may come. */
struct batch {
	struct hashtab *table;
	char *key, *value;
	uint32_t room, done;
	bool take_out;
	struct hashtab_element *removed;
};

static uint32_t bucket_length(const struct hashtab *table, uint32_t bucket)
{
	uint32_t length = 0;

	for (struct hashtab_element *element = bucket_head(table, bucket); element;
	     element = element->next)
		length++;
	return length;
}

static void batch_copy(struct batch *batch, struct hashtab_element *element)
{
	const struct emu_map *map = &batch->table->map;

	memcpy(batch->key, element_key(element), map->key_size);
	element_show(batch->table, element, batch->value);
	batch->key += map->key_size;
	batch->value += map->value_bytes;
	batch->done++;
}

/* All of a bucket, or -ENOSPC and nothing of it. */
static int batch_bucket(struct batch *batch, uint32_t bucket)
{
	struct hashtab *table = batch->table;
	struct hashtab_element *head, *last = NULL;

	if (!bucket_head(table, bucket))
		return 0;
	stripe_lock(&table->locks, bucket);
	if (bucket_length(table, bucket) > batch->room - batch->done) {
		stripe_unlock(&table->locks, bucket);
		return -ENOSPC;
	}
	head = bucket_head(table, bucket);
	for (struct hashtab_element *element = head; element; element = element->next) {
		batch_copy(batch, element);
		last = element;
		if (batch->take_out)
			count_down(table);
	}
	if (batch->take_out && last) {
		bucket_set_head(table, bucket, NULL);
		last->next = batch->removed;
		batch->removed = head;
	}
	stripe_unlock(&table->locks, bucket);
	return 0;
}

/* __htab_map_lookup_and_delete_batch(): the token is a u32, the bucket to go on with. */
static int batch_run(struct batch *batch, const void *in, void *out, uint32_t *count)
{
	uint64_t bucket = 0;
	uint32_t token = 0;
	int error = 0;

	*count = 0;
	if (in)
		memcpy(&token, in, sizeof(token));
	if (token > batch->table->bucket_mask)
		return -ENOENT;
	for (bucket = token; bucket <= batch->table->bucket_mask; bucket++) {
		error = batch_bucket(batch, (uint32_t)bucket);
		if (error)
			break;
	}
	if (!error)
		error = -ENOENT;
	else if (batch->done)
		error = 0; /* the rest does not fit this time */
	token = (uint32_t)bucket;
	memcpy(out, &token, sizeof(token));
	*count = batch->done;
	elements_release(batch->table, batch->removed);
	return error;
}

int hashtab_lookup_batch(struct emu_map *map, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t flags)
{
	struct batch batch = {
		.table = hashtab_of(map), .key = keys, .value = values, .room = *count};

	return batch_run(&batch, in, out, count);
}

int hashtab_lookup_and_delete_batch(struct emu_map *map, const void *in, void *out, void *keys,
				    void *values, uint32_t *count, uint64_t flags)
{
	struct batch batch = {.table = hashtab_of(map),
			      .key = keys,
			      .value = values,
			      .room = *count,
			      .take_out = true};

	return batch_run(&batch, in, out, count);
}
