// SPDX-License-Identifier: BSD-2-Clause
#include "key_values.h"

#include <string.h>
#include <bpfuse/map_type.h>
#include "clock.h"

#define MISSES_MAX 16
#define TICK_NS 4000000ull /* CONFIG_HZ=250; at HZ=100 attributes are kept for longer */

/* Hash tables and arrays; other batches go from key to key and start over where one has gone. */
static bool has_order(const struct object *map)
{
	const struct map_type *type = map_type_get(map->info.type);
	return type->batch & BATCH_LOOKUP &&
	       (type->batch & BATCH_LOOKUP_AND_DELETE || type->indexed);
}

void key_values_start(struct filesystem *fs, struct key_values *values, struct object *map,
		      const struct codec *codec)
{
	unsigned flags = WALK_VALUES | WALK_PAGES | (codec_has_lock(codec) ? WALK_LOCKED : 0);
	key_values_stop(fs, values);
	if (!has_order(map) || walk_open(map->handle, flags, &values->walk))
		return;
	object_hold(fs, map);
	values->map = map;
}

void key_values_stop(struct filesystem *fs, struct key_values *values)
{
	walk_close(values->walk);
	if (values->map)
		object_release(fs, values->map);
	*values = (struct key_values){0};
}

static bool read_more(struct key_values *values)
{
	values->read_at = monotonic_ns();
	values->next = values->misses = 0;
	if (walk_next(values->walk, &values->chunk) > 0)
		return true;
	values->chunk.count = 0;
	walk_close(move_ptr(values->walk));
	return false;
}

/* The place of the key in the chunk from `next` on, or its end. */
static uint32_t find_in_chunk(const struct key_values *values, const void *key)
{
	const struct walk_chunk *chunk = &values->chunk;
	uint32_t at = values->next;
	while (at < chunk->count &&
	       memcmp(chunk->keys + at * chunk->key_size, key, chunk->key_size) != 0)
		at++;
	return at;
}

/* Nothing is left in the chunk, or nothing that was listed: it was inserted since. */
static bool is_used_up(const struct key_values *values)
{
	return values->next == values->chunk.count || values->misses == MISSES_MAX;
}

const void *key_values_find(struct key_values *values, const void *key)
{
	if (!values->walk || (is_used_up(values) && !read_more(values)))
		return NULL;
	uint32_t at = find_in_chunk(values, key);
	if (at == values->chunk.count) {
		values->misses++;
		return NULL;
	}
	values->next = at + 1;
	values->misses = 0;
	if (monotonic_ns() - values->read_at > TICK_NS)
		return NULL;
	return values->chunk.values + at * values->chunk.value_size;
}
