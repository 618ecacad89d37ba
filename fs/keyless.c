// SPDX-License-Identifier: BSD-2-Clause
#include "keyless.h"

#include <errno.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpfuse/explain.h>
#include "file.h"
#include "map_dir.h"

static enum map_access access_of(const struct object *map)
{
	return map_type_get(map->info.type)->access;
}

static bool is_queue(const struct object *map)
{
	return access_of(map) == MAP_QUEUE;
}

static bool is_bloom(const struct object *map)
{
	return access_of(map) == MAP_BLOOM;
}

static bool is_pushed(const struct object *map)
{
	return is_queue(map) || is_bloom(map);
}

/* A text as this map's value; *value is malloc'ed. */
static int parse(struct request *request, struct object *map, const char *text, size_t length,
		 struct value_input *input, void **value)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_codec(request, map, &codec);
	if (rc)
		return rc;
	*value = input->bytes = calloc(1, codec_value_bytes(codec) + 1);
	if (!*value)
		return -ENOMEM;
	return codec_parse_value(codec, text, length, NULL, input, &request->fault);
}

static int accept_push(struct request *request, struct node *node, struct object *map,
		       const char *text, size_t length)
{
	cleanup_free void *value = NULL;
	struct value_input input = {0};
	int rc = parse(request, map, text, length, &input, &value);
	if (!rc) {
		rc = map_update(map->handle, NULL, value, BPF_ANY);
		if (rc)
			explain_map_error(&request->fault, MAP_OP_UPDATE, &map->info, NULL, BPF_ANY,
					  rc);
	}
	value_input_release(&input);
	return rc;
}

const struct node_kind kind_push = {
	.name = "push",
	.type = S_IFREG,
	.mode = 0222,
	.present = is_pushed,
	.accept = accept_push,
};

/* The element that is asked for, by lookup or by lookup-and-delete. */
static int render_element(struct request *request, struct object *map, struct buffer *text,
			  enum map_operation operation,
			  int (*take)(struct handle *, const void *, void *, uint64_t))
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_codec(request, map, &codec);
	if (rc)
		return rc;
	cleanup_free void *value = calloc(1, codec_value_bytes(codec) + 1);
	if (!value)
		return -ENOMEM;
	rc = take(map->handle, NULL, value, 0);
	if (rc)
		return explain_map_error(&request->fault, operation, &map->info, NULL, 0, rc);
	rc = codec_print_value(codec, value, text);
	buffer_append_char(text, '\n');
	return rc;
}

/* Also what stat tells of pop: the size of what the next pop would give. An empty one is empty. */
static int render_peek(struct request *request, struct node *node, struct object *map,
		       struct buffer *text)
{
	return render_element(request, map, text, MAP_OP_LOOKUP, map_lookup);
}

static int queue_stat_size(struct request *request, struct node *node, struct object *map,
			   struct buffer *text)
{
	int rc = render_peek(request, node, map, text);
	if (rc == -ENOENT)
		buffer_reset(text);
	return rc == -ENOENT ? 0 : rc;
}

static int peek_open(struct request *request, struct file *file)
{
	return file_hold_object(request, file);
}

static int peek_read(struct request *request, struct file *file, off_t offset, size_t size,
		     const char **data, size_t *length)
{
	int rc = 0;
	if (!file->rendered || offset == 0) {
		buffer_reset(&file->text);
		rc = render_peek(request, file->node, file->object, &file->text);
		file->rendered = !rc;
	}
	if (!rc)
		file_read_text(file, offset, size, data, length);
	return rc;
}

static const struct file_ops peek_file_ops = {.open = peek_open, .read = peek_read};

const struct node_kind kind_peek = {
	.name = "peek",
	.type = S_IFREG,
	.mode = 0444,
	.present = is_queue,
	.render = queue_stat_size,
	.file = &peek_file_ops,
};

/* Nothing is taken out by an open alone: the first read takes the element, the rest serves it. */
static int pop_read(struct request *request, struct file *file, off_t offset, size_t size,
		    const char **data, size_t *length)
{
	int rc = 0;
	if (!file->rendered) {
		rc = render_element(request, file->object, &file->text, MAP_OP_POP,
				    map_lookup_and_delete);
		file->rendered = !rc;
	}
	if (!rc)
		file_read_text(file, offset, size, data, length);
	return rc;
}

static const struct file_ops pop_file_ops = {.open = peek_open, .read = pop_read};

const struct node_kind kind_pop = {
	.name = "pop",
	.type = S_IFREG,
	.mode = 0444,
	.present = is_queue,
	.render = queue_stat_size,
	.file = &pop_file_ops,
};

/* Bloom filter: the value is what is asked for. */
static int accept_bloom_peek(struct request *request, struct node *node, struct object *map,
			     const char *text, size_t length)
{
	cleanup_free void *value = NULL;
	struct value_input input = {0};
	int rc = parse(request, map, text, length, &input, &value);
	if (!rc) {
		rc = map_lookup(map->handle, NULL, value, 0);
		if (rc)
			explain_map_error(&request->fault, MAP_OP_LOOKUP, &map->info, NULL, 0, rc);
	}
	value_input_release(&input);
	return rc;
}

const struct node_kind kind_bloom_peek = {
	.name = "peek",
	.type = S_IFREG,
	.mode = 0222,
	.present = is_bloom,
	.accept = accept_bloom_peek,
};
