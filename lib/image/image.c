// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include "image/image.h"

struct image_key {
	size_t index;
	uint32_t id;
	UT_hash_handle hh;
};

int image_new(struct image **image)
{
	struct image *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->data_fd = -1;
	made->omitted = json_array();
	if (!made->omitted) {
		free(made);
		return -ENOMEM;
	}
	*image = made;
	return 0;
}

static void image_free_keys(struct image_key *keys)
{
	struct image_key *key, *next;

	HASH_ITER (hh, keys, key, next) {
		HASH_DEL(keys, key);
		free(key);
	}
}

static void image_free_lists(struct image *image)
{
	image_free_keys(image->map_keys);
	image_free_keys(image->node_keys);
	for (size_t i = 0; i < image->prog_count; i++)
		free(image->progs[i].pin);
	for (size_t i = 0; i < image->map_count; i++)
		free(image->maps[i].runs);
	for (size_t i = 0; i < image->btf_count; i++)
		free(image->btfs[i].bytes);
	for (size_t i = 0; i < image->node_count; i++) {
		free(image->nodes[i].path);
		free(image->nodes[i].target);
	}
	free(image->maps);
	free(image->btfs);
	free(image->progs);
	free(image->devices);
	free(image->nodes);
}

void image_free(struct image *image)
{
	if (!image)
		return;
	if (image->data_fd >= 0)
		close(image->data_fd);
	image_free_lists(image);
	json_decref(image->manifest);
	json_decref(image->omitted);
	free(image->directory);
	free(image->base);
	free(image);
}

void image_freep(struct image **image)
{
	image_free(*image);
}

/* These lists are short. */
#define IMAGE_FIND(list, count, field, wanted)                                                     \
	({                                                                                         \
		__typeof__((list) + 0) found_ = NULL;                                              \
		for (size_t i_ = 0; i_ < (count) && !found_; i_++)                                 \
			if ((list)[i_].field == (wanted))                                          \
				found_ = &(list)[i_];                                              \
		found_;                                                                            \
	})

struct image_map *image_find_map(struct image *image, uint32_t id)
{
	struct image_key *key;

	for (; image->maps_indexed < image->map_count; image->maps_indexed++) {
		key = calloc(1, sizeof(*key));
		if (!key)
			return NULL;
		key->index = image->maps_indexed;
		key->id = image->maps[key->index].info.id;
		HASH_ADD(hh, image->map_keys, id, sizeof(key->id), key);
	}
	HASH_FIND(hh, image->map_keys, &id, sizeof(id), key);
	return key ? &image->maps[key->index] : NULL;
}

struct image_btf *image_find_btf(const struct image *image, uint32_t id)
{
	return IMAGE_FIND(image->btfs, image->btf_count, id, id);
}

struct image_prog *image_find_prog(const struct image *image, uint32_t id)
{
	return IMAGE_FIND(image->progs, image->prog_count, id, id);
}

struct image_device *image_find_device(const struct image *image, uint32_t ifindex)
{
	return IMAGE_FIND(image->devices, image->device_count, ifindex, ifindex);
}

struct image_node *image_find_node(struct image *image, const char *path)
{
	struct image_key *key;

	for (; image->nodes_indexed < image->node_count; image->nodes_indexed++) {
		const char *name = image->nodes[image->nodes_indexed].path;

		key = calloc(1, sizeof(*key));
		if (!key)
			return NULL;
		key->index = image->nodes_indexed;
		/* the paths do not move when the list grows */
		HASH_ADD_KEYPTR(hh, image->node_keys, name, strlen(name), key);
	}
	HASH_FIND(hh, image->node_keys, path, strlen(path), key);
	return key ? &image->nodes[key->index] : NULL;
}

/* Grows at powers of two: a list has room while its count is not one. */
static void *list_grow(void **list, size_t *count, size_t size)
{
	void *grown = *list;

	if (!(*count & (*count - 1))) {
		grown = reallocarray(*list, *count ? 2 * *count : 1, size);
		if (!grown)
			return NULL;
		*list = grown;
	}
	grown = (char *)grown + *count * size;
	memset(grown, 0, size);
	++*count;
	return grown;
}

#define IMAGE_ADD(list, count) list_grow((void **)&(list), &(count), sizeof(*(list)))

struct image_map *image_add_map(struct image *image)
{
	return IMAGE_ADD(image->maps, image->map_count);
}

struct image_btf *image_add_btf(struct image *image)
{
	return IMAGE_ADD(image->btfs, image->btf_count);
}

struct image_prog *image_add_prog(struct image *image)
{
	return IMAGE_ADD(image->progs, image->prog_count);
}

struct image_device *image_add_device(struct image *image)
{
	return IMAGE_ADD(image->devices, image->device_count);
}

struct image_node *image_add_node(struct image *image)
{
	return IMAGE_ADD(image->nodes, image->node_count);
}

struct image_run *image_map_add_run(struct image_map *map)
{
	return IMAGE_ADD(map->runs, map->run_count);
}

int image_omit(struct image *image, const char *what, const char *why)
{
	json_t *entry = json_pack("{s:s, s:s}", "what", what, "why", why);

	return entry && !json_array_append_new(image->omitted, entry) ? 0 : -ENOMEM;
}

const char *image_map_label(const struct image *image, const struct image_map *map, char text[96])
{
	for (size_t i = 0; i < image->node_count; i++)
		if (image->nodes[i].kind == NODE_MAP && image->nodes[i].id == map->info.id)
			return image->nodes[i].path;
	snprintf(text, 96, "map %u (%.16s)", map->info.id,
		 map->info.name[0] ? map->info.name : "no name");
	return text;
}

const char *image_node_kind_name(enum image_node_kind kind)
{
	static const char *const names[] = {
		[NODE_DIRECTORY] = "dir", [NODE_SYMLINK] = "symlink", [NODE_MAP] = "map",
		[NODE_PROG] = "prog",	  [NODE_LINK] = "link",
	};

	return names[kind];
}
