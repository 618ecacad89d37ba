/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of streams, each behind the same few functions. */
#ifndef BPFUSE_KERNEL_STREAM_H
#define BPFUSE_KERNEL_STREAM_H

#include <pthread.h>
#include "internal.h"

struct stream_kind {
	int (*poll_fd)(struct stream *stream);
	/* As stream_read of the backend table; called under the stream's lock. */
	int (*read)(struct stream *stream, void **record, size_t *length, uint64_t *lost);
	void (*close)(struct stream *stream);
};

struct stream {
	const struct stream_kind *kind;
	pthread_mutex_t lock; /* one reader at a time moves the positions */
};

int ring_open(struct handle *map, const struct map_info *info, struct stream **stream);
int ring_push(struct handle *map, const struct map_info *info, const void *record, size_t length);
int perf_reader_open(struct handle *map, const struct map_info *info, struct stream **stream);

#endif
