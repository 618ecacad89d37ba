/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks for the elements of one map: an element's number (a bucket, an index) picks one of up to
 * LOCK_STRIPES_MAX, each in its own cache line, so that threads on one map seldom meet.
 */
#ifndef BPFUSE_EMU_LOCK_STRIPES_H
#define BPFUSE_EMU_LOCK_STRIPES_H

#include <pthread.h>
#include <stdint.h>

#define LOCK_STRIPES_MAX 256

struct lock_stripe {
	pthread_mutex_t mutex;
} __attribute__((aligned(64)));

struct lock_stripes {
	struct lock_stripe *stripes;
	uint32_t mask;
};

/* As many as `numbers` makes sense for. 0 or -ENOMEM. */
int lock_stripes_init(struct lock_stripes *locks, uint32_t numbers);
void lock_stripes_destroy(struct lock_stripes *locks);

static inline pthread_mutex_t *stripe_of(const struct lock_stripes *locks, uint32_t number)
{
	return &locks->stripes[number & locks->mask].mutex;
}

static inline void stripe_lock(const struct lock_stripes *locks, uint32_t number)
{
	pthread_mutex_lock(stripe_of(locks, number));
}

static inline void stripe_unlock(const struct lock_stripes *locks, uint32_t number)
{
	pthread_mutex_unlock(stripe_of(locks, number));
}

#endif
