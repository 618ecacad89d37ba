/* SPDX-License-Identifier: BSD-2-Clause */
/* Readers of the records of ringbuf and perf event array, and writers of user_ringbuf's. */
#ifndef BPFUSE_EMU_STREAM_H
#define BPFUSE_EMU_STREAM_H

#include "emu/map.h"

int emu_stream_open(struct handle *map, struct stream **stream);
int emu_stream_poll_fd(struct stream *stream);
int emu_stream_read(struct stream *stream, void **record, size_t *length, uint64_t *lost);
void emu_stream_close(struct stream *stream);
int emu_stream_push(struct handle *map, const void *record, size_t length);

#endif
