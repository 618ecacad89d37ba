/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing text into a buffer with one test for room a piece, inlined: for the printers, which
 * write many small pieces. Between cursor_open() and cursor_close() nobody else may touch the
 * buffer. When memory runs out cursor_room() gives NULL from then on, and the buffer remembers.
 */
#ifndef BPFUSE_TEXT_CURSOR_H
#define BPFUSE_TEXT_CURSOR_H

#include <string.h>
#include <bpfuse/buffer.h>

struct cursor {
	char *at, *end; /* both NULL: no room was asked for yet */
	struct buffer *out;
};

static inline void cursor_open(struct cursor *cursor, struct buffer *out)
{
	cursor->out = out;
	cursor->at = out->data ? out->data + out->length : NULL;
	/* One byte is the NUL's. */
	cursor->end = out->data && !out->failed ? out->data + out->capacity - 1 : cursor->at;
}

static inline void cursor_close(struct cursor *cursor)
{
	if (cursor->at)
		buffer_commit(cursor->out,
			      (size_t)(cursor->at - cursor->out->data) - cursor->out->length);
}

/* How much the buffer holds by now. */
static inline size_t cursor_length(const struct cursor *cursor)
{
	return cursor->at ? (size_t)(cursor->at - cursor->out->data) : 0;
}

char *cursor_grow(struct cursor *cursor, size_t extra);

/* Where `extra` bytes may be written; the writer moves cursor->at behind what it wrote. */
static inline char *cursor_room(struct cursor *cursor, size_t extra)
{
	if (extra > (size_t)(cursor->end - cursor->at) || !cursor->at)
		return cursor_grow(cursor, extra);
	return cursor->at;
}

static inline void cursor_char(struct cursor *cursor, char c)
{
	char *to = cursor_room(cursor, 1);

	if (!to)
		return;
	*to = c;
	cursor->at = to + 1;
}

static inline void cursor_text(struct cursor *cursor, const char *text, size_t length)
{
	char *to = cursor_room(cursor, length);

	if (!to)
		return;
	memcpy(to, text, length);
	cursor->at = to + length;
}

/* Two digits a byte. */
void cursor_hex(struct cursor *cursor, const void *bytes, size_t length);

#endif
