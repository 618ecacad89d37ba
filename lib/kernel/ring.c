// SPDX-License-Identifier: BSD-2-Clause
/*
 * BPF ring buffers, both directions, through their shared memory (kernel/bpf/ringbuf.c).
 *
 * Two pages hold the positions of consumer and producer, counted in bytes since the beginning;
 * behind them the data is mapped twice in a row, so that a record that wraps is whole. A record is
 * an 8-byte header (length with two flag bits, then a page offset of the kernel's) and its bytes,
 * rounded up to 8. Each side publishes its position with release order and reads the other's with
 * acquire order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "stream.h"

#define RECORD_HEADER 8
#define RECORD_BUSY (1u << 31)	  /* reserved, not yet submitted */
#define RECORD_DISCARD (1u << 30) /* submitted, but not to be seen */
#define RECORD_LENGTH (~(RECORD_BUSY | RECORD_DISCARD))

struct ring {
	unsigned long *consumer, *producer;
	unsigned char *data; /* twice `size` bytes */
	size_t size;	     /* a power of two */
	size_t page;
	bool pushes; /* we are the producer: user_ringbuf */
};

static void ring_unmap(struct ring *ring)
{
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap(ring->producer, ring->page + 2 * ring->size);
}

/* The kernel allows writing only to the page of our own position, and to data that we produce. */
static int ring_map(struct ring *ring, int fd, size_t size, bool pushes)
{
	int own = PROT_READ | PROT_WRITE;
	void *consumer, *producer;

	*ring = (struct ring){
		.size = size, .page = (size_t)sysconf(_SC_PAGESIZE), .pushes = pushes};
	consumer = mmap(NULL, ring->page, pushes ? PROT_READ : own, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	ring->consumer = consumer;
	producer = mmap(NULL, ring->page + 2 * size, pushes ? own : PROT_READ, MAP_SHARED, fd,
			(off_t)ring->page);
	if (producer == MAP_FAILED) {
		int error = -errno;

		ring_unmap(ring);
		return error;
	}
	ring->producer = producer;
	ring->data = (unsigned char *)producer + ring->page;
	return 0;
}

static uint32_t *record_header(const struct ring *ring, unsigned long position)
{
	return (uint32_t *)(void *)(ring->data + (position & (ring->size - 1)));
}

static unsigned long record_span(uint32_t length)
{
	return (RECORD_HEADER + (unsigned long)length + 7) & ~7ul;
}

/* --- reading --- */

struct ring_stream {
	struct stream stream;
	struct ring ring;
	int fd; /* the map, to poll */
};

static int ring_poll_fd(struct stream *stream)
{
	return ((struct ring_stream *)stream)->fd;
}

/*
 * The record at the consumer's position: 1, with the first word of its header; 0: there is none,
 * or it is not complete yet. Whoever has the map may write that position, and what stands where no
 * record begins must not lead us out of the mapping: -EIO.
 */
static int record_find(const struct ring *ring, unsigned long at, uint32_t *word)
{
	unsigned long filled = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - at;

	if (!filled)
		return 0;
	if (filled > ring->size || at % RECORD_HEADER)
		return -EIO;
	*word = __atomic_load_n(record_header(ring, at), __ATOMIC_ACQUIRE);
	if (*word & RECORD_BUSY)
		return 0;
	return record_span(*word & RECORD_LENGTH) > filled ? -EIO : 1;
}

static int ring_read(struct stream *stream, void **record, size_t *length, uint64_t *lost)
{
	struct ring *ring = &((struct ring_stream *)stream)->ring;
	unsigned long at = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	uint32_t word;
	int found;

	while ((found = record_find(ring, at, &word)) > 0) {
		uint32_t size = word & RECORD_LENGTH;
		void *copy = NULL;

		if (!(word & RECORD_DISCARD)) {
			copy = malloc(size ? size : 1);
			if (!copy)
				return -ENOMEM;
			memcpy(copy, (unsigned char *)record_header(ring, at) + RECORD_HEADER,
			       size);
		}
		at += record_span(size);
		/*
		 * Sequentially consistent, and before the producer's position is read again: the
		 * kernel wakes a poller only if it finds us caught up (bpf_ringbuf_commit()).
		 */
		__atomic_store_n(ring->consumer, at, __ATOMIC_SEQ_CST);
		if (copy) {
			*record = copy;
			*length = size;
			return 0;
		}
	}
	return found < 0 ? found : -EAGAIN;
}

static void ring_close(struct stream *stream)
{
	struct ring_stream *reader = (struct ring_stream *)stream;

	ring_unmap(&reader->ring);
	close(reader->fd);
	free(reader);
}

static const struct stream_kind ring_kind = {
	.poll_fd = ring_poll_fd,
	.read = ring_read,
	.close = ring_close,
};

int ring_open(struct handle *map, const struct map_info *info, struct stream **stream)
{
	cleanup_close int fd = fcntl(map->fd, F_DUPFD_CLOEXEC, 0);
	cleanup_free struct ring_stream *reader = calloc(1, sizeof(*reader));
	int error;

	if (!reader)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	error = ring_map(&reader->ring, fd, info->max_entries, false);
	if (error)
		return error;
	reader->stream.kind = &ring_kind;
	reader->fd = move_fd(fd);
	*stream = &move_ptr(reader)->stream;
	return 0;
}

/* --- pushing --- */

/* As __bpf_user_ringbuf_peek() wants it: a whole record behind one store of the position. */
static int ring_append(struct ring *ring, const void *record, size_t length)
{
	unsigned long consumer = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	unsigned long producer = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	unsigned long span;
	uint32_t *header;

	if (length > RECORD_LENGTH || record_span((uint32_t)length) > ring->size)
		return -E2BIG;
	span = record_span((uint32_t)length);
	if (producer - consumer + span > ring->size)
		return -ENOSPC;
	header = record_header(ring, producer);
	header[0] = (uint32_t)length;
	header[1] = 0;
	memcpy(header + 2, record, length);
	__atomic_store_n(ring->producer, producer + span, __ATOMIC_RELEASE);
	return 0;
}

int ring_push(struct handle *map, const struct map_info *info, const void *record, size_t length)
{
	struct ring ring;
	int error = ring_map(&ring, map->fd, info->max_entries, true);

	if (error)
		return error;
	error = ring_append(&ring, record, length);
	ring_unmap(&ring);
	return error;
}
