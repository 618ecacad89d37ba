/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records on their way between programs and user space, as a ring of bytes would hold them: each
 * takes 8 bytes of header and its length rounded up to 8, and what does not fit is refused.
 *
 * Any thread may push and pop.
 */
#ifndef BPFUSE_EMU_RECORD_QUEUE_H
#define BPFUSE_EMU_RECORD_QUEUE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct record {
	struct record *next;
	size_t length;
	unsigned char bytes[];
};

struct record_queue {
	pthread_mutex_t lock;
	struct record *first, **last;
	uint64_t used, capacity; /* bytes of the ring */
	uint64_t lost;		 /* records refused since the last pop */
	int event;		 /* eventfd; -1: nobody has asked for it */
};

struct record_queue *record_queue_new(uint64_t capacity); /* NULL: no memory */
void record_queue_free(struct record_queue *queue);	  /* NULL is allowed */
/* Readable while there are records; the queue's. -errno of eventfd(2). */
int record_queue_poll_fd(struct record_queue *queue);
/* -E2BIG: would not fit an empty ring; -ENOSPC: the ring is full, and the loss is counted. */
int record_queue_push(struct record_queue *queue, const void *bytes, size_t length);
/* The oldest record, malloc'ed for the caller; -EAGAIN if there is none. */
int record_queue_pop(struct record_queue *queue, void **bytes, size_t *length, uint64_t *lost);

#endif
