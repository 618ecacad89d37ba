/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the table of nodes, for the files that it is made of: node.c, node_held.c. */
#ifndef FS_NODE_TABLE_H
#define FS_NODE_TABLE_H

#include <pthread.h>
#include "node.h"

struct node_table {
	pthread_mutex_t lock;
	struct node **buckets;
	size_t bucket_count, count;
	uint64_t generation;
	uint64_t mask; /* between a node's address and its nodeid */
	struct node *root;
	struct node *unnamed; /* nodes that lost their name and are still known */
	/* node_held.c: what the kernel holds, and who watches how much that is */
	struct node *oldest, *newest;
	size_t held, peak;
	size_t most; /* see node_table_watch() */
	void (*wake)(void *context);
	void *context;
};

/* Under the lock: frees the node if nothing needs it, and then perhaps its parents. */
void node_release_locked(struct node_table *table, struct node *node);

#endif
