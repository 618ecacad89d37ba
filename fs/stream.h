/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: the records of a ring buffer or perf event array as they come, a line each, and push:
 * one record into a user ring buffer.
 *
 * A read waits for records without holding one of the session's threads: each open stream has a
 * thread that answers when records come, when the reader is interrupted and when the file is
 * closed. Records are bytes: "hex-0102" on a line; {"lost":N} says what the kernel dropped.
 */
#ifndef FS_STREAM_H
#define FS_STREAM_H

#include "node.h"

extern const struct node_kind kind_stream, kind_stream_push;

#endif
