// SPDX-License-Identifier: BSD-2-Clause
/* Streams: which kind a map has, and the lock around each. */
#include <errno.h>
#include <bpfuse/cleanup.h>
#include "stream.h"

int kernel_stream_open(struct handle *map, struct stream **stream)
{
	struct map_info info;
	int error = kernel_map_info(map, &info);

	if (error)
		return error;
	switch (info.type) {
	case BPF_MAP_TYPE_RINGBUF:
		error = ring_open(map, &info, stream);
		break;
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		error = perf_reader_open(map, &info, stream);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (!error)
		pthread_mutex_init(&(*stream)->lock, NULL);
	return error;
}

int kernel_stream_poll_fd(struct stream *stream)
{
	return stream->kind->poll_fd(stream);
}

int kernel_stream_read(struct stream *stream, void **record, size_t *length, uint64_t *lost)
{
	int error;

	*lost = 0;
	pthread_mutex_lock(&stream->lock);
	error = stream->kind->read(stream, record, length, lost);
	pthread_mutex_unlock(&stream->lock);
	return error;
}

void kernel_stream_close(struct stream *stream)
{
	pthread_mutex_destroy(&stream->lock);
	stream->kind->close(stream);
}

int kernel_stream_push(struct handle *map, const void *record, size_t length)
{
	/* Two of us must not reserve the same place; other processes are the user's to keep out. */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct map_info info;
	int error = kernel_map_info(map, &info);

	if (error)
		return error;
	if (info.type != BPF_MAP_TYPE_USER_RINGBUF)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&lock);
	error = ring_push(map, &info, record, length);
	pthread_mutex_unlock(&lock);
	return error;
}
