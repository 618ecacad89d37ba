// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "emu/record_queue.h"

#define HEADER_SIZE 8 /* BPF_RINGBUF_HDR_SZ */

struct record_queue *record_queue_new(uint64_t capacity)
{
	struct record_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->capacity = capacity;
	queue->last = &queue->first;
	queue->event = -1;
	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

void record_queue_free(struct record_queue *queue)
{
	if (!queue)
		return;
	while (queue->first) {
		struct record *record = queue->first;

		queue->first = record->next;
		free(record);
	}
	if (queue->event >= 0)
		close(queue->event);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

int record_queue_poll_fd(struct record_queue *queue)
{
	int fd;

	pthread_mutex_lock(&queue->lock);
	if (queue->event < 0)
		queue->event = eventfd(queue->first ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = queue->event < 0 ? -errno : queue->event;
	pthread_mutex_unlock(&queue->lock);
	return fd;
}

static uint64_t ring_bytes(size_t length)
{
	return ((uint64_t)length + HEADER_SIZE + 7) / 8 * 8;
}

static void append(struct record_queue *queue, struct record *record)
{
	record->next = NULL;
	*queue->last = record;
	queue->last = &record->next;
	queue->used += ring_bytes(record->length);
}

int record_queue_push(struct record_queue *queue, const void *bytes, size_t length)
{
	struct record *record;
	int error = 0;

	if (ring_bytes(length) > queue->capacity)
		return -E2BIG;
	record = malloc(sizeof(*record) + length);
	if (!record)
		return -ENOMEM;
	record->length = length;
	memcpy(record->bytes, bytes, length);
	pthread_mutex_lock(&queue->lock);
	if (queue->used + ring_bytes(length) > queue->capacity) {
		queue->lost++;
		error = -ENOSPC;
	} else {
		append(queue, record);
		if (queue->event >= 0)
			eventfd_write(queue->event, 1);
	}
	pthread_mutex_unlock(&queue->lock);
	if (error)
		free(record);
	return error;
}

static struct record *take(struct record_queue *queue)
{
	struct record *record = queue->first;
	eventfd_t unread;

	if (record) {
		queue->used -= ring_bytes(record->length);
		queue->first = record->next;
		if (!queue->first)
			queue->last = &queue->first;
	}
	if (!queue->first && queue->event >= 0)
		eventfd_read(queue->event, &unread); /* no longer readable */
	return record;
}

int record_queue_pop(struct record_queue *queue, void **bytes, size_t *length, uint64_t *lost)
{
	struct record *record;

	pthread_mutex_lock(&queue->lock);
	record = take(queue);
	*lost = queue->lost;
	queue->lost = 0;
	pthread_mutex_unlock(&queue->lock);
	if (!record)
		return -EAGAIN;
	*length = record->length;
	/* The record's own memory goes to the caller, its bytes moved to the front. */
	memmove(record, record->bytes, record->length);
	*bytes = record;
	return 0;
}
