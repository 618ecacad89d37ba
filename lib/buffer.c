// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/buffer.h>

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer)BUFFER_INIT;
}

void buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data)
		buffer->data[0] = '\0';
}

int buffer_error(const struct buffer *buffer)
{
	return buffer->failed ? -ENOMEM : 0;
}

static bool buffer_grow(struct buffer *buffer, size_t extra)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 64;
	char *data;

	if (extra > SIZE_MAX / 4 || buffer->length > SIZE_MAX / 4)
		return false;
	while (capacity < buffer->length + extra + 1)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (!data)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

char *buffer_reserve(struct buffer *buffer, size_t extra)
{
	if (buffer->failed)
		return NULL;
	if (extra >= buffer->capacity - buffer->length && !buffer_grow(buffer, extra)) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->length;
}

void buffer_commit(struct buffer *buffer, size_t used)
{
	buffer->length += used;
	buffer->data[buffer->length] = '\0';
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	char *to = buffer_reserve(buffer, length);

	if (!to)
		return;
	if (length)
		memcpy(to, bytes, length);
	buffer_commit(buffer, length);
}

void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_append_u64(struct buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *to;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer->failed = true;
		return;
	}
	to = buffer_reserve(buffer, (size_t)length);
	if (!to)
		return;
	va_start(arguments, format);
	vsnprintf(to, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer_commit(buffer, (size_t)length);
}

void buffer_append_printable(struct buffer *buffer, const char *text, size_t limit)
{
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == limit) {
			buffer_append_string(buffer, "...");
			return;
		}
		if (iscntrl(c))
			buffer_append_format(buffer, "\\x%02x", c);
		else
			buffer_append_char(buffer, (char)c);
	}
}

void buffer_append_hex(struct buffer *buffer, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *to = buffer_reserve(buffer, 2 * length);

	if (!to)
		return;
	for (size_t i = 0; i < length; i++) {
		to[2 * i] = digits[from[i] >> 4];
		to[2 * i + 1] = digits[from[i] & 15];
	}
	buffer_commit(buffer, 2 * length);
}
