// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include "emu/lru.h"

/* LOCAL_FREE_TARGET and PERCPU_FREE_TARGET of the kernel; it scans as many. */
#define COMMON_TARGET 128
#define PERCPU_TARGET 4

/* --- links --- */

static void link_init(struct lru_link *head)
{
	head->next = head->previous = head;
}

static void link_remove(struct lru_link *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
}

static void link_add(struct lru_link *head, struct lru_link *link)
{
	link->next = head->next;
	link->previous = head;
	head->next->previous = link;
	head->next = link;
}

static bool link_empty(const struct lru_link *head)
{
	return head->next == head;
}

static struct lru_node *node_of(struct lru_link *link)
{
	return (struct lru_node *)link;
}

static bool is_referenced(struct lru_node *node)
{
	return atomic_load_explicit(&node->referenced, memory_order_relaxed);
}

static void clear_referenced(struct lru_node *node)
{
	atomic_store_explicit(&node->referenced, false, memory_order_relaxed);
}

/* --- the three lists --- */

static void lists_count(struct lru_lists *lists, unsigned place, uint32_t change)
{
	if (place == LRU_ACTIVE)
		lists->active += change;
	else if (place == LRU_INACTIVE)
		lists->inactive += change;
}

/* __bpf_lru_node_move() and its sisters: to the head of another list. */
static void node_move(struct lru_lists *lists, struct lru_node *node, struct lru_link *head,
		      enum lru_place place)
{
	if (lists->next_rotation == &node->link)
		lists->next_rotation = node->link.previous;
	lists_count(lists, node->place, (uint32_t)-1);
	lists_count(lists, place, 1);
	node->place = (uint8_t)place;
	clear_referenced(node);
	link_remove(&node->link);
	link_add(head, &node->link);
}

static void node_move_within(struct lru_lists *lists, struct lru_node *node, enum lru_place place)
{
	node_move(lists, node, &lists->heads[place], place);
}

/* The oldest active nodes become inactive, unless they were used since. */
static void rotate_active(const struct lru *lru, struct lru_lists *lists)
{
	struct lru_link *head = &lists->heads[LRU_ACTIVE], *first = head->next;
	struct lru_link *link = head->previous;

	for (uint32_t i = 0; i < lru->scans && link != head; i++) {
		struct lru_link *previous = link->previous;

		node_move_within(lists, node_of(link),
				 is_referenced(node_of(link)) ? LRU_ACTIVE : LRU_INACTIVE);
		if (link == first)
			break;
		link = previous;
	}
}

/* Inactive nodes that were used become active; goes on where the last rotation ended. */
static void rotate_inactive(const struct lru *lru, struct lru_lists *lists)
{
	struct lru_link *head = &lists->heads[LRU_INACTIVE], *link, *last, *next = head;

	if (link_empty(head))
		return;
	last = lists->next_rotation->next;
	if (last == head)
		last = last->next;
	link = lists->next_rotation;
	for (uint32_t i = 0; i < lru->scans;) {
		if (link == head) {
			link = link->previous;
			continue;
		}
		next = link->previous;
		if (is_referenced(node_of(link)))
			node_move_within(lists, node_of(link), LRU_ACTIVE);
		if (link == last)
			break;
		link = next;
		i++;
	}
	lists->next_rotation = next;
}

static void rotate(const struct lru *lru, struct lru_lists *lists)
{
	if (lists->inactive < lists->active)
		rotate_active(lru, lists);
	rotate_inactive(lru, lists);
}

static uint32_t shrink_inactive(const struct lru *lru, struct lru_lists *lists, uint32_t target,
				struct lru_link *free, enum lru_place place)
{
	struct lru_link *head = &lists->heads[LRU_INACTIVE], *link = head->previous;
	uint32_t freed = 0;

	for (uint32_t i = 0; i < lru->scans && link != head; i++) {
		struct lru_link *previous = link->previous;

		if (is_referenced(node_of(link))) {
			node_move_within(lists, node_of(link), LRU_ACTIVE);
		} else if (lru->evict(lru->context, node_of(link))) {
			node_move(lists, node_of(link), free, place);
			if (++freed == target)
				break;
		}
		link = previous;
	}
	return freed;
}

/* __bpf_lru_list_shrink(): if nothing else helps, one node goes that was used. */
static void shrink(const struct lru *lru, struct lru_lists *lists, uint32_t target,
		   struct lru_link *free, enum lru_place place)
{
	struct lru_link *head = &lists->heads[LRU_INACTIVE], *link;

	if (shrink_inactive(lru, lists, target, free, place))
		return;
	if (link_empty(head))
		head = &lists->heads[LRU_ACTIVE];
	for (link = head->previous; link != head; link = link->previous) {
		if (lru->evict(lru->context, node_of(link))) {
			node_move(lists, node_of(link), free, place);
			return;
		}
	}
}

/* --- common lists --- */

/* bpf_lru_list_pop_free_to_local() */
static void refill(const struct lru *lru, struct lru_local *local)
{
	struct lru_lists *lists = &lru->lists[0];
	struct lru_link *head = &lists->heads[LRU_FREE];
	uint32_t taken = 0;

	while (!link_empty(&local->pending)) {
		struct lru_node *node = node_of(local->pending.previous);

		node_move_within(lists, node, is_referenced(node) ? LRU_ACTIVE : LRU_INACTIVE);
	}
	rotate(lru, lists);
	while (taken < lru->free_target && !link_empty(head)) {
		node_move(lists, node_of(head->next), &local->free, LRU_LOCAL_FREE);
		taken++;
	}
	if (taken < lru->free_target)
		shrink(lru, lists, lru->free_target - taken, &local->free, LRU_LOCAL_FREE);
}

static struct lru_node *pop_free(struct lru_local *local)
{
	struct lru_link *link = local->free.next;

	if (link_empty(&local->free))
		return NULL;
	link_remove(link);
	return node_of(link);
}

static struct lru_node *pop_pending(const struct lru *lru, struct lru_local *local, bool force)
{
	for (struct lru_link *link = local->pending.previous; link != &local->pending;
	     link = link->previous) {
		struct lru_node *node = node_of(link);

		if ((force || !is_referenced(node)) && lru->evict(lru->context, node)) {
			link_remove(link);
			return node;
		}
	}
	return NULL;
}

static struct lru_node *steal(const struct lru *lru, struct lru_local *local)
{
	unsigned first = local->next_steal, from = first;
	struct lru_node *node;

	do {
		struct lru_local *other = &lru->locals[from];

		node = pop_free(other);
		if (!node)
			node = pop_pending(lru, other, false);
		if (!node)
			node = pop_pending(lru, other, true);
		from = (from + 1) % lru->cpus;
	} while (!node && from != first);
	local->next_steal = from;
	return node;
}

static struct lru_node *take_common(const struct lru *lru, unsigned cpu)
{
	struct lru_local *local = &lru->locals[cpu];
	struct lru_node *node = pop_free(local);

	if (!node) {
		refill(lru, local);
		node = pop_free(local);
	}
	if (!node)
		node = steal(lru, local);
	if (!node)
		return NULL;
	node->cpu = (uint16_t)cpu;
	node->place = LRU_PENDING;
	clear_referenced(node);
	link_add(&local->pending, &node->link);
	return node;
}

/* --- a CPU's own lists --- */

static struct lru_node *take_percpu(const struct lru *lru, struct lru_lists *lists)
{
	struct lru_link *head = &lists->heads[LRU_FREE];
	struct lru_node *node;

	rotate(lru, lists);
	if (link_empty(head))
		shrink(lru, lists, lru->free_target, head, LRU_FREE);
	if (link_empty(head))
		return NULL;
	node = node_of(head->next);
	node_move_within(lists, node, LRU_INACTIVE);
	return node;
}

/* --- both --- */

static struct lru_lists *lists_of(const struct lru *lru, unsigned cpu)
{
	return &lru->lists[lru->common ? 0 : cpu];
}

struct lru_node *lru_take(struct lru *lru, void (*prepare)(struct lru_node *node, uint32_t hash),
			  uint32_t hash)
{
	int here = sched_getcpu();
	unsigned cpu = here < 0 ? 0 : (unsigned)here % lru->cpus;
	struct lru_lists *lists = lists_of(lru, cpu);
	struct lru_node *node;

	pthread_mutex_lock(&lists->lock);
	node = lru->common ? take_common(lru, cpu) : take_percpu(lru, lists);
	if (node)
		prepare(node, hash);
	pthread_mutex_unlock(&lists->lock);
	return node;
}

void lru_give(struct lru *lru, struct lru_node *node)
{
	struct lru_lists *lists = lists_of(lru, node->cpu);

	pthread_mutex_lock(&lists->lock);
	if (node->place == LRU_PENDING)
		node_move(lists, node, &lru->locals[node->cpu].free, LRU_LOCAL_FREE);
	else
		node_move_within(lists, node, LRU_FREE);
	pthread_mutex_unlock(&lists->lock);
}

static void lists_init(struct lru_lists *lists)
{
	pthread_mutex_init(&lists->lock, NULL);
	for (size_t i = 0; i < LRU_LISTS; i++)
		link_init(&lists->heads[i]);
	lists->next_rotation = &lists->heads[LRU_INACTIVE];
}

static uint32_t common_target(uint32_t count, unsigned cpus)
{
	uint32_t target = count / cpus / 2;

	if (target < 1)
		return 1;
	return target > COMMON_TARGET ? COMMON_TARGET : target;
}

int lru_init(struct lru *lru, bool common, unsigned cpus, uint32_t count)
{
	unsigned lists = common ? 1 : cpus;

	lru->common = common;
	lru->cpus = cpus;
	lru->scans = common ? COMMON_TARGET : PERCPU_TARGET;
	lru->free_target = common ? common_target(count, cpus) : PERCPU_TARGET;
	lru->lists = calloc(lists, sizeof(*lru->lists));
	lru->locals = calloc(cpus, sizeof(*lru->locals));
	if (!lru->lists || !lru->locals) {
		free(lru->lists);
		free(lru->locals);
		lru->lists = NULL;
		lru->locals = NULL;
		return -ENOMEM;
	}
	for (unsigned i = 0; i < lists; i++)
		lists_init(&lru->lists[i]);
	for (unsigned i = 0; i < cpus; i++) {
		link_init(&lru->locals[i].free);
		link_init(&lru->locals[i].pending);
		lru->locals[i].next_steal = i;
	}
	return 0;
}

void lru_destroy(struct lru *lru)
{
	unsigned lists = lru->common ? 1 : lru->cpus;

	for (unsigned i = 0; lru->lists && i < lists; i++)
		pthread_mutex_destroy(&lru->lists[i].lock);
	free(lru->lists);
	free(lru->locals);
}

void lru_add(struct lru *lru, struct lru_node *node, uint32_t index, uint32_t count)
{
	node->cpu = lru->common ? 0 : (uint16_t)(index / (count / lru->cpus));
	node->place = LRU_FREE;
	atomic_init(&node->referenced, false);
	link_add(&lists_of(lru, node->cpu)->heads[LRU_FREE], &node->link);
}
