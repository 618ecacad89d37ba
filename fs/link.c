// SPDX-License-Identifier: BSD-2-Clause
#include "link.h"

#include <bpf/libbpf.h>
#include "file.h"
#include "object_files.h"

static void append_link_type(struct buffer *text, uint32_t type)
{
	object_type_append(text, libbpf_bpf_link_type_str((enum bpf_link_type)type), type);
}

static int render_link_type(struct request *request, struct node *node, struct object *link,
			    struct buffer *text)
{
	struct link_info info = {0};
	int rc = link_info(link->handle, &info);
	if (rc)
		return rc;
	append_link_type(text, info.type);
	buffer_append_char(text, '\n');
	link_info_free(&info);
	return 0;
}
static const struct node_kind kind_link_type = {
	.name = "type",
	.type = S_IFREG,
	.mode = 0444,
	.render = render_link_type,
};

static int render_link_info(struct request *request, struct node *node, struct object *link,
			    struct buffer *text)
{
	struct link_info info = {0};
	struct buffer type = BUFFER_INIT;
	int rc = link_info(link->handle, &info);
	if (rc)
		return rc;
	append_link_type(&type, info.type);
	json_t *json = json_pack("{s:I, s:s, s:I}", "id", (json_int_t)link->id, "type",
				 type.data ? type.data : "", "prog_id", (json_int_t)info.prog_id);
	buffer_free(&type);
	if (json && info.detail)
		json_object_update_missing(json, info.detail);
	link_info_free(&info);
	if (json)
		object_add_pins(link, json);
	return object_json_append(text, json);
}
static const struct node_kind kind_link_info = {
	.name = "info",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_link_info,
};

static int link_prog_target(struct request *request, struct node *node, struct buffer *target)
{
	HELD_OBJECT(held, request);
	struct link_info info = {0};
	int rc = object_acquire(request, node, &held.object, NULL);
	if (!rc)
		rc = link_info(held.object->handle, &info);
	if (rc)
		return rc;
	for (unsigned depth = node_depth(node); depth > 1; depth--)
		buffer_append_string(target, "../");
	buffer_append_format(target, "progs.by-id/%u", info.prog_id);
	link_info_free(&info);
	return buffer_error(target);
}
static const struct node_kind kind_link_prog = {
	.name = "prog",
	.type = S_IFLNK,
	.mode = 0777,
	.target = link_prog_target,
};

static int render_nothing(struct request *request, struct node *node, struct object *object,
			  struct buffer *text)
{
	return 0;
}

static int accept_detach(struct request *request, struct node *node, struct object *link,
			 const char *text, size_t length)
{
	int rc = text_is_one(request, text, length);
	return rc ? rc : link_detach(link->handle);
}
static const struct node_kind kind_detach = {
	.name = "detach",
	.type = S_IFREG,
	.mode = 0644,
	.render = render_nothing,
	.accept = accept_detach,
};

const struct node_kind *const link_dir_entries[] = {
	&kind_object_id,
	&kind_link_type,
	&kind_link_info,
	&kind_link_prog,
	&kind_detach,
	&kind_object_holders,
	NULL,
};
