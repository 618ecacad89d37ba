// SPDX-License-Identifier: BSD-2-Clause
/*
 * Members of a manifest that this version does not know, from the snapshot that a new one is made
 * of: of the manifest itself, and of maps, names, programs and devices that are the same in both.
 */
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/manifest.h"

static const char *const head_members[] = {
	"format", "version",	   "tool",    "kernel",	 "time",    "label",	   "byte_order",
	"paths",  "possible_cpus", "drained", "backend", "boot_id", "drain_token", "maps",
	"btf",	  "progs",	   "devices", "tree",	 "omitted", "base",	   NULL};
static const char *const map_members[] = {"id",
					  "name",
					  "type",
					  "frozen",
					  "value_bytes",
					  "elements",
					  "promise",
					  "contents",
					  "entries",
					  "digest",
					  "ifname",
					  "base_map",
					  "inner_map",
					  "numa_node",
					  "btf",
					  "btf_key_type_id",
					  "btf_value_type_id",
					  "btf_vmlinux_value_type_id",
					  NULL};
static const char *const node_members[] = {"path", "kind",   "mode",	  "uid",  "gid",
					   "id",   "target", "link_type", "prog", NULL};
static const char *const prog_members[] = {"id", "type", "name", "tag", "pin", NULL};
static const char *const device_members[] = {"ifindex", "ifname", NULL};

static bool is_known(const char *const *members, const char *name)
{
	for (; *members; members++)
		if (!strcmp(*members, name))
			return true;
	return false;
}

static void members_keep(json_t *to, const json_t *from, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)from, name, value)
		if (!is_known(known, name) && !json_object_get(to, name))
			json_object_set(to, name, value);
}

/* The entry of a list whose member is the same text or number. */
static json_t *entry_like(const json_t *list, const char *member, const json_t *wanted)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (wanted && json_equal(json_object_get(entry, member), wanted))
			return entry;
	return NULL;
}

static void lists_keep(json_t *to, const json_t *from, const char *list, const char *member,
		       const char *const *known)
{
	const json_t *before = json_object_get(from, list);
	json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(to, list), i, entry)
		members_keep(entry, entry_like(before, member, json_object_get(entry, member)),
			     known);
}

/* The map that is pinned at the same place. */
static void pinned_map_keep(json_t *to, const json_t *from, const json_t *node)
{
	const json_t *before =
		entry_like(json_object_get(from, "tree"), "path", json_object_get(node, "path"));
	const char *kind = json_string_value(json_object_get(node, "kind"));
	json_t *map;

	if (!before || !kind || strcmp(kind, "map") != 0)
		return;
	map = entry_like(json_object_get(to, "maps"), "id", json_object_get(node, "id"));
	if (map)
		members_keep(map,
			     entry_like(json_object_get(from, "maps"), "id",
					json_object_get(before, "id")),
			     map_members);
}

void manifest_keep(json_t *to, const json_t *from)
{
	const json_t *node;
	size_t i;

	members_keep(to, from, head_members);
	lists_keep(to, from, "tree", "path", node_members);
	lists_keep(to, from, "progs", "tag", prog_members);
	lists_keep(to, from, "devices", "ifname", device_members);
	json_array_foreach (json_object_get(to, "tree"), i, node)
		pinned_map_keep(to, from, node);
}
