/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable run of bytes; all text of bpfuse is rendered into one.
 *
 * Start from BUFFER_INIT, end with buffer_free(). data is always NUL-terminated behind length
 * (once anything was appended), so a rendered text can be used as a C string. Appending never
 * aborts: when memory runs out the buffer remembers it in `failed`, further appends do nothing,
 * and buffer_error() gives -ENOMEM. So a renderer appends freely and checks once at its end.
 * Not thread-safe: one owner at a time.
 */
#ifndef BPFUSE_BUFFER_H
#define BPFUSE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

struct buffer {
	char *data;
	size_t length;	 /* bytes in use, the final NUL not counted */
	size_t capacity; /* bytes allocated */
	bool failed;	 /* an append ran out of memory */
};

#define BUFFER_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0, false                                                                  \
	}

void buffer_free(struct buffer *buffer);
/* Forgets the content, keeps the memory, clears `failed`. */
void buffer_reset(struct buffer *buffer);
/* 0, or -ENOMEM if any append since the last reset failed. */
int buffer_error(const struct buffer *buffer);
/*
 * Room for at least `extra` more bytes (and the NUL): returns where they go, or NULL. The caller
 * writes there and calls buffer_commit() with what it used. For hot loops.
 */
char *buffer_reserve(struct buffer *buffer, size_t extra);
void buffer_commit(struct buffer *buffer, size_t used);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_u64(struct buffer *buffer, uint64_t number);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * At most `limit` characters of the text ("..." behind them), with \xNN for control characters:
 * names can hold anything, and a line stays one line.
 */
void buffer_append_printable(struct buffer *buffer, const char *text, size_t limit);
/* Two lower-case hexadecimal digits a byte, in memory order, nothing between. */
void buffer_append_hex(struct buffer *buffer, const void *bytes, size_t length);

#pragma GCC visibility pop

#endif
