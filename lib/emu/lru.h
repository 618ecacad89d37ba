/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which element an LRU map throws out: kernel/bpf/bpf_lru_list.c.
 *
 * Nodes are all there from the start. With common lists, each CPU takes a handful of free nodes
 * from the global lists at a time and keeps those it gave out on a list of its own until the
 * next time; that is why a full map holds somewhat fewer elements than it has room for. With
 * BPF_F_NO_COMMON_LRU each CPU has its own nodes and lists. The CPU is the one that the calling
 * thread runs on, modulo the possible CPUs of the emulated machine.
 *
 * Locking: one mutex for common lists, one a CPU otherwise; evict() is called with it held and
 * may take the locks of the table, which must not call here under them, but for lru_touch().
 */
#ifndef BPFUSE_EMU_LRU_H
#define BPFUSE_EMU_LRU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lru_link {
	struct lru_link *next, *previous;
};

enum lru_place { LRU_ACTIVE, LRU_INACTIVE, LRU_FREE, LRU_LISTS, LRU_LOCAL_FREE, LRU_PENDING };

struct lru_node {
	struct lru_link link; /* the first member */
	uint16_t cpu;
	uint8_t place; /* enum lru_place */
	atomic_bool referenced;
};

/* The three lists that nodes move between. */
struct lru_lists {
	pthread_mutex_t lock;
	struct lru_link heads[LRU_LISTS];
	uint32_t active, inactive; /* their lengths */
	struct lru_link *next_rotation;
};

/* A CPU's own nodes beside common lists. */
struct lru_local {
	struct lru_link free, pending;
	unsigned next_steal;
};

struct lru {
	bool common;
	unsigned cpus;
	uint32_t scans;		  /* nodes looked at by one rotation or shrinking */
	uint32_t free_target;	  /* nodes made free at a time */
	struct lru_lists *lists;  /* one if common, else one a CPU */
	struct lru_local *locals; /* one a CPU if common */
	/* Takes the node's element out of the table; false if it is in none (yet). */
	bool (*evict)(void *context, struct lru_node *node);
	void *context;
};

/* 0 or -ENOMEM; count: how many nodes lru_add() will bring. */
int lru_init(struct lru *lru, bool common, unsigned cpus, uint32_t count);
void lru_destroy(struct lru *lru);
/* Brings a node in, free; index counts up from 0. Before any thread uses it. */
void lru_add(struct lru *lru, struct lru_node *node, uint32_t index, uint32_t count);

/* A node for a new element; prepare() is called on it before it can be evicted. NULL: none. */
struct lru_node *lru_take(struct lru *lru, void (*prepare)(struct lru_node *node, uint32_t hash),
			  uint32_t hash);
void lru_give(struct lru *lru, struct lru_node *node);

static inline void lru_touch(struct lru_node *node)
{
	atomic_store_explicit(&node->referenced, true, memory_order_relaxed);
}

#endif
