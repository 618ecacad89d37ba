// SPDX-License-Identifier: BSD-2-Clause
/* The public face of an image that was read. */
#include <errno.h>
#include <string.h>
#include <bpfuse/snapshot.h>
#include "image/image.h"
#include "image/incremental.h"
#include "image/reader.h"

int snapshot_open(const char *directory, const char *const *bases, enum snapshot_check check,
		  const struct snapshot_progress *progress, struct image **image,
		  struct fault *fault)
{
	enum image_depth depth = check == SNAPSHOT_HEADS ? IMAGE_HEADS : IMAGE_ELEMENTS;
	int error = image_read(directory, depth, progress, image, fault);

	if (error || !(*image)->base || (depth == IMAGE_HEADS && (!bases || !*bases)))
		return error;
	return incremental_complete(image, bases, progress, fault);
}

void snapshot_close(struct image *image)
{
	image_free(image);
}

void snapshot_closep(struct image **image)
{
	image_free(*image);
}

static json_t *map_describe(const struct image *image, const struct image_map *map)
{
	const struct map_info *info = &map->info;
	struct buffer flags = BUFFER_INIT;
	char type[24], label[96];
	json_t *object;

	map_flags_print(info->map_flags, &flags);
	object = json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:b, s:I, s:s, s:b}",
			   "path", image_map_label(image, map, label), "id", (json_int_t)info->id,
			   "name", info->name, "type", map_type_name(info->type, type), "key_size",
			   (json_int_t)info->key_size, "value_size", (json_int_t)info->value_size,
			   "max_entries", (json_int_t)info->max_entries, "flags",
			   flags.data ? flags.data : "", "elements", (json_int_t)map->elements,
			   "frozen", map->state.frozen, "memlock", (json_int_t)map->state.memlock,
			   "promise", map->promise == PROMISE_EXACT ? "exact" : "fuzzy", "contents",
			   map->contents);
	buffer_free(&flags);
	if (object && map->ifname[0])
		json_object_set_new(object, "device", json_string(map->ifname));
	if (object && info->btf_id)
		json_object_set_new(object, "btf", json_integer(info->btf_id));
	return object;
}

static json_t *node_describe(const struct image_node *node)
{
	json_t *object = json_pack("{s:s, s:s, s:i, s:I, s:I}", "path", node->path, "kind",
				   image_node_kind_name(node->kind), "mode", (int)node->mode, "uid",
				   (json_int_t)node->uid, "gid", (json_int_t)node->gid);

	if (object && node->target)
		json_object_set_new(object, "target", json_string(node->target));
	else if (object && node->kind != NODE_DIRECTORY)
		json_object_set_new(object, "id", json_integer(node->id));
	return object;
}

/* The manifest's head as it stands, members that this version does not know among it. */
static void head_describe(const struct image *image, json_t *object)
{
	static const char *const lists[] = {"maps", "tree", "btf", "omitted"};

	if (image->manifest)
		json_object_update(object, image->manifest);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_object_del(object, lists[i]);
	json_object_set_new(object, "format",
			    json_string(image->foreign ? "criu" : "bpfuse-snapshot"));
	if (image->possible_cpus)
		json_object_set_new(object, "possible_cpus", json_integer(image->possible_cpus));
}

json_t *snapshot_describe(struct image *image)
{
	json_t *object = json_object();
	json_t *maps = json_array(), *tree = json_array(), *btf = json_array();

	head_describe(image, object);
	for (size_t i = 0; i < image->map_count; i++)
		json_array_append_new(maps, map_describe(image, &image->maps[i]));
	for (size_t i = 0; i < image->node_count; i++)
		json_array_append_new(tree, node_describe(&image->nodes[i]));
	for (size_t i = 0; i < image->btf_count; i++)
		json_array_append_new(btf,
				      json_pack("{s:I, s:I}", "id", (json_int_t)image->btfs[i].id,
						"bytes", (json_int_t)image->btfs[i].length));
	json_object_set_new(object, "maps", maps);
	json_object_set_new(object, "tree", tree);
	json_object_set_new(object, "btf", btf);
	json_object_set(object, "omitted", image->omitted);
	return object;
}
