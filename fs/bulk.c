// SPDX-License-Identifier: BSD-2-Clause
#include "bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "lane.h"
#include "map_dir.h"
#include "seen.h"
#include "stat.h"

#define BULK_KEEP ((size_t)64 << 20)
/* A reader that asks for the size first (cat does) gets it from the text that it reads then. */
#define BULK_MEASURE ((size_t)256 << 20)

static void bulk_rewind(struct file *file)
{
	struct bulk *bulk = file->state;
	walk_ahead_close(move_ptr(bulk->walk));
	buffer_reset(&file->text);
	bulk->base = 0;
	bulk->digest = SEEN_DIGEST_INIT;
	bulk->started = bulk->ended = bulk->separate = false;
}

static int bulk_start(struct request *request, struct file *file)
{
	struct bulk *bulk = file->state;
	unsigned flags = WALK_VALUES | (codec_has_lock(file->codec) ? WALK_LOCKED : 0);
	int rc = walk_ahead_open(file->object->handle, flags, &bulk->walk);
	if (rc)
		return rc;
	bulk->started = true;
	buffer_append_string(&file->text, bulk->format->begin);
	return 0;
}

static int print_chunk(struct file *file, const struct walk_chunk *chunk)
{
	struct bulk *bulk = file->state;
	const struct bulk_format *format = bulk->format;
	const unsigned char *key = chunk->keys, *value = chunk->values;
	int rc = 0;
	for (uint32_t i = 0; i < chunk->count && !rc; i++) {
		if (bulk->separate && *format->separator)
			buffer_append_string(&file->text, format->separator);
		bulk->separate = true;
		rc = format->print(file->codec, key, value, &file->text);
		key += chunk->key_size;
		value += chunk->value_size;
	}
	return rc;
}

static int print_next(struct file *file)
{
	struct bulk *bulk = file->state;
	struct walk_chunk chunk;
	int rc = walk_ahead_next(bulk->walk, &chunk);
	if (rc > 0)
		return print_chunk(file, &chunk);
	if (rc == 0) {
		buffer_append_string(&file->text, bulk->format->end);
		bulk->ended = true;
	}
	return rc;
}

/* One chunk more of text, or the end of it. */
static int produce(struct request *request, struct file *file)
{
	struct bulk *bulk = file->state;
	size_t before = file->text.length;
	int rc = lane_enter(request, file->object);
	if (rc)
		return rc;
	if (!bulk->started)
		rc = bulk_start(request, file);
	if (!rc)
		rc = print_next(file);
	if (!rc)
		rc = buffer_error(&file->text);
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_ITERATE, &file->object->info, NULL,
					 0, rc);
	bulk->digest =
		seen_digest(bulk->digest, file->text.data + before, file->text.length - before);
	return 0;
}

/* Text that nobody will read again, when there is too much of it. */
static void drop_before(struct file *file, uint64_t offset)
{
	struct bulk *bulk = file->state;
	if (file->text.length <= BULK_KEEP)
		return;
	size_t read = (size_t)(offset - bulk->base);
	if (read > file->text.length)
		read = file->text.length;
	memmove(file->text.data, file->text.data + read, file->text.length - read);
	file->text.length -= read;
	bulk->base += read;
}

static int bulk_open(struct request *request, struct file *file)
{
	int rc = file_hold_map(request, file);
	if (rc)
		return rc;
	struct bulk *bulk = calloc(1, sizeof(*bulk));
	if (!bulk)
		return -ENOMEM;
	bulk->format = file->node->kind->file_data;
	file->state = bulk;
	bulk_rewind(file);
	if (!file_reads(file))
		return 0;
	/* A map that cannot be walked is refused here, where `cat` says so best. */
	rc = produce(request, file);
	if (rc)
		return rc;
	file_list_add(file);
	return 0;
}

static void bulk_release(struct filesystem *fs, struct file *file)
{
	struct bulk *bulk = file->state;
	if (bulk) {
		walk_ahead_close(bulk->walk);
		batch_drop(&bulk->batch);
	}
	free(bulk);
}

static int bulk_read(struct request *request, struct file *file, off_t offset, size_t size,
		     const char **data, size_t *length)
{
	struct bulk *bulk = file->state;
	uint64_t start = (uint64_t)offset;
	if (start < bulk->base && start == 0)
		bulk_rewind(file);
	if (start < bulk->base)
		return fault_set(&request->fault, EINVAL,
				 "more than %zu MiB of text: only its last part is kept",
				 BULK_KEEP >> 20);
	int rc = object_check_device(request, file->object);
	while (!rc && !bulk->ended && bulk->base + file->text.length < start + size) {
		drop_before(file, start);
		rc = produce(request, file);
	}
	if (rc)
		return rc;
	file_read_text(file, (off_t)(start - bulk->base), size, data, length);
	return 0;
}

/* Without keeping the text: of a file that nobody has open. */
static int measure(struct request *request, struct file *file, uint64_t *length)
{
	struct bulk *bulk = file->state;
	int rc = 0;
	while (!rc && !bulk->ended) {
		rc = produce(request, file);
		bulk->base += file->text.length;
		buffer_reset(&file->text);
	}
	*length = bulk->base;
	return rc;
}

/* What stat(2) wants to know. */
struct measure {
	struct request *request;
	uint64_t length, digest;
};

/* Of a file that is open: as far as its text is kept. -EFBIG: it is longer. */
static int measure_open(struct file *file, void *context)
{
	struct measure *measured = context;
	struct bulk *bulk = file->state;
	int rc = 0;
	while (!rc && !bulk->ended) {
		if (file->text.length > BULK_MEASURE)
			return -EFBIG;
		rc = produce(measured->request, file);
	}
	measured->length = bulk->base + file->text.length;
	measured->digest = bulk->digest;
	return rc;
}

static int measure_closed(struct node *node, struct measure *measured)
{
	struct filesystem *fs = measured->request->fs;
	struct file *file = file_new(fs, node, O_WRONLY);
	if (!file)
		return -ENOMEM;
	int rc = bulk_open(measured->request, file);
	if (!rc)
		rc = measure(measured->request, file, &measured->length);
	if (!rc)
		measured->digest = ((struct bulk *)file->state)->digest;
	file_free(fs, file);
	return rc;
}

static int bulk_stat(struct request *request, struct node *node, struct stat *st)
{
	struct stat owner;
	struct measure measured = {.request = request};
	int rc = stat_owner(request, node, &owner);
	if (rc)
		return rc;
	stat_owned(request->fs, node, &owner, st);
	rc = file_list_measure(request, node, measure_open, &measured);
	if (rc == -ENOENT || rc == -EFBIG)
		rc = measure_closed(node, &measured);
	if (rc)
		return rc == -ENODEV ? rc : 0; /* what cannot be read has no size */
	stat_content(request->fs, node, &measured.digest, sizeof(measured.digest), st);
	st->st_size = (off_t)measured.length;
	st->st_blocks = (blkcnt_t)((measured.length + 511) / 512);
	return 0;
}

static const struct file_ops bulk_file_ops = {
	.open = bulk_open,
	.read = bulk_read,
	.write = bulk_write,
	.flush = bulk_flush,
	.release = bulk_release,
};

static int print_bin(const struct codec *codec, const void *key, const void *value,
		     struct buffer *text)
{
	buffer_append(text, key, codec_key_bytes(codec));
	buffer_append(text, value, codec_value_bytes(codec));
	return 0;
}

#define BULK_FILE(identifier, file_name, format)                                                   \
	const struct node_kind identifier = {                                                      \
		.name = file_name,                                                                 \
		.type = S_IFREG,                                                                   \
		.mode = 0666,                                                                      \
		.flags = KIND_LAZY_SIZE,                                                           \
		.present = map_is_keyed,                                                           \
		.stat = bulk_stat,                                                                 \
		.file = &bulk_file_ops,                                                            \
		.file_data = &(format),                                                            \
	}

static const struct bulk_format format_lines = {
	.begin = "",
	.separator = "",
	.end = "",
	.print = codec_print_entry,
	.parse = bulk_parse_lines,
	.finish = bulk_finish_line,
};
BULK_FILE(kind_entries, "entries", format_lines);

static const struct bulk_format format_json = {
	.begin = "[",
	.separator = ",\n",
	.end = "]\n",
	.print = codec_print_element_json,
	.parse = bulk_parse_json,
	.finish = bulk_finish_json,
};
BULK_FILE(kind_entries_json, "entries.json", format_json);

static const struct bulk_format format_bin = {
	.begin = "",
	.separator = "",
	.end = "",
	.print = print_bin,
	.parse = bulk_parse_bin,
	.finish = bulk_finish_bin,
};
BULK_FILE(kind_entries_bin, "entries.bin", format_bin);
