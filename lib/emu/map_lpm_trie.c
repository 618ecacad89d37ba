// SPDX-License-Identifier: BSD-2-Clause
/*
 * lpm_trie: kernel/bpf/lpm_trie.c. A binary trie of prefixes; nodes that only branch are
 * "intermediate" and no elements. A walk goes children first, branch 0 before branch 1, and
 * keys come back with the bits behind their prefix as they were stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map.h"

#define LPM_FLAGS (BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)
#define LPM_KEY_MIN 5	      /* the prefix length, and a byte */
#define LPM_KEY_MAX 260	      /* LPM_KEY_SIZE_MAX */
#define LPM_VALUE_MAX 4194024 /* LPM_VAL_SIZE_MAX */
#define KERNEL_NODE_SIZE 24   /* struct lpm_trie_node */

struct lpm_node {
	struct lpm_node *child[2];
	uint32_t prefix_length; /* bits */
	bool intermediate;
	unsigned char bytes[]; /* the key's data, and the value behind it */
};

struct lpm_map {
	struct emu_map map;
	pthread_rwlock_t lock;
	struct lpm_node *root;
	uint32_t count;
	uint32_t data_size;  /* of a key, bytes: key_size - 4 */
	uint32_t length_max; /* bits */
};

/* A key as user space gives it: the prefix length in bits, in host order, and the data. */
struct lpm_key {
	uint32_t length;
	const unsigned char *data;
};

static struct lpm_map *lpm_of(struct emu_map *map)
{
	return (struct lpm_map *)map;
}

static struct lpm_key key_of(const void *key)
{
	struct lpm_key parsed;

	memcpy(&parsed.length, key, sizeof(parsed.length));
	parsed.data = (const unsigned char *)key + sizeof(parsed.length);
	return parsed;
}

/* trie_alloc() checks after the capabilities are known. */
static int check(const struct map_spec *spec)
{
	if (!spec->max_entries || !(spec->map_flags & BPF_F_NO_PREALLOC) ||
	    (spec->map_flags & ~LPM_FLAGS) || !map_flags_access_ok(spec->map_flags) ||
	    spec->key_size < LPM_KEY_MIN || spec->key_size > LPM_KEY_MAX || !spec->value_size ||
	    spec->value_size > LPM_VALUE_MAX)
		return -EINVAL;
	return 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct lpm_map *lpm;
	int error = check(spec);

	if (error)
		return error;
	lpm = calloc(1, sizeof(*lpm));
	error = lpm ? map_init(&lpm->map, emu, &map_lpm_trie_ops, spec, 0) : -ENOMEM;
	if (error) {
		free(lpm);
		return error;
	}
	pthread_rwlock_init(&lpm->lock, NULL);
	lpm->data_size = spec->key_size - (uint32_t)sizeof(uint32_t);
	lpm->length_max = lpm->data_size * 8;
	*map = &lpm->map;
	return 0;
}

/* --- nodes --- */

static size_t node_bytes(const struct lpm_map *lpm)
{
	return sizeof(struct lpm_node) + lpm->data_size + lpm->map.value_size;
}

static struct lpm_node *lpm_node_new(struct lpm_map *lpm, uint32_t length,
				     const unsigned char *data, const void *value)
{
	struct emu *emu = emu_of_map(&lpm->map);
	struct lpm_node *node;

	if (emu_reserve(emu, node_bytes(lpm)))
		return NULL;
	node = malloc(node_bytes(lpm));
	if (!node) {
		emu_unreserve(emu, node_bytes(lpm));
		return NULL;
	}
	node->child[0] = node->child[1] = NULL;
	node->prefix_length = length;
	node->intermediate = !value;
	memcpy(node->bytes, data, lpm->data_size);
	if (value)
		memcpy(node->bytes + lpm->data_size, value, lpm->map.value_size);
	return node;
}

static void lpm_node_free(struct lpm_map *lpm, struct lpm_node *node)
{
	if (!node)
		return;
	emu_unreserve(emu_of_map(&lpm->map), node_bytes(lpm));
	free(node);
}

static unsigned bit_of(const unsigned char *data, uint32_t position)
{
	return data[position / 8] >> (7 - position % 8) & 1;
}

/* Leading bits that the node and the key have in common: longest_prefix_match(). */
static uint32_t common_bits(const struct lpm_node *node, const struct lpm_key *key)
{
	uint32_t limit = node->prefix_length < key->length ? node->prefix_length : key->length;
	uint32_t bits = 0;

	while (bits < limit) {
		unsigned char difference = node->bytes[bits / 8] ^ key->data[bits / 8];

		if (difference) {
			bits += (uint32_t)__builtin_clz(difference) - 24;
			break;
		}
		bits += 8;
	}
	return bits < limit ? bits : limit;
}

/* The children before the node; recursion would be as deep as a key has bits. */
static void free_nodes(struct lpm_map *lpm)
{
	while (lpm->root) {
		struct lpm_node **slot = &lpm->root;

		while ((*slot)->child[0] || (*slot)->child[1])
			slot = &(*slot)->child[(*slot)->child[0] ? 0 : 1];
		lpm_node_free(lpm, *slot);
		*slot = NULL;
	}
}

static void lpm_free(struct emu_map *map)
{
	struct lpm_map *lpm = lpm_of(map);

	free_nodes(lpm);
	pthread_rwlock_destroy(&lpm->lock);
	map_destroy(map);
	free(lpm);
}

static uint64_t memory_usage(struct emu_map *map)
{
	struct lpm_map *lpm = lpm_of(map);
	uint64_t count;

	pthread_rwlock_rdlock(&lpm->lock);
	count = lpm->count;
	pthread_rwlock_unlock(&lpm->lock);
	return count * (KERNEL_NODE_SIZE + lpm->data_size + map->value_size);
}

/* trie_check_btf(): the key is a struct */
static int check_btf(const struct emu_map *map, const struct btf_types *types)
{
	return btf_is_struct(types->key) ? 0 : -EINVAL;
}

/* --- lookup --- */

/* trie_lookup_elem(): the longest prefix that the key lies in. */
static struct lpm_node *find_longest(const struct lpm_map *lpm, const struct lpm_key *key)
{
	struct lpm_node *found = NULL, *node = lpm->root;

	while (node) {
		uint32_t bits = common_bits(node, key);

		if (bits == lpm->length_max)
			return node;
		if (bits < node->prefix_length)
			break;
		if (!node->intermediate)
			found = node;
		node = node->child[bit_of(key->data, node->prefix_length)];
	}
	return found;
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct lpm_map *lpm = lpm_of(map);
	struct lpm_key wanted = key_of(key);
	struct lpm_node *node = NULL;

	pthread_rwlock_rdlock(&lpm->lock);
	if (wanted.length <= lpm->length_max)
		node = find_longest(lpm, &wanted);
	if (node)
		memcpy(value, node->bytes + lpm->data_size, map->value_size);
	pthread_rwlock_unlock(&lpm->lock);
	return node ? 0 : -ENOENT;
}

/* --- update --- */

/* Goes down to where the key's node is or would be; *bits: what the node there shares with it. */
static struct lpm_node **find_slot(struct lpm_map *lpm, const struct lpm_key *key, uint32_t *bits)
{
	struct lpm_node **slot = &lpm->root;

	for (; *slot; slot = &(*slot)->child[bit_of(key->data, (*slot)->prefix_length)]) {
		*bits = common_bits(*slot, key);
		if ((*slot)->prefix_length != *bits || (*slot)->prefix_length == key->length)
			break;
	}
	return slot;
}

/* trie_check_add_elem() */
static int count_up(struct lpm_map *lpm, uint64_t flags)
{
	if (flags == BPF_EXIST)
		return -ENOENT;
	if (lpm->count == lpm->map.max_entries)
		return -ENOSPC;
	lpm->count++;
	return 0;
}

static int replace(struct lpm_map *lpm, struct lpm_node **slot, struct lpm_node *new,
		   uint64_t flags)
{
	struct lpm_node *old = *slot;
	int error = 0;

	if (old->intermediate)
		error = count_up(lpm, flags);
	else if (flags == BPF_NOEXIST)
		error = -EEXIST;
	if (error)
		return error;
	new->child[0] = old->child[0];
	new->child[1] = old->child[1];
	*slot = new;
	lpm_node_free(lpm, old);
	return 0;
}

/* The new node becomes the parent of what is in the slot, or its sibling below a new branch. */
static int insert_above(struct lpm_map *lpm, struct lpm_node **slot, struct lpm_node *new,
			uint32_t bits)
{
	struct lpm_node *old = *slot, *branch;

	if (bits == new->prefix_length) {
		new->child[bit_of(old->bytes, bits)] = old;
		*slot = new;
		return 0;
	}
	branch = lpm_node_new(lpm, bits, old->bytes, NULL);
	if (!branch) {
		lpm->count--;
		return -ENOMEM;
	}
	branch->child[bit_of(new->bytes, bits)] = new;
	branch->child[!bit_of(new->bytes, bits)] = old;
	*slot = branch;
	return 0;
}

static int insert(struct lpm_map *lpm, const struct lpm_key *key, struct lpm_node *new,
		  uint64_t flags)
{
	uint32_t bits = 0;
	struct lpm_node **slot = find_slot(lpm, key, &bits);
	int error;

	if (*slot && (*slot)->prefix_length == bits)
		return replace(lpm, slot, new, flags);
	error = count_up(lpm, flags);
	if (error)
		return error;
	if (*slot)
		return insert_above(lpm, slot, new, bits);
	*slot = new;
	return 0;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct lpm_map *lpm = lpm_of(map);
	struct lpm_key wanted = key_of(key);
	struct lpm_node *new;
	int error;

	if (flags > BPF_EXIST || wanted.length > lpm->length_max)
		return -EINVAL;
	new = lpm_node_new(lpm, wanted.length, wanted.data, value);
	if (!new)
		return -ENOMEM;
	pthread_rwlock_wrlock(&lpm->lock);
	error = insert(lpm, &wanted, new, flags);
	pthread_rwlock_unlock(&lpm->lock);
	if (error)
		lpm_node_free(lpm, new);
	return error;
}

/* --- delete --- */

/* trie_delete_elem(): a branch that is left with one child goes too. */
static int delete_locked(struct lpm_map *lpm, const struct lpm_key *key)
{
	struct lpm_node **slot = &lpm->root, **above = &lpm->root, *node, *parent;
	uint32_t bits = 0;

	while ((node = *slot)) {
		bits = common_bits(node, key);
		if (node->prefix_length != bits || node->prefix_length == key->length)
			break;
		above = slot;
		slot = &node->child[bit_of(key->data, node->prefix_length)];
	}
	if (!node || node->prefix_length != key->length || node->prefix_length != bits ||
	    node->intermediate)
		return -ENOENT;
	lpm->count--;
	parent = slot == &lpm->root ? NULL : *above;
	if (node->child[0] && node->child[1]) {
		node->intermediate = true;
		return 0;
	}
	if (parent && parent->intermediate && !node->child[0] && !node->child[1]) {
		*above = parent->child[slot == &parent->child[0]];
		lpm_node_free(lpm, parent);
	} else {
		*slot = node->child[node->child[0] ? 0 : 1];
	}
	lpm_node_free(lpm, node);
	return 0;
}

static int delete (struct emu_map *map, const void *key)
{
	struct lpm_map *lpm = lpm_of(map);
	struct lpm_key wanted = key_of(key);
	int error;

	if (wanted.length > lpm->length_max)
		return -EINVAL;
	pthread_rwlock_wrlock(&lpm->lock);
	error = delete_locked(lpm, &wanted);
	pthread_rwlock_unlock(&lpm->lock);
	return error;
}

/* --- walk --- */

/* The first element below, in post-order: the node itself if nothing is under it. */
static struct lpm_node *leftmost(struct lpm_node *node)
{
	struct lpm_node *found = NULL;

	while (node) {
		if (!node->intermediate)
			found = node;
		if (node->child[0])
			node = node->child[0];
		else
			node = node->child[1];
	}
	return found;
}

/*
 * The element behind `key` in post-order. On the way down to the key's node the last turn is
 * remembered where something follows: a branch 1 not taken, or an element that is a parent.
 * false: there is no such node, and the walk begins again.
 */
static bool find_behind(struct lpm_map *lpm, const struct lpm_key *key, struct lpm_node **behind)
{
	struct lpm_node *node = lpm->root;

	*behind = NULL;
	while (node) {
		uint32_t bits = common_bits(node, key);
		unsigned turn;

		if (node->prefix_length != bits)
			return false;
		if (node->prefix_length == key->length)
			return !node->intermediate;
		turn = bit_of(key->data, node->prefix_length);
		if (turn == 0 && node->child[1])
			*behind = leftmost(node->child[1]);
		else if (!node->intermediate)
			*behind = node;
		node = node->child[turn];
	}
	return false;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	struct lpm_map *lpm = lpm_of(map);
	struct lpm_key wanted = {0};
	struct lpm_node *node = NULL;

	pthread_rwlock_rdlock(&lpm->lock);
	if (key)
		wanted = key_of(key);
	if (!key || wanted.length > lpm->length_max || !find_behind(lpm, &wanted, &node))
		node = leftmost(lpm->root);
	if (node) {
		memcpy(next, &node->prefix_length, sizeof(node->prefix_length));
		memcpy((char *)next + sizeof(node->prefix_length), node->bytes, lpm->data_size);
	}
	pthread_rwlock_unlock(&lpm->lock);
	return node ? 0 : -ENOENT;
}

const struct emu_map_ops map_lpm_trie_ops = {
	.alloc = alloc,
	.free = lpm_free,
	.memory_usage = memory_usage,
	.check_btf = check_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
	.lookup_batch = generic_lookup_batch,
	.update_batch = generic_update_batch,
	.delete_batch = generic_delete_batch,
};
