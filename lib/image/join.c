// SPDX-License-Identifier: BSD-2-Clause
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "image/elements.h"
#include "image/join.h"
#include "image/message.h"

/* 16 bytes each: 32 MiB at most, half full. */
#define JOIN_SLOTS_MAX (2u << 20)
#define JOIN_SHARE 1000000u

/* An element of `from`, by where its key and value are in the file. */
struct join_slot {
	uint32_t element_plus_one; /* 0: empty */
	uint32_t tag;
	uint32_t matched;
};

struct join {
	const struct image *from_image, *to_image;
	const struct image_map *from, *to;
	bool same;
	bool keys_only; /* of `from`, removed ones too */
	join_visit *visit;
	void *context;
	struct fault *fault;

	struct join_slot *slots;
	uint32_t mask;
	unsigned share, shares;
	unsigned char *key, *value; /* of one element of `from` */
};

static uint64_t key_hash(const struct join *join, const void *key)
{
	return XXH3_64bits(key, join->from->info.key_size);
}

static bool in_share(const struct join *join, uint64_t hash)
{
	return (hash >> 40) % join->shares == join->share;
}

static const struct image_run *run_of(const struct join *join, uint32_t *element)
{
	const struct image_map *map = join->from;

	for (size_t i = 0; i < map->run_count; i++) {
		if (map->runs[i].removed && !join->keys_only)
			continue;
		if (*element < map->runs[i].count)
			return &map->runs[i];
		*element -= map->runs[i].count;
	}
	return NULL;
}

static int from_read_key(struct join *join, uint32_t element)
{
	uint32_t size = join->from->info.key_size;
	const struct image_run *run = run_of(join, &element);

	return message_read_at(join->from_image->data_fd, IMAGE_BPFMAP_DATA, join->key, size,
			       run->keys_at + (uint64_t)element * size, join->fault);
}

static int from_read_value(struct join *join, uint32_t element)
{
	size_t size = join->from->value_bytes;
	const struct image_run *run = run_of(join, &element);

	return message_read_at(join->from_image->data_fd, IMAGE_BPFMAP_DATA, join->value, size,
			       run->values_at + (uint64_t)element * size, join->fault);
}

static void share_put(struct join *join, uint64_t hash, uint32_t element)
{
	uint32_t at = (uint32_t)hash & join->mask;

	while (join->slots[at].element_plus_one)
		at = (at + 1) & join->mask;
	join->slots[at] = (struct join_slot){element + 1, (uint32_t)(hash >> 32), 0};
}

/* The share of `from`'s keys that this pass is about. */
static int share_load(struct join *join)
{
	size_t key_size = join->from->info.key_size;
	struct elements elements;
	int more, error = elements_open(join->from_image, join->from, &elements, join->fault);

	if (error)
		return error;
	elements.all_keys = join->keys_only;
	memset(join->slots, 0, ((size_t)join->mask + 1) * sizeof(*join->slots));
	while ((more = elements_next(&elements, join->fault)) > 0) {
		for (uint32_t i = 0; i < elements.count; i++) {
			uint64_t hash = key_hash(join, elements.keys + i * key_size);

			if (in_share(join, hash))
				share_put(join, hash, (uint32_t)(elements.position + i));
		}
	}
	elements_close(&elements);
	return more;
}

/* The slot with the key; NULL: `from` does not have it. */
static int share_find(struct join *join, uint64_t hash, const void *key, struct join_slot **found)
{
	uint32_t at = (uint32_t)hash & join->mask;

	*found = NULL;
	for (; join->slots[at].element_plus_one; at = (at + 1) & join->mask) {
		struct join_slot *slot = &join->slots[at];
		int error;

		if (slot->tag != (uint32_t)(hash >> 32))
			continue;
		error = from_read_key(join, slot->element_plus_one - 1);
		if (error)
			return error;
		if (!memcmp(join->key, key, join->from->info.key_size)) {
			*found = slot;
			return 0;
		}
	}
	return 0;
}

static int element_compare(struct join *join, const void *key, const void *value)
{
	uint64_t hash = key_hash(join, key);
	struct join_slot *slot;
	int error;

	if (!in_share(join, hash))
		return 0;
	error = share_find(join, hash, key, &slot);
	if (error)
		return error;
	if (!slot)
		return join->visit(join->context, JOIN_ADDED, key, NULL, value);
	slot->matched = 1;
	if (join->keys_only)
		return 0;
	error = from_read_value(join, slot->element_plus_one - 1);
	if (error)
		return error;
	if (memcmp(join->value, value, join->from->value_bytes) != 0)
		return join->visit(join->context, JOIN_CHANGED, key, join->value, value);
	return join->same ? join->visit(join->context, JOIN_SAME, key, join->value, value) : 0;
}

static int share_compare(struct join *join)
{
	struct elements elements;
	int more = 0, error = elements_open(join->to_image, join->to, &elements, join->fault);

	if (error)
		return error;
	while (!error && (more = elements_next(&elements, join->fault)) > 0)
		for (uint32_t i = 0; !error && i < elements.count; i++)
			error = element_compare(
				join, elements.keys + (size_t)i * join->to->info.key_size,
				elements.values + (size_t)i * join->to->value_bytes);
	elements_close(&elements);
	return error ? error : more;
}

static int share_removed(struct join *join)
{
	int error = 0;

	for (uint32_t at = 0; !error && at <= join->mask; at++) {
		const struct join_slot *slot = &join->slots[at];

		if (!slot->element_plus_one || slot->matched || join->keys_only)
			continue;
		error = from_read_key(join, slot->element_plus_one - 1);
		if (!error)
			error = from_read_value(join, slot->element_plus_one - 1);
		if (!error)
			error = join->visit(join->context, JOIN_REMOVED, join->key, join->value,
					    NULL);
	}
	return error;
}

static uint64_t from_count(const struct join *join)
{
	uint64_t count = 0;

	for (size_t i = 0; i < join->from->run_count; i++)
		if (join->keys_only || !join->from->runs[i].removed)
			count += join->from->runs[i].count;
	return count;
}

static int join_keyed(struct join *join)
{
	uint64_t slots = 1024;
	int error = 0;

	join->shares = (unsigned)(from_count(join) / JOIN_SHARE) + 1;
	while (slots < JOIN_SLOTS_MAX && slots < 2 * from_count(join))
		slots *= 2;
	join->mask = (uint32_t)slots - 1;
	join->slots = calloc(slots, sizeof(*join->slots));
	if (!join->slots)
		return fault_set(join->fault, ENOMEM, "out of memory");
	for (; !error && join->share < join->shares; join->share++) {
		error = share_load(join);
		if (!error)
			error = share_compare(join);
		if (!error)
			error = share_removed(join);
	}
	free(join->slots);
	return error;
}

/* --- queues and stacks: by position --- */

static int position_compare(struct join *join, uint32_t position, const void *value)
{
	int error;

	if (position >= join->from->elements)
		return join->visit(join->context, JOIN_ADDED, &position, NULL, value);
	error = from_read_value(join, position);
	if (error)
		return error;
	if (memcmp(join->value, value, join->from->value_bytes) != 0)
		return join->visit(join->context, JOIN_CHANGED, &position, join->value, value);
	return join->same ? join->visit(join->context, JOIN_SAME, &position, join->value, value)
			  : 0;
}

static int join_positions(struct join *join)
{
	struct elements elements;
	int more = 0, error = elements_open(join->to_image, join->to, &elements, join->fault);

	if (error)
		return error;
	while (!error && (more = elements_next(&elements, join->fault)) > 0)
		for (uint32_t i = 0; !error && i < elements.count; i++)
			error = position_compare(join, (uint32_t)elements.position + i,
						 elements.values +
							 (size_t)i * join->to->value_bytes);
	elements_close(&elements);
	error = error ? error : more;
	for (uint32_t i = (uint32_t)join->to->elements; !error && i < join->from->elements; i++) {
		error = from_read_value(join, i);
		if (!error)
			error = join->visit(join->context, JOIN_REMOVED, &i, join->value, NULL);
	}
	return error;
}

static int join_run(struct join *join)
{
	const struct image_map *from = join->from, *to = join->to;
	int error;

	if (from->info.key_size != to->info.key_size ||
	    (from->value_bytes != to->value_bytes && !join->keys_only))
		return fault_set(join->fault, EINVAL, "the maps have other sizes");
	join->key = malloc(from->info.key_size + 1);
	join->value = malloc(from->value_bytes + 1);
	if (!join->key || !join->value)
		error = fault_set(join->fault, ENOMEM, "out of memory");
	else
		error = from->info.key_size ? join_keyed(join) : join_positions(join);
	free(join->key);
	free(join->value);
	return error;
}

int image_join(const struct image *from_image, const struct image_map *from,
	       const struct image *to_image, const struct image_map *to, bool same,
	       join_visit *visit, void *context, struct fault *fault)
{
	struct join join = {.from_image = from_image,
			    .to_image = to_image,
			    .from = from,
			    .to = to,
			    .same = same,
			    .visit = visit,
			    .context = context,
			    .fault = fault};

	return join_run(&join);
}

int image_join_keys(const struct image *from_image, const struct image_map *from,
		    const struct image *to_image, const struct image_map *to, join_visit *visit,
		    void *context, struct fault *fault)
{
	struct join join = {.from_image = from_image,
			    .to_image = to_image,
			    .from = from,
			    .to = to,
			    .keys_only = true,
			    .visit = visit,
			    .context = context,
			    .fault = fault};

	return join_run(&join);
}
