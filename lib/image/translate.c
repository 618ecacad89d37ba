// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/map_type.h>
#include "image/contents.h"
#include "image/translate.h"

static unsigned image_cpus(const struct restore *restore)
{
	return restore->image->possible_cpus ? restore->image->possible_cpus
					     : restore->backend->possible_cpus;
}

static bool needs_cpus(const struct restore *restore, const struct image_map *map)
{
	return map_type_get(map->info.type)->percpu &&
	       image_cpus(restore) != restore->backend->possible_cpus;
}

static bool needs_objects(const struct image_map *map)
{
	enum map_value value = map_type_get(map->info.type)->value;

	return value == VALUE_MAP || value == VALUE_PROG || value == VALUE_DEVMAP ||
	       value == VALUE_CPUMAP;
}

int translation_open(struct restore *restore, const struct image_map *map,
		     struct translation *translation)
{
	struct elements probe;
	int error = elements_open(restore->image, map, &probe, restore->fault);

	if (error)
		return error;
	*translation = (struct translation){.restore = restore, .map = map, .room = probe.room};
	elements_close(&probe);
	translation->value_bytes = map_value_bytes(map->info.type, map->info.value_size,
						   restore->backend->possible_cpus);
	if (!needs_cpus(restore, map) && !needs_objects(map))
		return 0;
	translation->keys = malloc((size_t)translation->room * map->info.key_size + 1);
	translation->in = calloc(translation->room, translation->value_bytes + 1);
	translation->out = calloc(translation->room, translation->value_bytes + 1);
	if (!translation->keys || !translation->in || !translation->out) {
		translation_close(translation);
		return fault_set(restore->fault, ENOMEM, "out of memory");
	}
	return 0;
}

void translation_close(struct translation *translation)
{
	free(translation->keys);
	free(translation->in);
	free(translation->out);
	translation->keys = translation->in = translation->out = NULL;
}

/* --- per-CPU values --- */

/* Adds two values as integers of 1, 2, 4 bytes, or as rows of 8. */
static void integers_add(unsigned char *to, const unsigned char *from, uint32_t size)
{
	uint32_t width = size == 1 || size == 2 || size == 4 ? size : 8;

	for (uint32_t at = 0; at + width <= size; at += width) {
		uint64_t a = 0, b = 0;

		memcpy(&a, to + at, width);
		memcpy(&b, from + at, width);
		a += b;
		memcpy(to + at, &a, width);
	}
}

static void cpus_translate(const struct translation *translation, const unsigned char *from,
			   unsigned char *to)
{
	const struct restore *restore = translation->restore;
	size_t slot = (translation->map->info.value_size + 7) & ~(size_t)7;
	unsigned theirs = image_cpus(restore), ours = restore->backend->possible_cpus;
	unsigned both = theirs < ours ? theirs : ours;

	memset(to, 0, translation->value_bytes);
	if (restore->options->cpus == SNAPSHOT_CPUS_COPY) {
		memcpy(to, from, both * slot);
		return;
	}
	for (unsigned cpu = 0; cpu < theirs; cpu++)
		integers_add(to, from + cpu * slot, translation->map->info.value_size);
}

/* --- references: what is written has a descriptor, what is read has an id --- */

static bool prog_translate(const struct restore *restore, uint32_t id, uint32_t *in, uint32_t *out)
{
	const struct image_prog *prog = image_find_prog(restore->image, id);
	const struct restore_prog *here =
		prog ? &restore->progs[prog - restore->image->progs] : NULL;

	if (!here || !here->handle)
		return false;
	*in = (uint32_t)handle_fd(here->handle);
	*out = here->id;
	return true;
}

static bool map_translate(const struct restore *restore, uint32_t id, uint32_t *in, uint32_t *out)
{
	const struct image_map *map = image_find_map(restore->image, id);
	const struct restore_map *here = map ? &restore->maps[map - restore->image->maps] : NULL;

	if (!here || !here->handle)
		return false;
	*in = (uint32_t)handle_fd(here->handle);
	*out = here->id;
	return true;
}

static bool device_translate(const struct restore *restore, uint32_t *ifindex)
{
	const struct image_device *device = image_find_device(restore->image, *ifindex);
	uint32_t here = device ? restore->devices[device - restore->image->devices] : 0;

	if (!here)
		return false;
	*ifindex = here;
	return true;
}

static bool words_translate(const struct restore *restore, enum map_value kind, uint32_t in[2],
			    uint32_t out[2])
{
	switch (kind) {
	case VALUE_MAP:
		return map_translate(restore, in[0], &in[0], &out[0]);
	case VALUE_PROG:
		return prog_translate(restore, in[0], &in[0], &out[0]);
	case VALUE_DEVMAP:
		if (!device_translate(restore, &in[0]))
			return false;
		out[0] = in[0];
		break;
	default:
		break;
	}
	return !in[1] || prog_translate(restore, in[1], &in[1], &out[1]);
}

static bool objects_translate(const struct translation *translation, const unsigned char *from,
			      unsigned char *in, unsigned char *out)
{
	enum map_value kind = map_type_get(translation->map->info.type)->value;
	size_t size = translation->value_bytes;
	uint32_t words[2] = {0, 0}, ids[2];

	memcpy(words, from, size < sizeof(words) ? size : sizeof(words));
	memcpy(ids, words, sizeof(ids));
	if (!words_translate(translation->restore, kind, words, ids))
		return false;
	memcpy(in, words, size < sizeof(words) ? size : sizeof(words));
	memcpy(out, ids, size < sizeof(ids) ? size : sizeof(ids));
	return true;
}

static bool element_translate(struct translation *translation, const unsigned char *value,
			      unsigned char *in, unsigned char *out)
{
	if (needs_objects(translation->map))
		return objects_translate(translation, value, in, out);
	cpus_translate(translation, value, in);
	memcpy(out, in, translation->value_bytes);
	return true;
}

void translation_apply(struct translation *translation, const struct elements *elements)
{
	size_t key_size = translation->map->info.key_size, size = translation->value_bytes;
	uint32_t kept = 0;

	if (!translation->in) {
		contents_clear_padding(&translation->map->info,
				       translation->restore->backend->possible_cpus,
				       elements->values, elements->count);
		translation->count = elements->count;
		translation->chunk_keys = elements->keys;
		translation->chunk_in = translation->chunk_out = elements->values;
		return;
	}
	for (uint32_t i = 0; i < elements->count; i++) {
		if (!element_translate(
			    translation, elements->values + i * translation->map->value_bytes,
			    translation->in + kept * size, translation->out + kept * size))
			continue;
		memcpy(translation->keys + kept * key_size, elements->keys + i * key_size,
		       key_size);
		kept++;
	}
	translation->dropped += elements->count - kept;
	translation->count = kept;
	translation->chunk_keys = translation->keys;
	translation->chunk_in = translation->in;
	translation->chunk_out = translation->out;
}
