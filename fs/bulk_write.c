// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing entries, entries.json and entries.bin. Every element of a write(2) is parsed before any
 * is applied, also of one that the kernel cuts into several requests: while a request is as long as
 * requests can be, what it held waits in bulk->batch for the next, or for close(2). Tools cut what
 * they write anywhere; what is not complete at the end of a write waits in file->staged for the
 * next one, or for close(2).
 */
#include "bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/walk.h>
#include "element.h"
#include "invalidate.h"
#include "key.h"
#include "lane.h"
#include "session.h"

#define BATCH_MAX ((size_t)64 << 20)  /* more of one write(2) is applied before its end is seen */
#define STAGED_MAX ((size_t)64 << 20) /* one element cannot be longer than this */

void batch_drop(struct batch *batch)
{
	struct handle **handles = (struct handle **)(void *)batch->handles.data;
	for (size_t i = 0; i < batch->handles.length / sizeof(*handles); i++)
		handle_close(handles[i]);
	buffer_free(&batch->handles);
	buffer_free(&batch->keys);
	buffer_free(&batch->values);
	*batch = (struct batch){.keys = BUFFER_INIT};
}

/* Room for one element; committed by batch_commit(). */
static int batch_reserve(struct batch *batch, const struct codec *codec, void **key, void **value)
{
	*key = buffer_reserve(&batch->keys, codec_key_bytes(codec));
	*value = buffer_reserve(&batch->values, codec_value_bytes(codec));
	if (!*key || !*value)
		return -ENOMEM;
	memset(*value, 0, codec_value_bytes(codec));
	return 0;
}

static int batch_commit(struct batch *batch, const struct codec *codec, struct value_input *input)
{
	buffer_append(&batch->handles, input->held, input->held_count * sizeof(input->held[0]));
	int rc = buffer_error(&batch->handles);
	if (rc) {
		value_input_release(input);
		return rc;
	}
	buffer_commit(&batch->keys, codec_key_bytes(codec));
	buffer_commit(&batch->values, codec_value_bytes(codec));
	batch->count++;
	return 0;
}

/* In order; the sentence names the element that was refused, and how many came before it. */
static int batch_update(struct request *request, struct file *file, const struct batch *batch)
{
	struct object *map = file->object;
	uint32_t done = 0;
	uint64_t flags = key_lock_flag(file->codec);
	int rc = element_update_many(request, map, batch->keys.data, batch->values.data,
				     batch->count, flags, &done);
	if (!rc)
		return 0;
	struct buffer name = BUFFER_INIT;
	if (done < batch->count)
		codec_print_full_name(
			file->codec, batch->keys.data + done * codec_key_bytes(file->codec), &name);
	rc = key_explain_update(request, map, name.data, flags, rc);
	fault_prefix(&request->fault, "element %u of %u", done + 1, batch->count);
	buffer_free(&name);
	return rc;
}

static int batch_apply(struct request *request, struct file *file, struct batch *batch)
{
	int rc = batch->count ? batch_update(request, file, batch) : 0;
	if (batch->count)
		invalidate_sizes(request->fs);
	batch_drop(batch);
	return rc;
}

/* Whether a request of `length` bytes may not be the end of its write(2). */
static bool batch_waits(const struct batch *batch, size_t length)
{
	return session_is_cut(length) && batch->keys.length + batch->values.length < BATCH_MAX;
}

struct current {
	struct file *file;
	const void *key;
};

static int read_current(void *context, void *value)
{
	const struct current *current = context;
	return map_lookup(current->file->object->handle, current->key, value,
			  key_lock_flag(current->file->codec));
}

typedef int (*element_parser)(const struct codec *codec, const char *text, size_t length, void *key,
			      const struct codec_current *current, struct value_input *input,
			      struct fault *fault);

static int parse_element(struct request *request, struct file *file, struct batch *batch,
			 const char *text, size_t length, element_parser parser)
{
	void *key, *value;
	int rc = batch_reserve(batch, file->codec, &key, &value);
	if (rc)
		return rc;
	struct current context = {file, key};
	const struct codec_current current = {read_current, &context};
	struct value_input input = {.bytes = value};
	rc = parser(file->codec, text, length, key, &current, &input, &request->fault);
	if (rc) {
		value_input_release(&input);
		fault_prefix(&request->fault, "element %u of this write", batch->count + 1);
		return rc;
	}
	return batch_commit(batch, file->codec, &input);
}

/* --- entries --- */

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\r')
			return false;
	return true;
}

ssize_t bulk_parse_lines(struct request *request, struct file *file, struct batch *batch,
			 const char *data, size_t length)
{
	size_t used = 0;
	const char *newline;
	while ((newline = memchr(data + used, '\n', length - used)) != NULL) {
		size_t line = (size_t)(newline - data) - used;
		int rc = 0;
		if (!is_blank(data + used, line))
			rc = parse_element(request, file, batch, data + used, line,
					   codec_parse_entry);
		if (rc)
			return rc;
		used += line + 1;
	}
	return (ssize_t)used;
}

int bulk_finish_line(struct request *request, struct file *file, struct batch *batch,
		     const char *data, size_t length)
{
	if (is_blank(data, length))
		return 0;
	return parse_element(request, file, batch, data, length, codec_parse_entry);
}

/* --- entries.json --- */

/* The length of the JSON object that begins at data[0], or 0: it is not complete. */
static size_t object_length(const char *data, size_t length)
{
	unsigned depth = 0;
	bool string = false;
	for (size_t i = 0; i < length; i++) {
		char c = data[i];
		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* What may come at each place of the array, and where that leads. */
static const struct {
	const char *expected;
	struct {
		char c;
		enum json_phase next;
	} steps[2];
} json_phases[] = {
	[JSON_START] = {"[", {{'[', JSON_ELEMENT_OR_END}}},
	[JSON_ELEMENT_OR_END] = {"{ or ]", {{']', JSON_DONE}}},
	[JSON_ELEMENT] = {"{", {{0}}},
	[JSON_COMMA_OR_END] = {", or ]", {{',', JSON_ELEMENT}, {']', JSON_DONE}}},
	[JSON_DONE] = {"nothing behind the array", {{0}}},
};

static bool json_step(enum json_phase *phase, char c)
{
	for (int i = 0; i < 2; i++) {
		if (json_phases[*phase].steps[i].c == c) {
			*phase = json_phases[*phase].steps[i].next;
			return true;
		}
	}
	return false;
}

ssize_t bulk_parse_json(struct request *request, struct file *file, struct batch *batch,
			const char *data, size_t length)
{
	struct bulk *bulk = file->state;
	enum json_phase phase = bulk->phase;
	size_t used = 0;
	while (used < length) {
		char c = data[used];
		if (c == ' ' || c == '\n' || c == '\t' || c == '\r' ||
		    (c && json_step(&phase, c))) {
			used++;
			continue;
		}
		if (c != '{' || (phase != JSON_ELEMENT && phase != JSON_ELEMENT_OR_END))
			return fault_set(&request->fault, EINVAL, "expected %s, got '%c'",
					 json_phases[phase].expected, c);
		size_t element = object_length(data + used, length - used);
		if (!element)
			break;
		int rc = parse_element(request, file, batch, data + used, element,
				       codec_parse_element_json);
		if (rc)
			return rc;
		used += element;
		phase = JSON_COMMA_OR_END;
	}
	bulk->phase = phase;
	return (ssize_t)used;
}

int bulk_finish_json(struct request *request, struct file *file, struct batch *batch,
		     const char *data, size_t length)
{
	const struct bulk *bulk = file->state;
	if (length)
		return fault_set(&request->fault, EINVAL, "the last element is not complete");
	if (bulk->phase == JSON_START || bulk->phase == JSON_DONE)
		return 0;
	return fault_set(&request->fault, EINVAL, "the array is not complete: expected %s",
			 json_phases[bulk->phase].expected);
}

/* --- entries.bin --- */

/* An element's bytes, for parse_element(). */
static int take_element(const struct codec *codec, const char *bytes, size_t length, void *key,
			const struct codec_current *current, struct value_input *input,
			struct fault *fault)
{
	size_t key_size = codec_key_bytes(codec);
	memcpy(key, bytes, key_size);
	return codec_take_value(codec, bytes + key_size, input, fault);
}

ssize_t bulk_parse_bin(struct request *request, struct file *file, struct batch *batch,
		       const char *data, size_t length)
{
	size_t key_size = codec_key_bytes(file->codec), value_size = codec_value_bytes(file->codec);
	size_t element = key_size + value_size;
	size_t count = length / element;
	int rc = 0;
	if (codec_refers(file->codec)) {
		for (size_t i = 0; !rc && i < count; i++)
			rc = parse_element(request, file, batch, data + i * element, element,
					   take_element);
		return rc ? rc : (ssize_t)(count * element);
	}
	for (size_t i = 0; i < count; i++) {
		buffer_append(&batch->keys, data + i * element, key_size);
		buffer_append(&batch->values, data + i * element + key_size, value_size);
	}
	batch->count += (uint32_t)count;
	rc = buffer_error(&batch->keys);
	if (!rc)
		rc = buffer_error(&batch->values);
	return rc ? rc : (ssize_t)(count * element);
}

int bulk_finish_bin(struct request *request, struct file *file, struct batch *batch,
		    const char *data, size_t length)
{
	size_t element = codec_key_bytes(file->codec) + codec_value_bytes(file->codec);
	if (!length)
		return 0;
	return fault_set(&request->fault, EINVAL,
			 "%zu bytes are left over: an element has %zu bytes", length, element);
}

/* --- all three --- */

/* Keeps what is not complete yet. */
static int keep_rest(struct request *request, struct file *file, const char *data, size_t length)
{
	if (length > STAGED_MAX)
		return fault_set(&request->fault, EFBIG, "an element of more than %zu bytes",
				 STAGED_MAX);
	struct buffer rest = BUFFER_INIT;
	buffer_append(&rest, data, length);
	buffer_free(&file->staged);
	file->staged = rest;
	return buffer_error(&rest);
}

/* Parses what came, and what waited before it; what is not complete waits on. */
static int bulk_parse(struct request *request, struct file *file, const char *data, size_t length)
{
	struct bulk *bulk = file->state;
	if (file->staged.length) {
		buffer_append(&file->staged, data, length);
		data = file->staged.data;
		length = file->staged.length;
	}
	int rc = buffer_error(&file->staged);
	if (rc)
		return rc;
	ssize_t used = bulk->format->parse(request, file, &bulk->batch, data, length);
	if (used < 0)
		return (int)used;
	return keep_rest(request, file, data + used, length - (size_t)used);
}

int bulk_write(struct request *request, struct file *file, const char *data, size_t length,
	       off_t offset)
{
	struct bulk *bulk = file->state;
	int rc = lane_enter(request, file->object);
	if (rc)
		return rc;
	if (file->refused)
		return fault_set(&request->fault, bulk->refusal,
				 "an earlier write to this open file was refused in the middle of "
				 "an element");
	file->end = offset + (off_t)length;
	/* What follows begins a line, unless it is the rest of the write(2) that is refused here.
	 */
	bool ends_clean =
		data[length - 1] == '\n' && !bulk->cut && bulk->format->parse == bulk_parse_lines;
	bulk->cut = session_is_cut(length);
	rc = bulk_parse(request, file, data, length);
	if (!rc && !batch_waits(&bulk->batch, length))
		rc = batch_apply(request, file, &bulk->batch);
	if (rc) {
		batch_drop(&bulk->batch);
		buffer_reset(&file->staged);
		file->refused = !ends_clean;
		bulk->refusal = -rc;
	}
	return rc;
}

int bulk_flush(struct request *request, struct file *file)
{
	struct bulk *bulk = file->state;
	bool waits = file->staged.length || bulk->batch.count;
	int rc = waits ? lane_enter(request, file->object) : 0;
	if (rc)
		return rc;
	rc = bulk->format->finish(request, file, &bulk->batch, file->staged.data,
				  file->staged.length);
	if (!rc) {
		buffer_reset(&file->staged);
		rc = batch_apply(request, file, &bulk->batch);
	}
	batch_drop(&bulk->batch);
	return rc;
}
