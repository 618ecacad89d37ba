// SPDX-License-Identifier: BSD-2-Clause
/* Bytes to text: render to a tree, print it. */
#include <errno.h>
#include <string.h>
#include "text/codec.h"
#include "text/json.h"
#include "text/kind.h"
#include "text/name.h"

static void write_json(struct cursor *cursor, const struct codec *codec, const struct type *type,
		       const void *bytes)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	struct arena arena;
	struct renderer renderer = {.arena = &arena, .backend = codec->backend};
	struct node *tree;

	arena_init(&arena, space, sizeof(space));
	tree = render(&renderer, type, bytes);
	if (tree)
		json_write(cursor, tree);
	cursor->out->failed |= !tree;
	arena_free(&arena);
}

static void write_hex_name(struct cursor *cursor, const struct codec *codec, const void *key)
{
	cursor_text(cursor, "hex-", 4);
	cursor_hex(cursor, key, codec->info.key_size);
}

/* A name that would be empty, or that would not give back all bytes, is the bytes. */
static void write_full_name(struct cursor *cursor, const struct codec *codec, const void *key)
{
	_Alignas(16) unsigned char space[CODEC_STACK];
	size_t start = cursor_length(cursor);
	struct arena arena;
	struct renderer renderer = {.arena = &arena, .backend = codec->backend};
	struct node *tree;

	if (codec->hex_keys) {
		write_hex_name(cursor, codec, key);
		return;
	}
	arena_init(&arena, space, sizeof(space));
	tree = render_exact(&renderer, codec->key_name, key);
	if (tree && !renderer.fell_back)
		name_write(cursor, tree);
	cursor->out->failed |= renderer.failed;
	arena_free(&arena);
	if (cursor_length(cursor) == start)
		write_hex_name(cursor, codec, key);
}

int codec_print_full_name(const struct codec *codec, const void *key, struct buffer *out)
{
	struct cursor cursor;

	cursor_open(&cursor, out);
	write_full_name(&cursor, codec, key);
	cursor_close(&cursor);
	return buffer_error(out);
}

int codec_print_name(const struct codec *codec, const void *key, struct buffer *out)
{
	struct buffer full = BUFFER_INIT;
	size_t start = out->length;
	int error = codec_print_full_name(codec, key, out);

	if (error || out->length - start <= CODEC_NAME_MAX)
		return error;
	buffer_append(&full, out->data + start, out->length - start);
	out->length = start;
	name_shorten(full.data, full.length, out);
	out->failed |= full.failed;
	buffer_free(&full);
	return buffer_error(out);
}

static int print_json(const struct codec *codec, const struct type *type, const void *bytes,
		      struct buffer *out)
{
	struct cursor cursor;

	cursor_open(&cursor, out);
	write_json(&cursor, codec, type, bytes);
	cursor_close(&cursor);
	return buffer_error(out);
}

int codec_print_value(const struct codec *codec, const void *value, struct buffer *out)
{
	return print_json(codec, codec->value, value, out);
}

int codec_print_key_json(const struct codec *codec, const void *key, struct buffer *out)
{
	return print_json(codec, codec->key, key, out);
}

int codec_print_entry(const struct codec *codec, const void *key, const void *value,
		      struct buffer *out)
{
	struct cursor cursor;

	cursor_open(&cursor, out);
	write_full_name(&cursor, codec, key);
	cursor_char(&cursor, '\t');
	write_json(&cursor, codec, codec->value, value);
	cursor_char(&cursor, '\n');
	cursor_close(&cursor);
	return buffer_error(out);
}

int codec_print_element_json(const struct codec *codec, const void *key, const void *value,
			     struct buffer *out)
{
	struct cursor cursor;

	cursor_open(&cursor, out);
	cursor_text(&cursor, "{\"key\":", 7);
	write_json(&cursor, codec, codec->key, key);
	cursor_text(&cursor, ",\"value\":", 9);
	write_json(&cursor, codec, codec->value, value);
	cursor_char(&cursor, '}');
	cursor_close(&cursor);
	return buffer_error(out);
}

bool codec_has_sum(const struct codec *codec)
{
	return codec->value->kind == TYPE_PERCPU && codec->element->kind == TYPE_INTEGER;
}

/* In 128 bits, so that 64-bit counters cannot overflow; 128-bit ones wrap, as they do in C. */
int codec_print_sum(const struct codec *codec, const void *value, struct buffer *out)
{
	const struct type *element = codec->element;
	struct node sum = {.kind = NODE_WIDE};
	struct cursor cursor;

	if (!codec_has_sum(codec))
		return -EOPNOTSUPP;
	for (uint32_t cpu = 0; cpu < codec->value->count; cpu++) {
		const unsigned char *slot = value;
		uint64_t number;
		wide_t wide;

		slot += (size_t)cpu * codec->value->stride;
		if (element->size == 16) {
			memcpy(&wide, slot, sizeof(wide));
			sum.wide += wide;
			continue;
		}
		number = bytes_number(slot, element->size);
		if (element->is_signed)
			number = sign_extend(number, element->size * 8);
		sum.wide += element->is_signed ? (wide_t)(__int128)(int64_t)number : number;
	}
	sum.negative = element->is_signed && sum.wide >> 127;
	if (sum.negative)
		sum.wide = -sum.wide;
	cursor_open(&cursor, out);
	json_write(&cursor, &sum);
	cursor_close(&cursor);
	return buffer_error(out);
}
