// SPDX-License-Identifier: BSD-2-Clause
/* Before anything is made: what can be restored here, and what not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "image/contents.h"
#include "image/elements.h"
#include "image/order.h"
#include "image/report.h"
#include "image/restore.h"

int restore_begin(struct restore *restore)
{
	const struct image *image = restore->image;

	restore->maps = calloc(image->map_count + 1, sizeof(*restore->maps));
	restore->progs = calloc(image->prog_count + 1, sizeof(*restore->progs));
	restore->devices = calloc(image->device_count + 1, sizeof(*restore->devices));
	restore->btfs = calloc(image->btf_count + 1, sizeof(struct handle *));
	if (!restore->maps || !restore->progs || !restore->devices || !restore->btfs)
		return fault_set(restore->fault, ENOMEM, "out of memory");
	return image_order(restore->image, &restore->order, restore->fault);
}

void restore_end(struct restore *restore)
{
	for (size_t i = 0; restore->maps && i < restore->image->map_count; i++)
		handle_close(restore->maps[i].handle);
	for (size_t i = 0; restore->progs && i < restore->image->prog_count; i++)
		handle_close(restore->progs[i].handle);
	for (size_t i = 0; restore->btfs && i < restore->image->btf_count; i++)
		handle_close(restore->btfs[i]);
	free(restore->maps);
	free(restore->progs);
	free(restore->devices);
	free(restore->btfs);
	free(restore->order);
}

char *restore_path(const char *target, const char *path)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", target, *target ? "/" : "", path) < 0)
		return NULL;
	return joined;
}

/* --- programs and devices that stand for those of the image --- */

/* Takes the handle if it is the program: the same code, by its tag, of the same type. */
static bool prog_take(const struct image_prog *wanted, struct handle **handle, bool any_name,
		      struct restore_prog *found)
{
	struct prog_info info = {0};
	bool same;

	if ((*handle)->kind != OBJECT_PROG || prog_info(*handle, &info))
		return false;
	same = info.type == wanted->type && !memcmp(info.tag, wanted->tag, sizeof(info.tag)) &&
	       (any_name || !strcmp(info.name, wanted->name));
	if (same) {
		found->handle = move_ptr(*handle);
		found->id = info.id;
	}
	prog_info_free(&info);
	return same;
}

static bool prog_find_by_pin(struct restore *restore, const struct image_prog *wanted,
			     struct restore_prog *found)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;

	return wanted->pin && !pin_open(restore->backend, wanted->pin, 0, &handle) &&
	       prog_take(wanted, &handle, true, found);
}

/* The newest of that tag and name: the same code may have been loaded more than once. */
static bool prog_find_by_tag(struct restore *restore, const struct image_prog *wanted,
			     struct restore_prog *found)
{
	uint32_t id = 0;

	while (!object_next(restore->backend, OBJECT_PROG, id, &id)) {
		cleanup_with(handle_closep) struct handle *handle = NULL;
		struct restore_prog candidate = {0};

		if (object_open(restore->backend, OBJECT_PROG, id, 0, &handle) ||
		    !prog_take(wanted, &handle, false, &candidate))
			continue;
		handle_close(found->handle);
		*found = candidate;
	}
	return found->handle;
}

static void objects_find(struct restore *restore)
{
	const struct image *image = restore->image;
	struct device_info device;

	for (size_t i = 0; i < image->prog_count; i++)
		if (!prog_find_by_pin(restore, &image->progs[i], &restore->progs[i]))
			prog_find_by_tag(restore, &image->progs[i], &restore->progs[i]);
	for (size_t i = 0; i < image->device_count; i++)
		if (!device_find(restore->backend, image->devices[i].name, &device))
			restore->devices[i] = device.ifindex;
}

/* --- what cannot be --- */

static void omit(struct restore *restore, const struct image_map *map, const char *why)
{
	char label[96];

	report_omit(restore->report, image_map_label(restore->image, map, label), why);
}

static const char *map_obstacle(struct restore *restore, const struct image_map *map,
				char text[160])
{
	struct device_info device;
	const char *why = contents_uncreatable(&map->info);

	if (why)
		return why;
	if (restore->options->in_place)
		return NULL; /* the map is there */
	if (map_type_get(map->info.type)->value == VALUE_MAP && !map->inner_id && !map->elements)
		return "what maps it may hold is not known, since it was empty";
	if (map->info.ifindex && !map->ifname[0])
		return "it is bound to a device whose name is not recorded";
	if (map->ifname[0] && device_find(restore->backend, map->ifname, &device)) {
		snprintf(text, 160, "its device %s does not exist here", map->ifname);
		return text;
	}
	return NULL;
}

static const char *cpus_obstacle(struct restore *restore, const struct image_map *map,
				 char text[160])
{
	unsigned theirs = restore->image->possible_cpus;

	if (!map_type_get(map->info.type)->percpu || !map->elements || !theirs ||
	    theirs == restore->backend->possible_cpus ||
	    restore->options->cpus != SNAPSHOT_CPUS_MATCH)
		return NULL;
	snprintf(text, 160, "its values are of %u CPUs, %u are here: say --cpus=copy or --cpus=sum",
		 theirs, restore->backend->possible_cpus);
	return text;
}

/* Elements whose program or device is not here. */
static bool words_known(struct restore *restore, enum map_value kind, const uint32_t words[2])
{
	uint32_t prog = kind == VALUE_PROG ? words[0] : words[1];
	const struct image_device *device;
	const struct image_prog *known;

	if (kind == VALUE_DEVMAP) {
		device = image_find_device(restore->image, words[0]);
		if (!device || !restore->devices[device - restore->image->devices])
			return false;
	}
	if (!prog)
		return true;
	known = image_find_prog(restore->image, prog);
	return known && restore->progs[known - restore->image->progs].handle;
}

static int references_count(struct restore *restore, const struct image_map *map, uint64_t *unknown)
{
	enum map_value kind = map_type_get(map->info.type)->value;
	struct elements elements;
	int more, error = elements_open(restore->image, map, &elements, restore->fault);

	*unknown = 0;
	if (error)
		return error;
	while ((more = elements_next(&elements, restore->fault)) > 0) {
		for (uint32_t i = 0; i < elements.count; i++) {
			uint32_t words[2] = {0, 0};

			memcpy(words, elements.values + i * map->value_bytes,
			       map->value_bytes < sizeof(words) ? map->value_bytes : sizeof(words));
			*unknown += !words_known(restore, kind, words);
		}
	}
	elements_close(&elements);
	return more;
}

static int references_plan(struct restore *restore, const struct image_map *map)
{
	enum map_value kind = map_type_get(map->info.type)->value;
	uint64_t unknown;
	char why[96];
	int error;

	if (kind != VALUE_PROG && kind != VALUE_DEVMAP && kind != VALUE_CPUMAP)
		return 0;
	error = references_count(restore, map, &unknown);
	if (error || !unknown)
		return error;
	snprintf(why, sizeof(why),
		 "%" PRIu64 " of its elements refer to programs or devices that "
		 "are not here",
		 unknown);
	omit(restore, map, why);
	return 0;
}

/* A map of maps needs a map that it can be made after. */
static bool inner_is_skipped(struct restore *restore, const struct image_map *map)
{
	const struct image_map *inner = image_find_map(restore->image, map->inner_id);

	return map->inner_id && (!inner || restore->maps[inner - restore->image->maps].skip);
}

static int map_plan(struct restore *restore, size_t index)
{
	const struct image_map *map = &restore->image->maps[index];
	char text[160];
	const char *why = map_obstacle(restore, map, text);

	if (!why && inner_is_skipped(restore, map))
		why = "the map it was made after cannot be made";
	if (why) {
		restore->maps[index].skip = true;
		omit(restore, map, why);
		return 0;
	}
	if (map->info.map_flags & BPF_F_NUMA_NODE)
		report_note(restore->report, image_map_label(restore->image, map, text),
			    "asks for a NUMA node that is not recorded: it gets node 0");
	why = map->elements ? contents_unwritable(&map->info) : NULL;
	if (!why)
		why = cpus_obstacle(restore, map, text);
	if (why) {
		restore->maps[index].empty = true;
		omit(restore, map, why);
		return 0;
	}
	return references_plan(restore, map);
}

static void node_plan(struct restore *restore, const struct image_node *node)
{
	const struct image_prog *prog;

	if (node->kind == NODE_LINK)
		report_omit(restore->report, node->path,
			    "is the pin of a link: attach its program again");
	if (node->kind != NODE_PROG)
		return;
	prog = image_find_prog(restore->image, node->id);
	if (!prog || !restore->progs[prog - restore->image->progs].handle)
		report_omit(restore->report, node->path,
			    "is the pin of a program that is not loaded here");
}

int restore_plan(struct restore *restore)
{
	int error = 0;

	objects_find(restore);
	for (size_t i = 0; !error && i < restore->image->map_count; i++)
		error = map_plan(restore, restore->order[i]);
	for (size_t i = 0; !error && i < restore->image->node_count; i++)
		node_plan(restore, &restore->image->nodes[i]);
	return error;
}
