// SPDX-License-Identifier: BSD-2-Clause
#include "map_attributes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "bulk.h"
#include "control.h"
#include "file.h"
#include "formats.h"
#include "invalidate.h"
#include "key_views.h"
#include "lane.h"
#include "map_dir.h"
#include "map_info.h"
#include "object_files.h"
#include "program.h"
#include "redirect.h"

/* A read-only file with one value. */
#define ATTRIBUTE(identifier, file_name)                                                           \
	static const struct node_kind kind_##identifier = {                                        \
		.name = file_name,                                                                 \
		.type = S_IFREG,                                                                   \
		.mode = 0444,                                                                      \
		.render = render_##identifier,                                                     \
	}
#define NUMBER(identifier)                                                                         \
	static int render_##identifier(struct request *request, struct node *node,                 \
				       struct object *map, struct buffer *text)                    \
	{                                                                                          \
		buffer_append_format(text, "%" PRIu64 "\n", (uint64_t)map->info.identifier);       \
		return 0;                                                                          \
	}                                                                                          \
	ATTRIBUTE(identifier, #identifier)

NUMBER(key_size);
NUMBER(value_size);
NUMBER(max_entries);
NUMBER(btf_id);

/* A device may move its maps to another port while they are open. */
static int render_ifindex(struct request *request, struct node *node, struct object *map,
			  struct buffer *text)
{
	struct map_info info = {0};
	int rc = map->info.ifindex ? map_info(map->handle, &info) : 0;
	if (!rc)
		buffer_append_format(text, "%u\n", info.ifindex);
	return rc;
}
ATTRIBUTE(ifindex, "ifindex");

static int render_name(struct request *request, struct node *node, struct object *map,
		       struct buffer *text)
{
	buffer_append_format(text, "%.*s\n", OBJECT_NAME_MAX, map->info.name);
	return 0;
}
ATTRIBUTE(name, "name");

static int render_type(struct request *request, struct node *node, struct object *map,
		       struct buffer *text)
{
	char name[24];
	buffer_append_format(text, "%s\n", map_type_name(map->info.type, name));
	return 0;
}
ATTRIBUTE(type, "type");

static int render_flags(struct request *request, struct node *node, struct object *map,
			struct buffer *text)
{
	map_flags_print(map->info.map_flags, text);
	buffer_append_char(text, '\n');
	return 0;
}
ATTRIBUTE(flags, "flags");

static int render_memlock(struct request *request, struct node *node, struct object *map,
			  struct buffer *text)
{
	struct map_state state;
	int rc = map_state(map->handle, &state);
	if (!rc)
		buffer_append_format(text, "%" PRIu64 "\n", state.memlock);
	return rc;
}
ATTRIBUTE(memlock, "memlock");

/* --- info: all of it --- */

static int render_info(struct request *request, struct node *node, struct object *map,
		       struct buffer *text)
{
	return map_info_json(request, node, map, text);
}
static const struct node_kind kind_info = {
	.name = "info",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_info,
};

/* --- count --- */

static int render_count(struct request *request, struct node *node, struct object *map,
			struct buffer *text)
{
	uint64_t count;
	int rc = lane_enter(request, map);
	if (rc)
		return rc;
	rc = map_count(map->handle, &count);
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_ITERATE, &map->info, NULL, 0, rc);
	buffer_append_format(text, "%" PRIu64 "\n", count);
	return 0;
}
static const struct node_kind kind_count = {
	.name = "count",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_count,
};

/* --- frozen --- */

static int render_frozen(struct request *request, struct node *node, struct object *map,
			 struct buffer *text)
{
	struct map_state state;
	int rc = map_state(map->handle, &state);
	if (!rc)
		buffer_append_string(text, state.frozen ? "1\n" : "0\n");
	return rc;
}

static int accept_frozen(struct request *request, struct node *node, struct object *map,
			 const char *text, size_t length)
{
	const char *word = text;
	struct map_state state;
	if (text_trim(&word, length) == 1 && *word == '0' && map_state(map->handle, &state) == 0 &&
	    !state.frozen)
		return 0; /* it is so */
	int rc = text_is_one(request, text, length);
	if (rc)
		return rc;
	rc = map_freeze(map->handle);
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_FREEZE, &map->info, NULL, 0, rc);
	return 0;
}
static const struct node_kind kind_frozen = {
	.name = "frozen",
	.type = S_IFREG,
	.mode = 0644,
	.render = render_frozen,
	.accept = accept_frozen,
};

/* --- format --- */

static int render_format(struct request *request, struct node *node, struct object *map,
			 struct buffer *text)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_codec(request, map, &codec);
	if (!rc)
		buffer_append_format(text, "%s\n", codec_format(codec));
	return rc;
}

/* What was said so far of the map and fits it. */
static int older_format(struct request *request, struct object *map, char **format)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	bool many;
	int rc = object_codec(request, map, &codec);
	if (rc)
		return rc;
	cleanup_free char *said = formats_of(request->fs->formats, map, &many);
	*format = strdup(said && !(many && codec_note(codec)) ? said : "");
	return *format ? 0 : -ENOMEM;
}

/* Tried before it is kept: a format that does not fit is refused in this write. */
static int keep_format(struct request *request, struct object *map, const char *format)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	const struct codec_options options = {.format = format};
	int rc = codec_open(map->handle, &options, &codec, &request->fault);
	if (!rc)
		rc = formats_set(request->fs->formats, map->handle->backend, map->id, format);
	if (!rc)
		object_forget_codec(map);
	return rc;
}

/* What is left out stays as it is; nothing at all is what the map has of itself. */
static int accept_format(struct request *request, struct node *node, struct object *map,
			 const char *text, size_t length)
{
	length = text_trim(&text, length);
	if (!length)
		return keep_format(request, map, "");
	cleanup_free char *format = strndup(text, length), *older = NULL;
	struct buffer whole = BUFFER_INIT;
	int rc = format ? older_format(request, map, &older) : -ENOMEM;
	if (!rc)
		rc = codec_complete_format(format, older, &whole, &request->fault);
	if (!rc)
		rc = keep_format(request, map, whole.data);
	buffer_free(&whole);
	return rc;
}

static const struct node_kind kind_format = {
	.name = "format",
	.type = S_IFREG,
	.mode = 0644,
	.render = render_format,
	.accept = accept_format,
};

/* --- clear --- */

static int render_nothing(struct request *request, struct node *node, struct object *map,
			  struct buffer *text)
{
	return 0;
}

static int accept_clear(struct request *request, struct node *node, struct object *map,
			const char *text, size_t length)
{
	int rc = text_is_one(request, text, length);
	if (!rc)
		rc = lane_enter(request, map);
	if (rc)
		return rc;
	rc = map_clear(map->handle, NULL);
	invalidate_names(request->fs); /* also of those that were deleted before a failure */
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_DELETE, &map->info, NULL, 0, rc);
	return 0;
}
static const struct node_kind kind_clear = {
	.name = "clear",
	.type = S_IFREG,
	.mode = 0644,
	.render = render_nothing,
	.accept = accept_clear,
};

/* --- btf: the raw bytes, for `bpftool btf dump file` and libbpf --- */

static bool has_btf(const struct object *map)
{
	return map->info.btf_id != 0;
}

static int render_btf(struct request *request, struct node *node, struct object *map,
		      struct buffer *text)
{
	cleanup_with(handle_closep) struct handle *btf = NULL;
	cleanup_free void *bytes = NULL;
	size_t length = 0;
	int rc = object_open(map->handle->backend, OBJECT_BTF, map->info.btf_id, 0, &btf);
	if (!rc)
		rc = btf_bytes(btf, &bytes, &length);
	if (!rc)
		buffer_append(text, bytes, length);
	return rc;
}
static const struct node_kind kind_btf = {
	.name = "btf",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.present = has_btf,
	.render = render_btf,
};

static const struct node_kind *const entries[] = {
	&kind_object_id,    &kind_name,	       &kind_type,
	&kind_key_size,	    &kind_value_size,  &kind_max_entries,
	&kind_flags,	    &kind_btf_id,      &kind_ifindex,
	&kind_memlock,	    &kind_info,	       &kind_count,
	&kind_frozen,	    &kind_format,      &kind_entries,
	&kind_entries_json, &kind_entries_bin, &kind_clear,
	&kind_raw_dir,	    &kind_sum_dir,     &kind_links_dir,
	&kind_map_progs,    &kind_object_pins, &kind_object_holders,
	&kind_btf,	    &kind_redirect,    NULL,
};

const struct node_kind kind_map_attributes = {
	.name = ".map",
	.type = S_IFDIR,
	.entries = entries,
	.lookup = control_switch_lookup,
	.list = control_switch_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};
