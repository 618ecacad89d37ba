// SPDX-License-Identifier: BSD-2-Clause
#include "key_views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "key.h"
#include "invalidate.h"
#include "lane.h"
#include "listing.h"
#include "map_dir.h"
#include "staging.h"

static int list_keys(struct request *request, struct node *dir, struct listing *listing,
		     const struct node_kind *kind)
{
	HELD_OBJECT(held, request);
	int rc = object_acquire(request, dir, &held.object, NULL);
	return rc ? rc : listing_add_keys(request, listing, held.object, kind);
}

/* --- raw/KEY: the bytes --- */

static int print_raw(struct request *request, const struct codec *codec, const void *value,
		     struct buffer *text)
{
	buffer_append(text, value, codec_value_bytes(codec));
	return 0;
}

static int raw_write(struct request *request, struct file *file, const char *data, size_t length,
		     off_t offset)
{
	const char *value;
	size_t size = codec_value_bytes(file->codec);
	int rc = lane_enter(request, file->object);
	if (rc)
		return rc;
	key_of(file->node)->pending = false;
	file->rendered = false;
	rc = staging_write_bytes(request, file, data, length, offset, size, &value);
	if (rc <= 0)
		return rc;
	cleanup_free void *bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	struct value_input input = {.bytes = bytes};
	rc = codec_take_value(file->codec, value, &input, &request->fault);
	if (!rc)
		rc = key_update(request, file, input.bytes);
	value_input_release(&input);
	invalidate_sizes(request->fs); /* the key's own file shows it as text */
	return rc;
}

static int raw_flush(struct request *request, struct file *file)
{
	return staging_flush_bytes(request, file, codec_value_bytes(file->codec));
}

static const struct file_ops raw_file_ops = {
	.open = key_open,
	.read = key_file_read,
	.write = raw_write,
	.flush = raw_flush,
};

static const struct node_kind kind_raw_key = {
	.type = S_IFREG,
	.mode = 0666,
	.flags = KIND_CACHED,
	.stat = key_stat,
	.setattr = key_setattr,
	.render = key_render,
	.file = &raw_file_ops,
	.file_data = &(const struct key_view){print_raw},
};

static int raw_lookup(struct request *request, struct node *dir, const char *name,
		      struct node **child, struct stat *st)
{
	return key_lookup(request, dir, name, &kind_raw_key, child, st);
}

static int raw_create(struct request *request, struct node *dir, const char *name,
		      struct file *file, struct node **child, struct stat *st)
{
	return key_create(request, dir, name, &kind_raw_key, file, child, st);
}

static int raw_list(struct request *request, struct node *dir, struct listing *listing)
{
	return list_keys(request, dir, listing, &kind_raw_key);
}

const struct node_kind kind_raw_dir = {
	.name = "raw",
	.type = S_IFDIR,
	.present = map_is_keyed,
	.lookup = raw_lookup,
	.create = raw_create,
	.list = raw_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};

/* --- sum/KEY: one number for all CPUs --- */

static int print_sum(struct request *request, const struct codec *codec, const void *value,
		     struct buffer *text)
{
	int rc = codec_print_sum(codec, value, text);
	if (rc == -EOPNOTSUPP && !request->fault.text[0])
		fault_set(&request->fault, EOPNOTSUPP, "only integers can be summed");
	buffer_append_char(text, '\n');
	return rc;
}

static const struct node_kind kind_sum_key = {
	.type = S_IFREG,
	.mode = 0444,
	.flags = KIND_CACHED,
	.stat = key_stat,
	.setattr = key_setattr,
	.render = key_render,
	.file_data = &(const struct key_view){print_sum},
};

static int sum_lookup(struct request *request, struct node *dir, const char *name,
		      struct node **child, struct stat *st)
{
	return key_lookup(request, dir, name, &kind_sum_key, child, st);
}

/* Where there is nothing to sum, nothing is listed: tools that read all files need not fail. */
static int sum_list(struct request *request, struct node *dir, struct listing *listing)
{
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	if (rc || !codec_has_sum(codec))
		return rc;
	return listing_add_keys(request, listing, held.object, &kind_sum_key);
}

static bool is_percpu(const struct object *map)
{
	return map_is_keyed(map) && map_type_get(map->info.type)->percpu;
}

const struct node_kind kind_sum_dir = {
	.name = "sum",
	.type = S_IFDIR,
	.present = is_percpu,
	.lookup = sum_lookup,
	.list = sum_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};

/* --- links/KEY: what the element refers to --- */

static bool has_links(const struct object *map)
{
	enum map_value value = map_type_get(map->info.type)->value;
	return map_is_keyed(map) &&
	       (value == VALUE_MAP || value == VALUE_PROG || value == VALUE_DEVMAP);
}

/* The reference is the first word of the value in all three. */
static int link_path(struct request *request, struct object *map, uint32_t reference,
		     struct buffer *path)
{
	struct device_info device;
	int rc;
	switch (map_type_get(map->info.type)->value) {
	case VALUE_MAP:
		buffer_append_format(path, "maps.by-id/%u", reference);
		return buffer_error(path);
	case VALUE_PROG:
		buffer_append_format(path, "progs.by-id/%u", reference);
		return buffer_error(path);
	default:
		rc = device_by_ifindex(map->handle->backend, reference, &device);
		if (rc)
			return rc == -ENODEV ? -ENOENT : rc;
		buffer_append_format(path, "devices.offload/%s", device.name);
		return buffer_error(path);
	}
}

static int links_lookup(struct request *request, struct node *dir, const char *name,
			struct node **child, struct stat *st)
{
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	cleanup_free unsigned char *key = NULL;
	int rc = object_acquire(request, dir, &held.object, NULL);
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	if (!rc)
		rc = key_parse(request, held.object, codec, name, &key);
	if (rc)
		return rc == -EINVAL ? -ENOENT : rc;
	size_t size = codec_value_bytes(codec);
	cleanup_free unsigned char *value = calloc(1, size + sizeof(uint32_t));
	if (!value)
		return -ENOMEM;
	rc = map_lookup(held.object->handle, key, value, 0);
	if (rc)
		return rc;
	uint32_t reference;
	memcpy(&reference, value, sizeof(reference));
	struct buffer path = BUFFER_INIT;
	rc = link_path(request, held.object, reference, &path);
	if (!rc) {
		*child = node_link_child(request->fs->nodes, dir, name, path.data);
		rc = *child ? 0 : -ENOMEM;
	}
	buffer_free(&path);
	return rc;
}

static int links_list(struct request *request, struct node *dir, struct listing *listing)
{
	return list_keys(request, dir, listing, &kind_link);
}

const struct node_kind kind_links_dir = {
	.name = "links",
	.type = S_IFDIR,
	.present = has_links,
	.lookup = links_lookup,
	.list = links_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};
