// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "emu/emu.h"
#include "image/codecs.h"
#include "image/report.h"
#include "image/restore.h"

struct image_codecs {
	struct restore restore;
	struct snapshot_restore_options options;
	struct codec **codecs; /* of each map of the image; NULL: none */
};

static int codecs_make(struct image_codecs *codecs, struct fault *fault)
{
	struct restore *restore = &codecs->restore;
	int error = emu_open(NULL, &restore->backend, fault);

	if (error)
		return error;
	if (restore->image->possible_cpus)
		restore->backend->possible_cpus = restore->image->possible_cpus;
	restore->report = report_new();
	codecs->codecs = calloc(restore->image->map_count + 1, sizeof(struct codec *));
	if (!restore->report || !codecs->codecs)
		return fault_set(fault, ENOMEM, "out of memory");
	error = restore_begin(restore);
	if (!error)
		error = restore_make_empty(restore);
	for (size_t i = 0; !error && i < restore->image->map_count; i++)
		if (restore->maps[i].handle)
			codec_open(restore->maps[i].handle, NULL, &codecs->codecs[i], NULL);
	return error;
}

int image_codecs_open(struct image *image, struct image_codecs **codecs, struct fault *fault)
{
	struct image_codecs *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->restore = (struct restore){
		.image = image, .target = "", .options = &made->options, .fault = fault};
	error = codecs_make(made, fault);
	if (error) {
		image_codecs_close(made);
		return error;
	}
	*codecs = made;
	return 0;
}

void image_codecs_close(struct image_codecs *codecs)
{
	if (!codecs)
		return;
	for (size_t i = 0; codecs->codecs && i < codecs->restore.image->map_count; i++)
		codec_put(codecs->codecs[i]);
	free(codecs->codecs);
	json_decref(codecs->restore.report);
	restore_end(&codecs->restore);
	backend_close(codecs->restore.backend);
	free(codecs);
}

static struct codec *codec_of(struct image_codecs *codecs, const struct image_map *map)
{
	return codecs->codecs[map - codecs->restore.image->maps];
}

static void print_hex(const void *bytes, size_t length, bool quoted, struct buffer *out)
{
	if (quoted)
		buffer_append_char(out, '"');
	buffer_append_string(out, "hex-");
	buffer_append_hex(out, bytes, length);
	if (quoted)
		buffer_append_char(out, '"');
}

/* A queue's elements have positions. */
static void print_position(const void *key, struct buffer *out)
{
	uint32_t position;

	memcpy(&position, key, sizeof(position));
	buffer_append_u64(out, position);
}

void image_print_name(struct image_codecs *codecs, const struct image_map *map, const void *key,
		      struct buffer *out)
{
	struct codec *codec = codec_of(codecs, map);

	if (!map->info.key_size)
		print_position(key, out);
	else if (!codec || codec_print_full_name(codec, key, out))
		print_hex(key, map->info.key_size, false, out);
}

void image_print_key_json(struct image_codecs *codecs, const struct image_map *map, const void *key,
			  struct buffer *out)
{
	struct codec *codec = codec_of(codecs, map);

	if (!map->info.key_size)
		print_position(key, out);
	else if (!codec || codec_print_key_json(codec, key, out))
		print_hex(key, map->info.key_size, true, out);
}

/* Ids are those of the image: the emulation has given its maps others. */
static void print_reference(uint32_t id, const char *name, struct buffer *out)
{
	json_t *object = name ? json_pack("{s:I, s:s}", "id", (json_int_t)id, "name", name)
			      : json_pack("{s:I}", "id", (json_int_t)id);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	buffer_append_string(out, text ? text : "null");
	free(text);
	json_decref(object);
}

static void print_device(struct image *image, const struct image_map *map, const void *value,
			 struct buffer *out)
{
	const struct image_device *device;
	uint32_t words[2] = {0, 0};

	memcpy(words, value, map->value_bytes < sizeof(words) ? map->value_bytes : sizeof(words));
	device = image_find_device(image, words[0]);
	buffer_append_format(out, "{\"ifindex\":%" PRIu32, words[0]);
	if (device)
		buffer_append_format(out, ",\"ifname\":\"%s\"", device->name);
	if (words[1])
		buffer_append_format(out, ",\"prog_id\":%" PRIu32, words[1]);
	buffer_append_char(out, '}');
}

/* True: the value is a reference, and is printed. */
static bool print_known(struct image *image, const struct image_map *map, const void *value,
			struct buffer *out)
{
	const struct image_map *inner;
	const struct image_prog *prog;
	uint32_t id;

	memcpy(&id, value, sizeof(id));
	switch (map_type_get(map->info.type)->value) {
	case VALUE_MAP:
		inner = image_find_map(image, id);
		print_reference(id, inner ? inner->info.name : NULL, out);
		return true;
	case VALUE_PROG:
		prog = image_find_prog(image, id);
		print_reference(id, prog ? prog->name : NULL, out);
		return true;
	case VALUE_DEVMAP:
		print_device(image, map, value, out);
		return true;
	default:
		return false;
	}
}

void image_print_value(struct image_codecs *codecs, const struct image_map *map, const void *value,
		       struct buffer *out)
{
	struct codec *codec = codec_of(codecs, map);

	if (map->value_bytes >= sizeof(uint32_t) &&
	    print_known(codecs->restore.image, map, value, out))
		return;
	if (!codec || codec_print_value(codec, value, out))
		print_hex(value, map->value_bytes, true, out);
}
