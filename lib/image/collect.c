// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "image/collect.h"
#include "image/report.h"
#include "mount/mount.h"

static int out_of_memory(struct fault *fault)
{
	return fault_set(fault, ENOMEM, "out of memory");
}

/* --- programs --- */

static int prog_pin_visit(void *context, const char *path, const struct stat *st)
{
	struct collector *collector = context;
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct image_prog *prog;
	uint32_t id;

	if (pin_open(collector->backend, path, 0, &handle) || handle->kind != OBJECT_PROG ||
	    object_id(handle, &id))
		return 0;
	prog = image_find_prog(collector->image, id);
	if (prog && !prog->pin)
		prog->pin = strdup(path);
	return 0;
}

static int prog_add(struct collector *collector, struct handle *handle, struct fault *fault)
{
	struct prog_info info = {0};
	struct image_prog *prog;
	int error = prog_info(handle, &info);

	if (error)
		return fault_set(fault, -error, "a program cannot be queried: %s",
				 strerror(-error));
	if (!image_find_prog(collector->image, info.id)) {
		prog = image_add_prog(collector->image);
		if (!prog)
			error = out_of_memory(fault);
		else {
			prog->id = info.id;
			prog->type = info.type;
			memcpy(prog->name, info.name, sizeof(prog->name) - 1);
			memcpy(prog->tag, info.tag, sizeof(prog->tag));
			collector->prog_pins_known = false;
		}
	}
	prog_info_free(&info);
	return error;
}

/* A program that is gone meanwhile is not noted: its element will be listed on restore. */
static int prog_add_id(struct collector *collector, uint32_t id, struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;

	if (!id || image_find_prog(collector->image, id))
		return 0;
	if (object_open(collector->backend, OBJECT_PROG, id, 0, &handle))
		return 0;
	return prog_add(collector, handle, fault);
}

static int device_add_ifindex(struct collector *collector, uint32_t ifindex, struct fault *fault)
{
	struct device_info info;
	struct image_device *device;

	if (!ifindex || image_find_device(collector->image, ifindex) ||
	    device_by_ifindex(collector->backend, ifindex, &info))
		return 0;
	device = image_add_device(collector->image);
	if (!device)
		return out_of_memory(fault);
	device->ifindex = ifindex;
	memcpy(device->name, info.name, sizeof(device->name));
	return 0;
}

int collect_references(struct collector *collector, const struct map_info *info, const void *values,
		       size_t value_bytes, uint32_t count, struct fault *fault)
{
	enum map_value kind = map_type_get(info->type)->value;
	const unsigned char *value = values;
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++, value += value_bytes) {
		uint32_t words[2] = {0, 0};

		memcpy(words, value, value_bytes < sizeof(words) ? value_bytes : sizeof(words));
		if (kind == VALUE_PROG)
			error = prog_add_id(collector, words[0], fault);
		if (kind == VALUE_DEVMAP)
			error = device_add_ifindex(collector, words[0], fault);
		if (!error && (kind == VALUE_DEVMAP || kind == VALUE_CPUMAP))
			error = prog_add_id(collector, words[1], fault);
	}
	return error;
}

/* --- maps --- */

static int btf_add(struct collector *collector, struct image_map *map, const char *label,
		   struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct image_btf *btf;
	void *bytes = NULL;
	size_t length;
	int error;

	if (!map->info.btf_id || image_find_btf(collector->image, map->info.btf_id))
		return 0;
	error = object_open(collector->backend, OBJECT_BTF, map->info.btf_id, 0, &handle);
	if (!error)
		error = btf_bytes(handle, &bytes, &length);
	if (error) {
		map->info.btf_id = 0;
		image_omit(collector->image, label, "its BTF cannot be read; types are lost");
		return 0;
	}
	btf = image_add_btf(collector->image);
	if (!btf) {
		free(bytes);
		return out_of_memory(fault);
	}
	*btf = (struct image_btf){map->info.btf_id, bytes, length};
	return 0;
}

static void map_name_device(struct collector *collector, struct image_map *map)
{
	struct device_info device;

	if (!map->info.ifindex)
		return;
	if (device_by_ifindex(collector->backend, map->info.ifindex, &device))
		snprintf(map->ifname, sizeof(map->ifname), "ifindex-%u", map->info.ifindex);
	else
		memcpy(map->ifname, device.name, sizeof(map->ifname));
}

int collect_map(struct collector *collector, struct handle *handle, const char *label,
		size_t *index, struct fault *fault)
{
	struct image_map made = {.contents = true}, *map;
	int error = map_info(handle, &made.info);

	if (error)
		return fault_set(fault, -error, "%s: cannot be queried: %s", label,
				 strerror(-error));
	if (image_find_map(collector->image, made.info.id))
		return 1;
	error = map_state(handle, &made.state);
	if (error)
		return fault_set(fault, -error, "%s: its state cannot be read: %s", label,
				 strerror(-error));
	made.info.name[OBJECT_NAME_MAX - 1] = '\0';
	made.value_bytes = map_value_bytes(made.info.type, made.info.value_size,
					   collector->backend->possible_cpus);
	map_name_device(collector, &made);
	*index = collector->image->map_count;
	map = image_add_map(collector->image);
	if (!map)
		return out_of_memory(fault);
	*map = made;
	return btf_add(collector, map, label, fault);
}

int collect_inner_map(struct collector *collector, uint32_t id, struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	char label[32];
	int error;

	if (image_find_map(collector->image, id))
		return 0;
	error = object_open(collector->backend, OBJECT_MAP, id, 0, &handle);
	if (error)
		return error == -ENOENT ? error
					: fault_set(fault, -error, "map %u cannot be opened: %s",
						    id, strerror(-error));
	snprintf(label, sizeof(label), "map %u", id);
	return collector->map(collector, handle, label, fault);
}

/* --- the pin tree --- */

/* `what` gives the kind, and what belongs to it. */
static int node_add(struct collector *collector, const char *name, const struct stat *st,
		    const struct image_node *what, struct fault *fault)
{
	char *path = strdup(name);
	struct image_node *node = path ? image_add_node(collector->image) : NULL;

	if (!node) {
		free(path);
		return out_of_memory(fault);
	}
	*node = *what;
	node->path = path;
	node->mode = st->st_mode & 07777;
	node->uid = st->st_uid;
	node->gid = st->st_gid;
	return 0;
}

static int collect_symlink(struct collector *collector, const char *path, const char *name,
			   const struct stat *st, struct fault *fault)
{
	struct image_node node = {.kind = NODE_SYMLINK};
	char target[PATH_MAX];
	int error = tree_readlink(collector->backend, path, target, sizeof(target));

	if (error)
		return fault_set(fault, -error, "%s: cannot be read: %s", path, strerror(-error));
	node.target = strdup(target);
	error = node.target ? node_add(collector, name, st, &node, fault) : out_of_memory(fault);
	if (error)
		free(node.target);
	return error;
}

static int collect_link(struct collector *collector, struct handle *handle, struct image_node *node,
			struct fault *fault)
{
	struct link_info info = {0};
	int error = link_info(handle, &info);

	if (error)
		return 0; /* its type is only told, never needed */
	node->link_type = info.type;
	node->prog_id = info.prog_id;
	error = prog_add_id(collector, info.prog_id, fault);
	link_info_free(&info);
	return error;
}

/* What the pin is, is known only once it is open. 0 with node->id, or -ENODEV: it has no id. */
static int collect_object(struct collector *collector, struct handle *handle, const char *name,
			  struct image_node *node, struct fault *fault)
{
	static const enum image_node_kind kinds[] = {
		[OBJECT_MAP] = NODE_MAP, [OBJECT_PROG] = NODE_PROG, [OBJECT_LINK] = NODE_LINK};
	int error = object_id(handle, &node->id);

	if (error)
		return error;
	node->kind = kinds[handle->kind];
	switch (handle->kind) {
	case OBJECT_MAP:
		return collector->map(collector, handle, name, fault);
	case OBJECT_PROG:
		return prog_add(collector, handle, fault);
	default:
		return collect_link(collector, handle, node, fault);
	}
}

static int pin_open_any(struct backend *backend, const char *path, struct handle **handle)
{
	int error = pin_open(backend, path, 0, handle);

	return error == -EACCES ? pin_open(backend, path, BPF_F_RDONLY, handle) : error;
}

static int collect_pin(struct collector *collector, const char *path, const char *name,
		       const struct stat *st, struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct image_node node = {0};
	int error = pin_open_any(collector->backend, path, &handle);

	if (error == -ENOENT)
		return image_omit(collector->image, name, "was gone when it was opened");
	if (error)
		return fault_set(fault, -error, "%s: cannot be opened: %s", path, strerror(-error));
	error = collect_object(collector, handle, name, &node, fault);
	if (error == -ENODEV)
		return image_omit(collector->image, name,
				  "its device is gone, and its elements too");
	if (error)
		return error;
	return node_add(collector, name, st, &node, fault);
}

static int collect_entry(struct collector *collector, const char *path, const char *name,
			 struct fault *fault);

static int entry_compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name, ((const struct tree_entry *)b)->name);
}

/* Dots are in no user's names on bpffs: maps.debug and progs.debug are the kernel's own. */
static bool is_skipped(const char *name)
{
	return strchr(name, '.') || !strncmp(name, STAGING_PREFIX, strlen(STAGING_PREFIX)) ||
	       !strncmp(name, COMMIT_PREFIX, strlen(COMMIT_PREFIX)) ||
	       !strncmp(name, MADE_PREFIX, strlen(MADE_PREFIX));
}

static int collect_directory(struct collector *collector, const char *path, const char *name,
			     struct fault *fault)
{
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(collector->backend, path, &entries, &count);

	if (error)
		return fault_set(fault, -error, "%s: cannot be listed: %s", path, strerror(-error));
	/* bpffs lists the newest first; a snapshot of the same tree is the same each time */
	qsort(entries, count, sizeof(*entries), entry_compare);
	for (size_t i = 0; !error && i < count; i++) {
		cleanup_free char *child = NULL, *child_name = NULL;

		if (is_skipped(entries[i].name))
			continue;
		if (asprintf(&child, "%s%s%s", path, *path ? "/" : "", entries[i].name) < 0 ||
		    asprintf(&child_name, "%s/%s", name, entries[i].name) < 0)
			error = out_of_memory(fault);
		else
			error = collect_entry(collector, child, child_name, fault);
	}
	tree_entries_free(entries, count);
	return error;
}

static int collect_entry(struct collector *collector, const char *path, const char *name,
			 struct fault *fault)
{
	static const struct image_node directory = {.kind = NODE_DIRECTORY};
	struct stat st;
	int error = tree_stat(collector->backend, path, &st);

	if (error == -ENOENT && strchr(name, '/'))
		return image_omit(collector->image, name, "was gone when it was looked at");
	if (error)
		return fault_set(fault, -error, "%s: %s", path, strerror(-error));
	if (S_ISLNK(st.st_mode))
		return collect_symlink(collector, path, name, &st, fault);
	if (!S_ISDIR(st.st_mode))
		return collect_pin(collector, path, name, &st, fault);
	error = node_add(collector, name, &st, &directory, fault);
	return error ? error : collect_directory(collector, path, name, fault);
}

int collect_tree(struct collector *collector, const struct snapshot_source *source,
		 struct fault *fault)
{
	int error;

	if (image_find_node(collector->image, source->name))
		return fault_set(fault, EINVAL, "two paths would both be called %s", source->name);
	error = collect_entry(collector, source->path, source->name, fault);
	if (!error && collector->image->prog_count && !collector->prog_pins_known) {
		pins_visit(collector->backend, "", prog_pin_visit, collector);
		collector->prog_pins_known = true;
	}
	return error;
}
