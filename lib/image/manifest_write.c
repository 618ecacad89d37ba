// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <openssl/evp.h>
#include <bpfuse/cleanup.h>
#include <linux/bpf.h>
#include "image/manifest.h"
#include "image/state.h"

static json_t *runs_json(const struct image_map *map)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < map->run_count; i++) {
		json_t *run = json_pack("{s:I}", "count", (json_int_t)map->runs[i].count);

		if (map->runs[i].removed)
			json_object_set_new(run, "removed", json_true());
		json_array_append_new(runs, run);
	}
	return runs;
}

static void map_btf_json(const struct image_map *map, json_t *object)
{
	const struct map_info *info = &map->info;

	if (info->btf_id) {
		json_object_set_new(object, "btf", json_integer(info->btf_id));
		json_object_set_new(object, "btf_key_type_id", json_integer(info->btf_key_type_id));
		json_object_set_new(object, "btf_value_type_id",
				    json_integer(info->btf_value_type_id));
	}
	if (info->btf_vmlinux_value_type_id)
		json_object_set_new(object, "btf_vmlinux_value_type_id",
				    json_integer(info->btf_vmlinux_value_type_id));
}

static json_t *map_json(const struct image_map *map)
{
	char type[24], digest[DIGEST_TEXT_SIZE];
	json_t *object = json_pack("{s:I, s:s, s:s, s:b, s:I, s:I, s:s, s:b, s:o}", "id",
				   (json_int_t)map->info.id, "name", map->info.name, "type",
				   map_type_name(map->info.type, type), "frozen", map->state.frozen,
				   "value_bytes", (json_int_t)map->value_bytes, "elements",
				   (json_int_t)map->elements, "promise",
				   map->promise == PROMISE_EXACT ? "exact" : "fuzzy", "contents",
				   map->contents, "entries", runs_json(map));

	if (!object)
		return NULL;
	if (map->has_digest) {
		digest_print(&map->digest, digest);
		json_object_set_new(object, "digest", json_string(digest));
	}
	if (map->ifname[0])
		json_object_set_new(object, "ifname", json_string(map->ifname));
	if (map->base_id)
		json_object_set_new(object, "base_map", json_integer(map->base_id));
	if (map->inner_id)
		json_object_set_new(object, "inner_map", json_integer(map->inner_id));
	/* the kernel tells that a node was asked for, and never which one */
	if (map->info.map_flags & BPF_F_NUMA_NODE)
		json_object_set_new(object, "numa_node", json_string("unknown"));
	map_btf_json(map, object);
	return object;
}

static json_t *maps_json(const struct image *image)
{
	json_t *maps = json_array();

	for (size_t i = 0; i < image->map_count; i++)
		json_array_append_new(maps, map_json(&image->maps[i]));
	return maps;
}

static json_t *btfs_json(const struct image *image)
{
	json_t *btfs = json_array();

	for (size_t i = 0; i < image->btf_count; i++) {
		const struct image_btf *btf = &image->btfs[i];
		cleanup_free char *text = malloc(4 * ((btf->length + 2) / 3) + 1);

		if (!text || btf->length > INT32_MAX / 2)
			continue;
		EVP_EncodeBlock((unsigned char *)text, btf->bytes, (int)btf->length);
		json_array_append_new(
			btfs, json_pack("{s:I, s:s}", "id", (json_int_t)btf->id, "base64", text));
	}
	return btfs;
}

static json_t *progs_json(const struct image *image)
{
	json_t *progs = json_array();

	for (size_t i = 0; i < image->prog_count; i++) {
		const struct image_prog *prog = &image->progs[i];
		struct buffer tag = BUFFER_INIT;

		buffer_append_hex(&tag, prog->tag, sizeof(prog->tag));
		json_array_append_new(
			progs, json_pack("{s:I, s:I, s:s, s:s, s:s*}", "id", (json_int_t)prog->id,
					 "type", (json_int_t)prog->type, "name", prog->name, "tag",
					 tag.data ? tag.data : "", "pin", prog->pin));
		buffer_free(&tag);
	}
	return progs;
}

static json_t *devices_json(const struct image *image)
{
	json_t *devices = json_array();

	for (size_t i = 0; i < image->device_count; i++)
		json_array_append_new(devices, json_pack("{s:I, s:s}", "ifindex",
							 (json_int_t)image->devices[i].ifindex,
							 "ifname", image->devices[i].name));
	return devices;
}

static json_t *node_json(const struct image_node *node)
{
	json_t *object = json_pack("{s:s, s:s, s:i, s:I, s:I}", "path", node->path, "kind",
				   image_node_kind_name(node->kind), "mode", (int)node->mode, "uid",
				   (json_int_t)node->uid, "gid", (json_int_t)node->gid);

	if (node->kind == NODE_SYMLINK)
		json_object_set_new(object, "target", json_string(node->target));
	else if (node->kind != NODE_DIRECTORY)
		json_object_set_new(object, "id", json_integer(node->id));
	if (node->kind == NODE_LINK) {
		json_object_set_new(object, "link_type", json_integer(node->link_type));
		json_object_set_new(object, "prog", json_integer(node->prog_id));
	}
	return object;
}

static json_t *tree_json(const struct image *image)
{
	json_t *tree = json_array();

	for (size_t i = 0; i < image->node_count; i++)
		json_array_append_new(tree, node_json(&image->nodes[i]));
	return tree;
}

static json_t *manifest_head(const struct image *image, const struct manifest_facts *facts)
{
	char when[32], kernel[sizeof(struct utsname)];
	char boot[BOOT_TEXT_SIZE];
	struct utsname system;
	struct tm utc;

	state_boot(boot);
	gmtime_r(&facts->time, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	uname(&system);
	snprintf(kernel, sizeof(kernel), "%s %s %s", system.sysname, system.release,
		 system.machine);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:O, s:b, s:s, s:s}", "format",
			 "bpfuse-snapshot", "version", IMAGE_VERSION, "tool",
			 "bpfsnap " BPFUSE_VERSION, "kernel", kernel, "time", when, "label",
			 facts->label ? facts->label : "", "byte_order",
			 __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big",
			 "possible_cpus", (int)image->possible_cpus, "paths", facts->paths,
			 "drained", facts->drained, "backend", facts->backend, "boot_id", boot);
}

int manifest_build(struct image *image, const struct manifest_facts *facts, struct fault *fault)
{
	json_t *manifest = manifest_head(image, facts);
	int failed;

	if (!manifest)
		return fault_set(fault, EINVAL, "the label or a path is not valid UTF-8");
	failed = json_object_set_new(manifest, "maps", maps_json(image));
	failed |= json_object_set_new(manifest, "btf", btfs_json(image));
	failed |= json_object_set_new(manifest, "progs", progs_json(image));
	failed |= json_object_set_new(manifest, "devices", devices_json(image));
	failed |= json_object_set_new(manifest, "tree", tree_json(image));
	failed |= json_object_set(manifest, "omitted", image->omitted);
	if (facts->drain_token)
		failed |= json_object_set_new(manifest, "drain_token",
					      json_string(facts->drain_token));
	if (image->base)
		failed |= json_object_set_new(manifest, "base",
					      json_pack("{s:s, s:s}", "directory", image->base,
							"sha256", image->base_sum));
	json_decref(image->manifest);
	image->manifest = manifest;
	if (failed || json_array_size(json_object_get(manifest, "tree")) != image->node_count ||
	    json_array_size(json_object_get(manifest, "maps")) != image->map_count ||
	    json_array_size(json_object_get(manifest, "btf")) != image->btf_count)
		return fault_set(fault, ENOMEM,
				 "the manifest cannot be made: out of memory, or a name is not "
				 "valid UTF-8");
	return 0;
}
