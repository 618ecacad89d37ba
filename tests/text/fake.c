// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake.h"

static struct fake *fake_of(struct backend *backend)
{
	return (struct fake *)backend;
}

static int fake_open(struct backend *backend, enum object_kind kind, uint32_t id,
		     uint32_t open_flags, struct handle **handle)
{
	struct fake *fake = fake_of(backend);

	if (kind == OBJECT_MAP && id == FAKE_MAP_ID)
		*handle = &fake->map;
	else if (kind == OBJECT_MAP && id == FAKE_OTHER_MAP_ID)
		*handle = &fake->other_map;
	else if (kind == OBJECT_PROG && id == FAKE_PROG_ID)
		*handle = &fake->prog;
	else if (kind == OBJECT_BTF && fake->btf_data)
		*handle = &fake->btf;
	else
		return -ENOENT;
	fake->open_handles++;
	return 0;
}

static void fake_close(struct handle *handle)
{
	fake_of(handle->backend)->open_handles--;
}

static int fake_map_info(struct handle *map, struct map_info *info)
{
	struct fake *fake = fake_of(map->backend);

	if (map == &fake->map) {
		*info = fake->info;
		return 0;
	}
	*info = (struct map_info){.id = FAKE_OTHER_MAP_ID, .type = 2, .name = "inner"};
	return 0;
}

static int fake_prog_info(struct handle *prog, struct prog_info *info)
{
	*info = (struct prog_info){.id = FAKE_PROG_ID, .name = "pass"};
	return 0;
}

static int fake_btf_bytes(struct handle *btf, void **bytes, size_t *length)
{
	struct fake *fake = fake_of(btf->backend);

	*bytes = malloc(fake->btf_length);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, fake->btf_data, fake->btf_length);
	*length = fake->btf_length;
	return 0;
}

static int fake_btf_load(struct backend *backend, const void *bytes, size_t length,
			 struct handle **btf)
{
	*btf = &fake_of(backend)->btf;
	fake_of(backend)->open_handles++;
	return 0;
}

static int fake_map_create(struct backend *backend, const struct map_spec *spec,
			   struct handle **map)
{
	struct fake *fake = fake_of(backend);

	if (!spec->max_entries)
		return -EINVAL;
	fake->created = *spec;
	fake->open_handles++;
	*map = &fake->map;
	return 0;
}

static int fake_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
			 struct handle **handle)
{
	struct fake *fake = fake_of(backend);

	if (strcmp(path, "dir/prog") == 0)
		*handle = &fake->prog;
	else if (strcmp(path, "dir/map") == 0)
		*handle = &fake->other_map;
	else
		return -ENOENT;
	fake->open_handles++;
	return 0;
}

static void fill_device(struct device_info *info)
{
	*info = (struct device_info){.ifindex = FAKE_IFINDEX};
	snprintf(info->name, sizeof(info->name), "%s", FAKE_IFNAME);
}

static int fake_device_find(struct backend *backend, const char *name, struct device_info *info)
{
	fill_device(info);
	return strcmp(name, FAKE_IFNAME) == 0 ? 0 : -ENODEV;
}

static int fake_device_by_ifindex(struct backend *backend, uint32_t ifindex,
				  struct device_info *info)
{
	fill_device(info);
	return ifindex == FAKE_IFINDEX ? 0 : -ENODEV;
}

static const struct backend_ops fake_ops = {
	.name = "fake",
	.object_open = fake_open,
	.handle_close = fake_close,
	.map_info = fake_map_info,
	.prog_info = fake_prog_info,
	.btf_bytes = fake_btf_bytes,
	.btf_load = fake_btf_load,
	.map_create = fake_map_create,
	.pin_open = fake_pin_open,
	.device_find = fake_device_find,
	.device_by_ifindex = fake_device_by_ifindex,
};

void fake_init(struct fake *fake, uint32_t type, uint32_t key_size, uint32_t value_size)
{
	*fake = (struct fake){
		.backend = {.ops = &fake_ops, .possible_cpus = 2},
		.map = {&fake->backend, OBJECT_MAP, FAKE_MAP_FD},
		.other_map = {&fake->backend, OBJECT_MAP, FAKE_OTHER_MAP_FD},
		.prog = {&fake->backend, OBJECT_PROG, FAKE_PROG_FD},
		.btf = {&fake->backend, OBJECT_BTF, FAKE_BTF_FD},
		.info = {.type = type,
			 .id = FAKE_MAP_ID,
			 .key_size = key_size,
			 .value_size = value_size,
			 .max_entries = 16,
			 .name = "m"},
	};
}

struct codec *fake_codec(struct fake *fake, const char *format)
{
	const struct codec_options options = {.format = format};
	struct fault fault = FAULT_INIT;
	struct codec *codec = NULL;
	int error = codec_open(&fake->map, &options, &codec, &fault);

	if (error) {
		fprintf(stderr, "codec_open: %s: %s\n", strerror(-error), fault.text);
		abort();
	}
	return codec;
}

const char *name_of(const struct codec *codec, const void *key, struct buffer *out)
{
	buffer_reset(out);
	return codec_print_name(codec, key, out) ? "?" : out->data;
}

const char *value_of(const struct codec *codec, const void *value, struct buffer *out)
{
	buffer_reset(out);
	return codec_print_value(codec, value, out) ? "?" : out->data;
}

int parse_value(const struct codec *codec, const char *text, void *value, struct fault *fault)
{
	struct value_input input = {.bytes = value};
	int error = codec_parse_value(codec, text, strlen(text), NULL, &input, fault);

	value_input_release(&input);
	return error;
}
