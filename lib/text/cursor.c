// SPDX-License-Identifier: BSD-2-Clause
#include "text/cursor.h"

char *cursor_grow(struct cursor *cursor, size_t extra)
{
	char *to;

	if (cursor->out->failed)
		return NULL;
	cursor_close(cursor);
	to = buffer_reserve(cursor->out, extra);
	cursor_open(cursor, cursor->out);
	return to;
}

void cursor_hex(struct cursor *cursor, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *to = length < SIZE_MAX / 4 ? cursor_room(cursor, 2 * length) : NULL;

	if (!to)
		return;
	for (size_t i = 0; i < length; i++) {
		*to++ = digits[from[i] >> 4];
		*to++ = digits[from[i] & 15];
	}
	cursor->at = to;
}
