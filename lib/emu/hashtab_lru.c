// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/hashtab_lru.h"
#include "emu/lru.h"

/* All nodes of a table, each with its element behind it. */
struct lru_store {
	struct lru lru;
	struct hashtab *table;
	char *nodes;
	size_t stride;
};

static struct hashtab_element *element_of(struct lru_node *node)
{
	return (struct hashtab_element *)(node + 1);
}

static struct lru_node *node_of(struct hashtab_element *element)
{
	return (struct lru_node *)element - 1;
}

static bool evict(void *context, struct lru_node *node)
{
	struct lru_store *store = context;

	return hashtab_evict(store->table, element_of(node));
}

static void set_hash(struct lru_node *node, uint32_t hash)
{
	element_of(node)->hash = hash;
}

static struct hashtab_element *take(struct hashtab *table, uint32_t hash)
{
	struct lru_store *store = table->context;
	struct lru_node *node = lru_take(&store->lru, set_hash, hash);

	return node ? element_of(node) : NULL;
}

static void give(struct hashtab *table, struct hashtab_element *element)
{
	struct lru_store *store = table->context;

	lru_give(&store->lru, node_of(element));
}

static void touched(struct hashtab *table, struct hashtab_element *element)
{
	lru_touch(node_of(element));
}

static void destroy(struct hashtab *table)
{
	struct lru_store *store = table->context;

	if (!store)
		return;
	lru_destroy(&store->lru);
	free(store->nodes);
	free(store);
}

static const struct hashtab_hooks hooks = {
	.take = take,
	.give = give,
	.touched = touched,
	.destroy = destroy,
};

static int store_new(struct hashtab *table, unsigned cpus)
{
	bool common = !(table->map.map_flags & BPF_F_NO_COMMON_LRU);
	uint32_t count = table->map.max_entries;
	struct lru_store *store = calloc(1, sizeof(*store));

	table->context = store;
	if (!store)
		return -ENOMEM;
	store->table = table;
	store->lru.evict = evict;
	store->lru.context = store;
	store->stride = round_up_8(sizeof(struct lru_node) + hashtab_element_bytes(table));
	store->nodes = calloc(count, store->stride);
	if (!store->nodes || lru_init(&store->lru, common, cpus, count))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		lru_add(&store->lru, (struct lru_node *)(store->nodes + i * store->stride), i,
			count);
	return 0;
}

/* htab_map_alloc(): each CPU's share is the same, so the size is rounded up to a multiple. */
static uint32_t round_entries(const struct map_spec *spec, unsigned cpus)
{
	uint64_t rounded = ((uint64_t)spec->max_entries + cpus - 1) / cpus * cpus;

	if (!(spec->map_flags & BPF_F_NO_COMMON_LRU))
		return spec->max_entries;
	return (uint32_t)(rounded > UINT32_MAX ? rounded - cpus : rounded);
}

int hashtab_lru_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		      struct emu_map **map)
{
	struct map_spec rounded = *spec;
	int error;

	rounded.max_entries = round_entries(spec, emu->backend.possible_cpus);
	error = hashtab_alloc(emu, &rounded, ops, &hooks, map);
	if (error)
		return error;
	error = store_new(hashtab_of(*map), emu->backend.possible_cpus);
	if (error)
		hashtab_free(*map);
	return error;
}
