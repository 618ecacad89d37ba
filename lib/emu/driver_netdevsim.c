// SPDX-License-Identifier: BSD-2-Clause
/*
 * netdevsim: the kernel's own test device (drivers/net/netdevsim/bpf.c).
 *
 * It keeps a map in two slots, whatever the map's max_entries says; those of an array are there
 * from the beginning with the keys 0 and 1. Slots are filled lowest first, and that is the order
 * of iteration. Measured on Linux 6.1 and 7.2 (SEMANTICS of device-bound maps).
 */
#include "emu/driver.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>

#define SLOTS 2

struct slots {
	bool used[SLOTS];
	unsigned char *keys;   /* SLOTS * key_size */
	unsigned char *values; /* SLOTS * value_size */
};

static void *slot_key(struct device_map *map, int slot)
{
	struct slots *slots = map->data;

	return slots->keys + (size_t)slot * map->key_size;
}

static void *slot_value(struct device_map *map, int slot)
{
	struct slots *slots = map->data;

	return slots->values + (size_t)slot * map->value_size;
}

static int slot_find(struct device_map *map, const void *key)
{
	struct slots *slots = map->data;

	for (int slot = 0; slot < SLOTS; slot++)
		if (slots->used[slot] && !memcmp(slot_key(map, slot), key, map->key_size))
			return slot;
	return -ENOENT;
}

/* The first slot in use from `slot` on. */
static int slot_from(struct device_map *map, int slot)
{
	struct slots *slots = map->data;

	for (; slot < SLOTS; slot++)
		if (slots->used[slot])
			return slot;
	return -ENOENT;
}

static int slot_free(struct device_map *map)
{
	struct slots *slots = map->data;

	for (int slot = 0; slot < SLOTS; slot++)
		if (!slots->used[slot])
			return slot;
	return -E2BIG;
}

static void netdevsim_map_free(struct device_map *map)
{
	struct slots *slots = map->data;

	if (slots) {
		free(slots->keys);
		free(slots->values);
	}
	free(slots);
	map->data = NULL;
}

/* The order of nsim_bpf_map_alloc(). */
static int netdevsim_map_alloc(struct device_map *map)
{
	struct slots *slots;

	if (map->max_entries > map->device->limits.max_entries)
		return -ENOMEM;
	if (map->map_flags)
		return -EINVAL;
	slots = map->data = calloc(1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	slots->keys = calloc(SLOTS, map->key_size);
	slots->values = calloc(SLOTS, map->value_size);
	if (!slots->keys || !slots->values) {
		netdevsim_map_free(map);
		return -ENOMEM;
	}
	if (map->type != BPF_MAP_TYPE_ARRAY)
		return 0;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		memcpy(slot_key(map, (int)slot), &slot, sizeof(slot));
		slots->used[slot] = true;
	}
	return 0;
}

static int netdevsim_map_lookup(struct device_map *map, const void *key, void *value)
{
	int slot = slot_find(map, key);

	if (slot < 0)
		return slot;
	memcpy(value, slot_value(map, slot), map->value_size);
	return 0;
}

static int netdevsim_map_update(struct device_map *map, const void *key, const void *value,
				uint64_t flags)
{
	struct slots *slots = map->data;
	int slot = slot_find(map, key);

	if (slot < 0 && flags == BPF_EXIST)
		return -ENOENT;
	if (slot >= 0 && flags == BPF_NOEXIST)
		return -EEXIST;
	if (slot < 0)
		slot = slot_free(map);
	if (slot < 0)
		return slot;
	memcpy(slot_key(map, slot), key, map->key_size);
	memcpy(slot_value(map, slot), value, map->value_size);
	slots->used[slot] = true;
	return 0;
}

static int netdevsim_map_delete(struct device_map *map, const void *key)
{
	struct slots *slots = map->data;
	int slot;

	if (map->type == BPF_MAP_TYPE_ARRAY)
		return -EINVAL;
	slot = slot_find(map, key);
	if (slot < 0)
		return slot;
	slots->used[slot] = false;
	return 0;
}

/* A key that is not there restarts at the first slot, as in nsim_map_get_next_key(). */
static int netdevsim_map_next_key(struct device_map *map, const void *key, void *next)
{
	int slot = key ? slot_find(map, key) : -ENOENT;

	slot = slot_from(map, slot < 0 ? 0 : slot + 1);
	if (slot < 0)
		return slot;
	memcpy(next, slot_key(map, slot), map->key_size);
	return 0;
}

const struct offload_driver netdevsim_driver = {
	.name = "netdevsim",
	.about = "the kernel's test device: two slots a map",
	.limits =
		{
			.max_entries = SLOTS,
			.map_types = 1u << BPF_MAP_TYPE_ARRAY | 1u << BPF_MAP_TYPE_HASH,
		},
	.not_accepted = -EOPNOTSUPP,
	.map_alloc = netdevsim_map_alloc,
	.map_free = netdevsim_map_free,
	.map_lookup = netdevsim_map_lookup,
	.map_update = netdevsim_map_update,
	.map_delete = netdevsim_map_delete,
	.map_next_key = netdevsim_map_next_key,
};
