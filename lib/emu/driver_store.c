// SPDX-License-Identifier: BSD-2-Clause
#include "emu/driver_store.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct element {
	UT_hash_handle hh;
	unsigned char bytes[]; /* key, then value */
};

struct store {
	struct element *elements; /* hash */
	unsigned char *array;	  /* max_entries * value_size */
};

int store_alloc(struct device_map *map)
{
	struct store *store = calloc(1, sizeof(*store));

	map->data = store;
	if (!store)
		return -ENOMEM;
	if (map->type != BPF_MAP_TYPE_ARRAY)
		return 0;
	store->array = calloc(map->max_entries, map->value_size);
	if (store->array)
		return 0;
	store_free(map);
	return -ENOMEM;
}

void store_free(struct device_map *map)
{
	struct store *store = map->data;
	struct element *element, *next;

	if (store) {
		HASH_ITER (hh, store->elements, element, next) {
			HASH_DEL(store->elements, element);
			free(element);
		}
		free(store->array);
	}
	free(store);
	map->data = NULL;
}

static unsigned char *array_slot(struct device_map *map, const void *key)
{
	struct store *store = map->data;
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index < map->max_entries ? store->array + (size_t)index * map->value_size : NULL;
}

static struct element *hash_find(struct device_map *map, const void *key)
{
	struct store *store = map->data;
	struct element *element;

	HASH_FIND(hh, store->elements, key, map->key_size, element);
	return element;
}

static unsigned char *find_value(struct device_map *map, const void *key)
{
	struct element *element;

	if (map->type == BPF_MAP_TYPE_ARRAY)
		return array_slot(map, key);
	element = hash_find(map, key);
	return element ? element->bytes + map->key_size : NULL;
}

int store_lookup(struct device_map *map, const void *key, void *value)
{
	unsigned char *found = find_value(map, key);

	if (!found)
		return -ENOENT;
	memcpy(value, found, map->value_size);
	return 0;
}

static int hash_insert(struct device_map *map, const void *key, const void *value)
{
	struct store *store = map->data;
	struct element *element;
	unsigned count = HASH_COUNT(store->elements);

	if (count >= map->max_entries)
		return -E2BIG;
	element = malloc(sizeof(*element) + map->key_size + map->value_size);
	if (!element)
		return -ENOMEM;
	memcpy(element->bytes, key, map->key_size);
	memcpy(element->bytes + map->key_size, value, map->value_size);
	HASH_ADD_KEYPTR(hh, store->elements, element->bytes, map->key_size, element);
	if (HASH_COUNT(store->elements) == count) {
		free(element); /* uthash ran out of memory and left it out */
		return -ENOMEM;
	}
	return 0;
}

int store_update(struct device_map *map, const void *key, const void *value, uint64_t flags)
{
	unsigned char *found = find_value(map, key);

	if (!found && map->type == BPF_MAP_TYPE_ARRAY)
		return -E2BIG;
	if (!found)
		return flags == BPF_EXIST ? -ENOENT : hash_insert(map, key, value);
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(found, value, map->value_size);
	return 0;
}

int store_delete(struct device_map *map, const void *key)
{
	struct store *store = map->data;
	struct element *element;

	if (map->type == BPF_MAP_TYPE_ARRAY)
		return -EINVAL;
	element = hash_find(map, key);
	if (!element)
		return -ENOENT;
	HASH_DEL(store->elements, element);
	free(element);
	return 0;
}

/* array_map_get_next_key(): an index that is not there restarts at 0. */
static int array_next_key(struct device_map *map, const void *key, void *next)
{
	uint32_t index = UINT32_MAX;

	if (key)
		memcpy(&index, key, sizeof(index));
	if (index >= map->max_entries)
		index = 0;
	else if (++index == map->max_entries)
		return -ENOENT;
	memcpy(next, &index, sizeof(index));
	return 0;
}

int store_next_key(struct device_map *map, const void *key, void *next)
{
	struct store *store = map->data;
	struct element *element;

	if (map->type == BPF_MAP_TYPE_ARRAY)
		return array_next_key(map, key, next);
	element = key ? hash_find(map, key) : NULL;
	element = element ? element->hh.next : store->elements;
	if (!element)
		return -ENOENT;
	memcpy(next, element->bytes, map->key_size);
	return 0;
}
