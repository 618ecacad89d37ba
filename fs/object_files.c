// SPDX-License-Identifier: BSD-2-Clause
#include "object_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>

static int render_id(struct request *request, struct node *node, struct object *object,
		     struct buffer *text)
{
	buffer_append_format(text, "%u\n", object->id);
	return 0;
}
const struct node_kind kind_object_id = {
	.name = "id",
	.type = S_IFREG,
	.mode = 0444,
	.render = render_id,
};

static int render_holders(struct request *request, struct node *node, struct object *object,
			  struct buffer *text)
{
	cleanup_free struct holder *holders = NULL;
	size_t count = 0;
	int rc = object_holders(object->handle, &holders, &count);
	for (size_t i = 0; !rc && i < count; i++) {
		buffer_append_format(text, "%d ", (int)holders[i].pid);
		buffer_append_printable(text, holders[i].comm, sizeof(holders[i].comm));
		buffer_append_char(text, '\n');
	}
	return rc;
}
const struct node_kind kind_object_holders = {
	.name = "holders",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_holders,
};

struct pin_search {
	struct object *object;
	struct buffer *text;
};

static int add_pin(void *context, const char *path, const struct stat *st)
{
	struct pin_search *search = context;
	struct handle *handle;
	uint32_t id;
	if (pin_open(search->object->handle->backend, path, 0, &handle))
		return 0; /* gone meanwhile, or not to be opened */
	int rc = object_id(handle, &id);
	bool same = !rc && handle->kind == search->object->kind && id == search->object->id;
	handle_close(handle);
	if (same)
		buffer_append_format(search->text, "%s\n", path);
	return 0;
}

static int object_pins(struct object *object, struct buffer *text)
{
	struct pin_search search = {object, text};
	int rc = pins_visit(object->handle->backend, "", add_pin, &search);
	/* A backend without a pin tree has no pins. */
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int render_pins(struct request *request, struct node *node, struct object *object,
		       struct buffer *text)
{
	return object_pins(object, text);
}
const struct node_kind kind_object_pins = {
	.name = "pins",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_pins,
};

/* --- info --- */

void object_type_append(struct buffer *text, const char *name, uint32_t type)
{
	if (name)
		buffer_append_string(text, name);
	else
		buffer_append_format(text, "type-%u", type);
}

int object_add_pins(struct object *object, json_t *info)
{
	struct buffer pins = BUFFER_INIT;
	int rc = object_pins(object, &pins);
	if (!rc)
		rc = buffer_error(&pins);
	json_t *array = json_array();
	char *rest = pins.data;
	for (char *line = strsep(&rest, "\n"); !rc && line; line = strsep(&rest, "\n"))
		if (*line)
			json_array_append_new(array, json_string(line));
	json_object_set_new(info, "pins", array);
	buffer_free(&pins);
	return rc;
}

int object_json_append(struct buffer *text, json_t *info)
{
	cleanup_free char *line = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	if (!line)
		return -ENOMEM;
	buffer_append_format(text, "%s\n", line);
	return buffer_error(text);
}
