// SPDX-License-Identifier: BSD-2-Clause
/* Walks over the hash table: key by key, and batches of whole buckets. */
#include <errno.h>
#include "emu/hashtab_buckets.h"

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
	hashtab_element_show(batch->table, element, batch->value);
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
	hashtab_elements_release(batch->table, batch->removed);
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
