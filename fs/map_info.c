// SPDX-License-Identifier: BSD-2-Clause
#include "map_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "object_files.h"
#include "program.h"

static void set_number(json_t *info, const char *name, uint64_t number)
{
	json_object_set_new(info, name, json_integer((json_int_t)number));
}

static void set_string(json_t *info, const char *name, const char *string)
{
	json_object_set_new(info, name, json_string(string));
}

/* The numbers that every kind of map has; those that are 0 where they do not apply are left out. */
static void add_numbers(json_t *info, const struct map_info *map, unsigned possible_cpus)
{
	const struct {
		const char *name;
		uint64_t number;
	} optional[] = {
		{"map_extra", map->map_extra},
		{"ifindex", map->ifindex},
		{"netns_dev", map->netns_dev},
		{"netns_ino", map->netns_ino},
		{"btf_id", map->btf_id},
		{"btf_key_type_id", map->btf_key_type_id},
		{"btf_value_type_id", map->btf_value_type_id},
		{"btf_vmlinux_value_type_id", map->btf_vmlinux_value_type_id},
		{"btf_vmlinux_id", map->btf_vmlinux_id},
	};
	set_number(info, "key_size", map->key_size);
	set_number(info, "value_size", map->value_size);
	set_number(info, "max_entries", map->max_entries);
	set_number(info, "possible_cpus", possible_cpus);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (optional[i].number)
			set_number(info, optional[i].name, optional[i].number);
}

static void add_identity(json_t *info, const struct map_info *map)
{
	char type[24], name[OBJECT_NAME_MAX + 1] = {0};
	struct buffer flags = BUFFER_INIT;
	memcpy(name, map->name, OBJECT_NAME_MAX);
	map_flags_print(map->map_flags, &flags);
	set_number(info, "id", map->id);
	set_string(info, "name", name);
	set_string(info, "type", map_type_name(map->type, type));
	set_string(info, "flags", flags.data ? flags.data : "");
	buffer_free(&flags);
}

static void add_state(json_t *info, struct object *map)
{
	struct map_state state;
	if (map_state(map->handle, &state))
		return;
	json_object_set_new(info, "frozen", json_boolean(state.frozen));
	set_number(info, "memlock", state.memlock);
	if (!state.owned)
		return;
	struct buffer type = BUFFER_INIT;
	prog_type_print(&type, state.owner_prog_type);
	set_string(info, "owner_prog_type", type.data ? type.data : "");
	buffer_free(&type);
	json_object_set_new(info, "owner_jited", json_boolean(state.owner_jited));
}

static int add_types(struct request *request, json_t *info, struct object *map)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_codec(request, map, &codec);
	if (rc)
		return rc;
	set_string(info, "format", codec_format(codec));
	if (*codec_key_type_name(codec))
		set_string(info, "key_type", codec_key_type_name(codec));
	if (*codec_value_type_name(codec))
		set_string(info, "value_type", codec_value_type_name(codec));
	if (codec_note(codec))
		set_string(info, "note", codec_note(codec));
	return 0;
}

int map_info_json(struct request *request, struct node *node, struct object *map,
		  struct buffer *text)
{
	struct map_info current;
	int rc = map_info(map->handle, &current);
	bool orphaned = rc == -ENODEV;
	if (rc && !orphaned)
		return rc;
	json_t *info = json_object();
	add_identity(info, orphaned ? &map->info : &current);
	add_numbers(info, orphaned ? &map->info : &current, map->handle->backend->possible_cpus);
	add_state(info, map);
	if (orphaned) /* its device has gone: its shape is all that is left */
		json_object_set_new(info, "orphaned", json_true());
	rc = orphaned ? 0 : add_types(request, info, map);
	if (!rc)
		rc = object_add_pins(map, info);
	if (!rc)
		return object_json_append(text, info);
	json_decref(info);
	return rc;
}
