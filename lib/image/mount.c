// SPDX-License-Identifier: BSD-2-Clause
/*
 * image:DIR: a snapshot in the emulated backend. Programs and links are emulated as far as they
 * are known (type, name and tag), and devices by their names, so that references have somewhere
 * to point.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "emu/emu.h"
#include "image/elements.h"
#include "image/report.h"
#include "image/restore.h"

static int device_make(struct backend *backend, const char *name)
{
	struct device_info known;

	if (!device_find(backend, name, &known))
		return 0;
	return device_add(backend, name);
}

static int devices_make(struct image *image, struct backend *backend, struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; !error && i < image->device_count; i++)
		error = device_make(backend, image->devices[i].name);
	for (size_t i = 0; !error && i < image->map_count; i++)
		if (image->maps[i].ifname[0])
			error = device_make(backend, image->maps[i].ifname);
	return error ? fault_set(fault, -error, "a device cannot be emulated: %s", strerror(-error))
		     : 0;
}

/* Programs of devmaps and cpumaps were loaded for that: it is not recorded, it follows. */
static uint32_t attach_type_of(struct image *image, uint32_t prog_id)
{
	for (size_t i = 0; i < image->map_count; i++) {
		const struct image_map *map = &image->maps[i];
		enum map_value kind = map_type_get(map->info.type)->value;
		struct elements elements;
		bool found = false;

		if ((kind != VALUE_DEVMAP && kind != VALUE_CPUMAP) || map->value_bytes < 8 ||
		    elements_open(image, map, &elements, NULL))
			continue;
		while (!found && elements_next(&elements, NULL) > 0)
			for (uint32_t at = 0; at < elements.count; at++)
				found |= !memcmp(elements.values + at * map->value_bytes + 4,
						 &prog_id, sizeof(prog_id));
		elements_close(&elements);
		if (found)
			return kind == VALUE_DEVMAP ? BPF_XDP_DEVMAP : BPF_XDP_CPUMAP;
	}
	return 0;
}

static int progs_make(struct image *image, struct backend *backend, struct handle **handles,
		      struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; !error && i < image->prog_count; i++) {
		const struct image_prog *prog = &image->progs[i];
		struct emu_prog_spec spec = {
			.type = prog->type,
			.expected_attach_type = attach_type_of(image, prog->id),
			.gpl_compatible = true,
			.jited = true,
		};

		memcpy(spec.name, prog->name, sizeof(spec.name));
		memcpy(spec.tag, prog->tag, sizeof(spec.tag));
		error = emu_prog_load(backend, &spec, &handles[i]);
	}
	return error ? fault_set(fault, -error, "a program cannot be emulated: %s",
				 strerror(-error))
		     : 0;
}

/* Links are made last: their pins have their places only now. */
static void links_make(struct image *image, struct backend *backend, struct handle **progs)
{
	static const struct caller root = {0};

	for (size_t i = 0; i < image->node_count; i++) {
		const struct image_node *node = &image->nodes[i];
		cleanup_with(handle_closep) struct handle *link = NULL;
		const struct image_prog *prog = image_find_prog(image, node->prog_id);
		struct emu_link_spec spec = {.type = node->link_type,
					     .prog_fd = prog ? handle_fd(progs[prog - image->progs])
							     : -1};

		if (node->kind != NODE_LINK || emu_link_create(backend, &spec, &link) ||
		    pin(link, &root, node->path))
			continue;
		tree_chmod(backend, &root, node->path, node->mode);
		tree_chown(backend, &root, node->path, node->uid, node->gid);
	}
}

static int image_emulate(struct image *image, struct backend *backend, struct fault *fault)
{
	static const struct snapshot_restore_options options = {
		.partial = true, .as_root = true, .cpus = SNAPSHOT_CPUS_COPY};
	cleanup_free struct handle **progs = calloc(image->prog_count + 1, sizeof(*progs));
	snapshot_report *report = NULL;
	int error;

	if (!progs)
		return fault_set(fault, ENOMEM, "out of memory");
	if (image->possible_cpus)
		backend->possible_cpus = image->possible_cpus;
	error = devices_make(image, backend, fault);
	if (!error)
		error = progs_make(image, backend, progs, fault);
	if (!error)
		error = restore_into(image, backend, "", &options, &report, fault);
	if (!error)
		links_make(image, backend, progs);
	json_decref(report);
	for (size_t i = 0; i < image->prog_count; i++)
		handle_close(progs[i]);
	return error;
}

int snapshot_mount(const char *directory, const struct backend_options *options,
		   struct backend **backend, struct fault *fault)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	struct backend *made;
	int error = snapshot_open(directory, NULL, SNAPSHOT_ELEMENTS, NULL, &image, fault);

	if (!error)
		error = emu_open(NULL, &made, fault);
	if (error)
		return error;
	error = image_emulate(image, made, fault);
	if (error) {
		backend_close(made);
		return error;
	}
	made->origin = realpath(directory, NULL);
	made->read_only = !options || !options->read_write;
	*backend = made;
	return 0;
}
