// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel holds: a list in the order of the last lookup, and how long it is. */
#include "node_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PEAK_MIN 4096 /* fewer are not worth a look */

uint64_t node_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void held_add(struct node_table *table, struct node *node)
{
	node->told = node_clock();
	node->older = table->newest;
	node->newer = NULL;
	*(table->newest ? &table->newest->newer : &table->oldest) = node;
	table->newest = node;
}

static void held_remove(struct node_table *table, struct node *node)
{
	*(node->older ? &node->older->newer : &table->oldest) = node->newer;
	*(node->newer ? &node->newer->older : &table->newest) = node->older;
}

static void held_more(struct node_table *table)
{
	table->held++;
	if (table->held > table->peak)
		table->peak = table->held;
	if (table->wake && table->held > table->most)
		table->wake(table->context);
}

static void held_less(struct node_table *table)
{
	table->held--;
	if (!table->wake || table->peak < PEAK_MIN || table->held > table->peak / 4)
		return;
	table->peak = table->held;
	table->wake(table->context);
}

void node_remember(struct node_table *table, struct node *node)
{
	if (node == table->root)
		return;
	pthread_mutex_lock(&table->lock);
	if (node->lookups++)
		held_remove(table, node);
	else
		held_more(table);
	held_add(table, node);
	pthread_mutex_unlock(&table->lock);
}

void node_retell(struct node_table *table, struct node *node)
{
	pthread_mutex_lock(&table->lock);
	if (node->lookups) {
		held_remove(table, node);
		held_add(table, node);
	}
	pthread_mutex_unlock(&table->lock);
}

uint64_t *node_told_since(struct node_table *table, uint64_t since, size_t *count)
{
	uint64_t *ids = NULL;
	size_t told = 0;
	*count = 0;
	pthread_mutex_lock(&table->lock);
	struct node *node = table->newest;
	for (; node && node->told >= since; node = node->older)
		told++;
	if (told)
		ids = malloc(told * sizeof(*ids));
	for (node = ids ? table->newest : NULL; node && node->told >= since; node = node->older)
		if (node->kind->flags & KIND_CACHED)
			ids[(*count)++] = node_id(table, node);
	pthread_mutex_unlock(&table->lock);
	return ids;
}

size_t node_held(struct node_table *table)
{
	pthread_mutex_lock(&table->lock);
	size_t held = table->held;
	pthread_mutex_unlock(&table->lock);
	return held;
}

void node_table_watch(struct node_table *table, size_t most, void (*wake)(void *context),
		      void *context)
{
	pthread_mutex_lock(&table->lock);
	table->most = most;
	table->wake = wake;
	table->context = context;
	pthread_mutex_unlock(&table->lock);
}

size_t node_take_oldest(struct node_table *table, struct node_old *old, size_t count, bool named)
{
	pthread_mutex_lock(&table->lock);
	if (count > table->held)
		count = table->held;
	for (size_t i = 0; i < count; i++) {
		struct node *node = table->oldest;
		held_remove(table, node);
		held_add(table, node);
		old[i].id = node_id(table, node);
		old[i].parent = node_id(table, node->parent);
		old[i].name = named ? strdup(node->name) : NULL;
	}
	pthread_mutex_unlock(&table->lock);
	return count;
}

void node_forget(struct node_table *table, uint64_t nodeid, uint64_t count)
{
	struct node *node = node_from_id(table, nodeid);
	if (node == table->root)
		return;
	pthread_mutex_lock(&table->lock);
	bool held = node->lookups;
	node->lookups -= count < node->lookups ? count : node->lookups;
	if (held && !node->lookups) {
		held_remove(table, node);
		held_less(table);
	}
	node_release_locked(table, node);
	pthread_mutex_unlock(&table->lock);
}
