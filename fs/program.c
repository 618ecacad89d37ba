// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include "file.h"
#include "listing.h"
#include "map_dir.h"
#include "object_files.h"

void prog_type_print(struct buffer *text, uint32_t type)
{
	object_type_append(text, libbpf_bpf_prog_type_str((enum bpf_prog_type)type), type);
}

/* --- programs: one value each --- */

#define PROG_VALUE(identifier, file_name, statement)                                               \
	static int render_##identifier(struct request *request, struct node *node,                 \
				       struct object *prog, struct buffer *text)                   \
	{                                                                                          \
		struct prog_info info = {0};                                                       \
		int rc = prog_info(prog->handle, &info);                                           \
		if (rc)                                                                            \
			return rc;                                                                 \
		statement;                                                                         \
		buffer_append_char(text, '\n');                                                    \
		prog_info_free(&info);                                                             \
		return 0;                                                                          \
	}                                                                                          \
	static const struct node_kind kind_##identifier = {                                        \
		.name = file_name,                                                                 \
		.type = S_IFREG,                                                                   \
		.mode = 0444,                                                                      \
		.render = render_##identifier,                                                     \
	}

PROG_VALUE(prog_name, "name",
	   buffer_append(text, info.name, strnlen(info.name, sizeof(info.name))));
PROG_VALUE(prog_type, "type", prog_type_print(text, info.type));
PROG_VALUE(prog_tag, "tag", buffer_append_hex(text, info.tag, sizeof(info.tag)));
PROG_VALUE(run_cnt, "run_cnt", buffer_append_u64(text, info.run_cnt));
PROG_VALUE(run_time_ns, "run_time_ns", buffer_append_u64(text, info.run_time_ns));

static json_t *text_json(const char *text, size_t limit)
{
	return json_stringn(text, strnlen(text, limit));
}

static json_t *prog_json(const struct prog_info *prog, uint32_t id)
{
	struct buffer type = BUFFER_INIT, tag = BUFFER_INIT;
	prog_type_print(&type, prog->type);
	buffer_append_hex(&tag, prog->tag, sizeof(prog->tag));
	json_t *maps = json_array();
	for (uint32_t i = 0; i < prog->map_count; i++)
		json_array_append_new(maps, json_integer(prog->map_ids[i]));
	json_t *info = json_pack(
		"{s:I, s:o, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "id",
		(json_int_t)id, "name", text_json(prog->name, sizeof(prog->name)), "type",
		type.data ? type.data : "", "tag", tag.data ? tag.data : "", "gpl_compatible",
		prog->gpl_compatible, "load_time", (json_int_t)prog->load_time, "created_by_uid",
		(json_int_t)prog->created_by_uid, "xlated_len", (json_int_t)prog->xlated_len,
		"jited_len", (json_int_t)prog->jited_len, "verified_insns",
		(json_int_t)prog->verified_insns, "run_cnt", (json_int_t)prog->run_cnt,
		"run_time_ns", (json_int_t)prog->run_time_ns, "recursion_misses",
		(json_int_t)prog->recursion_misses, "map_ids", maps);
	if (info && prog->btf_id)
		json_object_set_new(info, "btf_id", json_integer(prog->btf_id));
	if (info && prog->ifindex)
		json_object_set_new(info, "ifindex", json_integer(prog->ifindex));
	buffer_free(&type);
	buffer_free(&tag);
	return info;
}

static int render_prog_info(struct request *request, struct node *node, struct object *prog,
			    struct buffer *text)
{
	struct prog_info info = {0};
	int rc = prog_info(prog->handle, &info);
	if (rc)
		return rc;
	json_t *json = prog_json(&info, prog->id);
	prog_info_free(&info);
	if (json)
		object_add_pins(prog, json);
	return object_json_append(text, json);
}
static const struct node_kind kind_prog_info = {
	.name = "info",
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_LAZY_SIZE,
	.render = render_prog_info,
};

static int render_xlated(struct request *request, struct node *node, struct object *prog,
			 struct buffer *text)
{
	cleanup_free void *bytes = NULL;
	size_t length = 0;
	int rc = prog_xlated(prog->handle, &bytes, &length);
	if (!rc)
		buffer_append(text, bytes, length);
	return rc;
}
static const struct node_kind kind_xlated = {
	.name = "xlated.bin",
	.type = S_IFREG,
	.mode = 0444,
	.render = render_xlated,
};

/* --- maps/: the maps that a program uses --- */

static bool uses_map(const struct prog_info *prog, uint32_t map_id)
{
	for (uint32_t i = 0; i < prog->map_count; i++)
		if (prog->map_ids[i] == map_id)
			return true;
	return false;
}

static int parse_id(const char *name, uint32_t *id)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(name, &end, 10);
	char canonical[16];
	snprintf(canonical, sizeof(canonical), "%u", (unsigned)number);
	if (errno || number > UINT32_MAX || strcmp(canonical, name) != 0)
		return -ENOENT;
	*id = (uint32_t)number;
	return 0;
}

static int id_link(struct request *request, struct node *dir, const char *where, uint32_t id,
		   struct node **child)
{
	char name[16], target[64];
	snprintf(name, sizeof(name), "%u", id);
	snprintf(target, sizeof(target), "%s/%u", where, id);
	*child = node_link_child(request->fs->nodes, dir, name, target);
	return *child ? 0 : -ENOMEM;
}

static int add_id(struct listing *listing, struct node *dir, uint32_t id)
{
	char name[16];
	snprintf(name, sizeof(name), "%u", id);
	return listing_add(listing, name, S_IFLNK, node_ino(dir->ino, name, strlen(name)));
}

static int prog_maps_lookup(struct request *request, struct node *dir, const char *name,
			    struct node **child, struct stat *st)
{
	uint32_t id;
	int rc = parse_id(name, &id);
	if (rc)
		return rc;
	HELD_OBJECT(held, request);
	struct prog_info info = {0};
	rc = object_acquire(request, dir, &held.object, NULL);
	if (!rc)
		rc = prog_info(held.object->handle, &info);
	if (rc)
		return rc;
	bool found = uses_map(&info, id);
	prog_info_free(&info);
	return found ? id_link(request, dir, "maps.by-id", id, child) : -ENOENT;
}

static int prog_maps_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	struct prog_info info = {0};
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (!rc)
		rc = prog_info(held.object->handle, &info);
	for (uint32_t i = 0; !rc && i < info.map_count; i++)
		rc = add_id(listing, dir, info.map_ids[i]);
	prog_info_free(&info);
	return rc;
}

static const struct node_kind kind_prog_maps = {
	.name = "maps",
	.type = S_IFDIR,
	.lookup = prog_maps_lookup,
	.list = prog_maps_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};

const struct node_kind *const prog_dir_entries[] = {
	&kind_object_id,
	&kind_prog_name,
	&kind_prog_type,
	&kind_prog_tag,
	&kind_prog_info,
	&kind_run_cnt,
	&kind_run_time_ns,
	&kind_prog_maps,
	&kind_xlated,
	&kind_object_holders,
	NULL,
};

/* --- .map/progs/: the other way round, programs that use the map --- */

/* Whether the program uses the map; false too if it is gone or hidden. */
static bool prog_uses_map(struct backend *backend, uint32_t prog_id, uint32_t map_id)
{
	struct handle *prog;
	struct prog_info info = {0};
	if (object_open(backend, OBJECT_PROG, prog_id, 0, &prog))
		return false;
	bool uses = prog_info(prog, &info) == 0 && uses_map(&info, map_id);
	prog_info_free(&info);
	handle_close(prog);
	return uses;
}

static int map_progs_lookup(struct request *request, struct node *dir, const char *name,
			    struct node **child, struct stat *st)
{
	uint32_t id;
	int rc = parse_id(name, &id);
	if (rc)
		return rc;
	HELD_OBJECT(held, request);
	rc = object_acquire(request, dir, &held.object, NULL);
	if (rc)
		return rc;
	if (!prog_uses_map(held.object->handle->backend, id, held.object->id))
		return -ENOENT;
	return id_link(request, dir, "progs.by-id", id, child);
}

static int map_progs_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (rc)
		return rc;
	struct backend *backend = held.object->handle->backend;
	uint32_t id = 0;
	while (!rc && object_next(backend, OBJECT_PROG, id, &id) == 0)
		if (prog_uses_map(backend, id, held.object->id))
			rc = add_id(listing, dir, id);
	return rc;
}

const struct node_kind kind_map_progs = {
	.name = "progs",
	.type = S_IFDIR,
	.lookup = map_progs_lookup,
	.list = map_progs_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};
