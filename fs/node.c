// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table is chained buckets over (parent, name). A nodeid is the node's address behind a mask:
 * the kernel sends only what it holds lookups of, and the generation tells one life of an address
 * from the next. The mask is secret, for whoever may look a name up is told its nodeid, in the
 * handle of name_to_handle_at(2).
 */
#include "node_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS_MIN 256
#define ROOT_ID 1 /* FUSE_ROOT_ID */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3u; /* FNV-1a */
	return hash;
}

/* FNV's low bits are good, its high bits are not: spread them. */
static uint64_t hash_finish(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdu;
	hash ^= hash >> 33;
	return hash;
}

uint64_t node_ino(uint64_t parent, const void *bytes, size_t length)
{
	uint64_t hash = hash_bytes(0xcbf29ce484222325u, &parent, sizeof(parent));
	hash = hash_finish(hash_bytes(hash, bytes, length));
	/* Out of the range of bpffs's own numbers, which are 32 bits. */
	return hash | (uint64_t)1 << 62;
}

static size_t bucket_of(const struct node_table *table, const struct node *parent, const char *name)
{
	uintptr_t address = (uintptr_t)parent;
	uint64_t hash = hash_bytes(0xcbf29ce484222325u, &address, sizeof(address));
	return hash_finish(hash_bytes(hash, name, strlen(name))) & (table->bucket_count - 1);
}

/* The first name stands behind the data: a million nodes are half as many allocations so. */
static bool has_first_name(const struct node *node)
{
	return node->name == (const char *)node->data + node->data_size;
}

static void free_name(struct node *node)
{
	if (!has_first_name(node))
		free(node->name);
}

static struct node *node_new(struct node_table *table, struct node *parent, const char *name,
			     const struct node_kind *kind, uint64_t ino, const void *data,
			     size_t data_size)
{
	size_t name_size = strlen(name) + 1;
	struct node *node = malloc(sizeof(*node) + data_size + name_size);
	if (!node)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->data_size = (uint32_t)data_size;
	node->name = (char *)node->data + data_size;
	memcpy(node->name, name, name_size);
	node->kind = kind;
	node->ino = ino;
	node->generation = ++table->generation;
	node->parent = parent;
	if (parent)
		parent->refs++;
	if (data_size)
		memcpy(node->data, data, data_size);
	return node;
}

/* No address has the highest bit, so that no nodeid is 0 or the root's. */
static bool make_mask(struct node_table *table)
{
	bool made = getrandom(&table->mask, sizeof(table->mask), 0) == sizeof(table->mask);
	table->mask |= (uint64_t)1 << 63;
	return made;
}

struct node_table *node_table_new(const struct node_kind *root_kind)
{
	struct node_table *table = calloc(1, sizeof(*table));
	if (!table || !make_mask(table)) {
		free(table);
		return NULL;
	}
	pthread_mutex_init(&table->lock, NULL);
	table->bucket_count = BUCKETS_MIN;
	table->buckets = calloc(table->bucket_count, sizeof(*table->buckets));
	if (table->buckets)
		table->root = node_new(table, NULL, "", root_kind, ROOT_ID, NULL, 0);
	if (!table->root) {
		free(table->buckets);
		free(table);
		return NULL;
	}
	table->root->refs = 1;
	return table;
}

static void table_grow(struct node_table *table)
{
	size_t old_count = table->bucket_count;
	struct node **old = table->buckets;
	struct node **buckets = calloc(old_count * 2, sizeof(*buckets));
	if (!buckets)
		return; /* longer chains are no fault */
	table->buckets = buckets;
	table->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct node *node = old[i];
			old[i] = node->next;
			size_t bucket = bucket_of(table, node->parent, node->name);
			node->next = buckets[bucket];
			buckets[bucket] = node;
		}
	}
	free(old);
}

static void table_link(struct node_table *table, struct node *node)
{
	if (table->count >= table->bucket_count)
		table_grow(table);
	size_t bucket = bucket_of(table, node->parent, node->name);
	node->next = table->buckets[bucket];
	table->buckets[bucket] = node;
	node->linked = true;
	table->count++;
}

static void table_unlink(struct node_table *table, struct node *node)
{
	if (!node->linked)
		return;
	struct node **link = &table->buckets[bucket_of(table, node->parent, node->name)];
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->linked = false;
	table->count--;
	node->next = table->unnamed;
	table->unnamed = node;
}

/* Out of both lists. */
static void table_remove(struct node_table *table, struct node *node)
{
	table_unlink(table, node);
	struct node **link = &table->unnamed;
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->next = NULL;
}

static struct node *table_find(struct node_table *table, const struct node *parent,
			       const char *name)
{
	struct node *node = table->buckets[bucket_of(table, parent, name)];
	while (node && (node->parent != parent || strcmp(node->name, name) != 0))
		node = node->next;
	return node;
}

void node_release_locked(struct node_table *table, struct node *node)
{
	while (node && !node->lookups && !node->refs) {
		struct node *parent = node->parent;
		table_remove(table, node);
		free_name(node);
		free(node);
		node = parent;
		if (node)
			node->refs--;
	}
}

static void list_free(struct node *node)
{
	while (node) {
		struct node *next = node->next;
		free_name(node);
		free(node);
		node = next;
	}
}

void node_table_free(struct node_table *table)
{
	if (!table)
		return;
	/* The kernel sends no FORGET at unmount. */
	for (size_t i = 0; i < table->bucket_count; i++)
		list_free(table->buckets[i]);
	list_free(table->unnamed);
	free(table->root);
	free(table->buckets);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

struct node *node_from_id(struct node_table *table, uint64_t nodeid)
{
	return nodeid == ROOT_ID ? table->root : (struct node *)(uintptr_t)(nodeid ^ table->mask);
}

uint64_t node_id(struct node_table *table, const struct node *node)
{
	return node == table->root ? ROOT_ID : (uintptr_t)node ^ table->mask;
}

struct node *node_child(struct node_table *table, struct node *parent, const char *name,
			const struct node_kind *kind, uint64_t ino, const void *data,
			size_t data_size)
{
	pthread_mutex_lock(&table->lock);
	struct node *node = table_find(table, parent, name);
	if (node && (node->kind != kind || node->ino != ino)) {
		table_unlink(table, node);
		node = NULL;
	}
	if (!node) {
		node = node_new(table, parent, name, kind, ino, data, data_size);
		if (node)
			table_link(table, node);
	}
	if (node)
		node->refs++;
	pthread_mutex_unlock(&table->lock);
	return node;
}

struct node *node_fixed_child(struct node_table *table, struct node *parent,
			      const struct node_kind *kind)
{
	uint64_t ino = node_ino(parent->ino, kind->name, strlen(kind->name));
	return node_child(table, parent, kind->name, kind, ino, NULL, 0);
}

unsigned node_depth(const struct node *node)
{
	unsigned depth = 0;
	for (; node->parent; node = node->parent)
		depth++;
	return depth;
}

/* As deep as the link lies, so many steps up: the mount may stand anywhere. */
static int link_target(struct request *request, struct node *node, struct buffer *target)
{
	for (unsigned depth = node_depth(node); depth > 1; depth--)
		buffer_append_string(target, "../");
	buffer_append_string(target, (const char *)node->data);
	return buffer_error(target);
}

const struct node_kind kind_link = {
	.type = S_IFLNK,
	.mode = 0777,
	.target = link_target,
};

struct node *node_link_child(struct node_table *table, struct node *parent, const char *name,
			     const char *target)
{
	uint64_t ino = node_ino(parent->ino, name, strlen(name));
	ino = node_ino(ino, target, strlen(target));
	return node_child(table, parent, name, &kind_link, ino, target, strlen(target) + 1);
}

void node_ref(struct node_table *table, struct node *node)
{
	pthread_mutex_lock(&table->lock);
	node->refs++;
	pthread_mutex_unlock(&table->lock);
}

void node_unref(struct node_table *table, struct node *node)
{
	if (!node)
		return;
	pthread_mutex_lock(&table->lock);
	node->refs--;
	node_release_locked(table, node);
	pthread_mutex_unlock(&table->lock);
}

void node_unlink(struct node_table *table, struct node *parent, const char *name)
{
	pthread_mutex_lock(&table->lock);
	struct node *node = table_find(table, parent, name);
	if (node)
		table_unlink(table, node);
	pthread_mutex_unlock(&table->lock);
}

bool node_is_removed(struct node_table *table, const struct node *node)
{
	pthread_mutex_lock(&table->lock);
	while (node->parent && node->linked)
		node = node->parent;
	bool removed = node->parent != NULL;
	pthread_mutex_unlock(&table->lock);
	return removed;
}

/* A node that cannot be moved for want of memory is forgotten: the next lookup makes another. */
static void move_one(struct node_table *table, struct node *node, struct node *parent,
		     const char *name)
{
	char *new_name = strdup(name);
	if (!new_name)
		return;
	struct node *old_parent = node->parent;
	table_remove(table, node);
	free_name(node);
	node->name = new_name;
	node->parent = parent;
	parent->refs++;
	table_link(table, node);
	old_parent->refs--;
	node_release_locked(table, old_parent);
}

void node_move(struct node_table *table, struct node *parent, const char *name,
	       struct node *new_parent, const char *new_name, bool exchange)
{
	pthread_mutex_lock(&table->lock);
	struct node *node = table_find(table, parent, name);
	struct node *target = table_find(table, new_parent, new_name);
	if (node)
		table_unlink(table, node);
	if (target && target != node)
		table_unlink(table, target);
	if (node)
		move_one(table, node, new_parent, new_name);
	if (target && target != node && exchange)
		move_one(table, target, parent, name);
	pthread_mutex_unlock(&table->lock);
}

static size_t path_length(const struct node *node)
{
	size_t length = 0;
	for (; node->parent; node = node->parent)
		length += strlen(node->name) + 1;
	return length;
}

/* Writes the path so that it ends at `end`; returns where it begins. */
static char *path_write(const struct node *node, char *end)
{
	for (; node->parent; node = node->parent) {
		size_t length = strlen(node->name);
		end -= length;
		memcpy(end, node->name, length);
		if (node->parent->parent)
			*--end = '/';
	}
	return end;
}

char *node_path(struct node_table *table, const struct node *node, const char *name)
{
	pthread_mutex_lock(&table->lock);
	size_t length = path_length(node);
	size_t name_length = name ? strlen(name) : 0;
	/* Each component counts one separator, the first has none: room for the one of `name`. */
	char *path = malloc(length + name_length + 2);
	if (path && length) {
		path_write(node, path + length - 1);
		path[length - 1] = '/';
	}
	pthread_mutex_unlock(&table->lock);
	if (!path)
		return NULL;
	if (name) {
		memcpy(path + length, name, name_length + 1);
		return path;
	}
	path[length ? length - 1 : 0] = '\0';
	return path;
}
