// SPDX-License-Identifier: BSD-2-Clause
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "invalidate.h"
#include "listing.h"
#include "map_dir.h"
#include "stat.h"

/* A device's directory: its number, which stays when it is renamed. */
struct device_data {
	uint32_t ifindex;
};

/* The directory of the device that `node` is or is in. */
static struct node *device_dir(struct node *node);

static int device_of_dir(struct request *request, struct node *dir, struct device_info *info)
{
	cleanup_free char *path = node_path(request->fs->nodes, dir, NULL);
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return -ENOMEM;
	return device_find(request->fs->backend, slash + 1, info);
}

/* Another device may have taken the name. */
static int device_current(struct request *request, struct node *node, struct device_info *info)
{
	struct node *dir = device_dir(node);
	const struct device_data *data = (const struct device_data *)dir->data;
	int rc = device_of_dir(request, dir, info);
	if (!rc && info->ifindex != data->ifindex)
		rc = -ENODEV;
	return rc;
}

/* --- attributes --- */

static int render_attribute(struct request *request, struct node *node, struct object *object,
			    struct buffer *text);
static int accept_attribute(struct request *request, struct node *node, struct object *object,
			    const char *text, size_t length);

#define ATTRIBUTE(number, file_name, permissions)                                                  \
	[number] = {                                                                               \
		.name = file_name,                                                                 \
		.type = S_IFREG,                                                                   \
		.mode = permissions,                                                               \
		.render = render_attribute,                                                        \
		.accept = (permissions)&0200 ? accept_attribute : NULL,                            \
	}

static const struct node_kind attribute_kinds[DEVICE_ATTRIBUTES] = {
	ATTRIBUTE(DEVICE_INFO, "info", 0444),
	ATTRIBUTE(DEVICE_DRIVER, "driver", 0644),
	ATTRIBUTE(DEVICE_LIMITS, "limits", 0644),
	ATTRIBUTE(DEVICE_NETNS, "netns", 0644),
	ATTRIBUTE(DEVICE_ASIC, "asic", 0644),
	ATTRIBUTE(DEVICE_ACCEPT, "accept", 0644),
	ATTRIBUTE(DEVICE_LATENCY_US, "latency_us", 0644),
	ATTRIBUTE(DEVICE_FAIL, "fail", 0644),
	ATTRIBUTE(DEVICE_STATS, "stats", 0644),
};

static int render_attribute(struct request *request, struct node *node, struct object *object,
			    struct buffer *text)
{
	enum device_attribute attribute = (enum device_attribute)(node->kind - attribute_kinds);
	struct device_info info;
	int rc = device_current(request, node, &info);
	if (!rc)
		rc = device_get(request->fs->backend, info.name, attribute, text);
	if (!rc && text->length)
		buffer_append_char(text, '\n');
	return rc;
}

static int accept_attribute(struct request *request, struct node *node, struct object *object,
			    const char *text, size_t length)
{
	enum device_attribute attribute = (enum device_attribute)(node->kind - attribute_kinds);
	struct device_info info;
	int rc = device_current(request, node, &info);
	if (rc)
		return rc;
	return device_set(request->fs->backend, info.name, attribute, text, length,
			  &request->fault);
}

/* The kernel's devices have fewer attributes than the emulation's. */
static bool has_attribute(struct request *request, const char *device,
			  enum device_attribute attribute)
{
	struct buffer text = BUFFER_INIT;
	int rc = device_get(request->fs->backend, device, attribute, &text);
	buffer_free(&text);
	return rc != -EOPNOTSUPP;
}

/* --- maps/ and progs/: what is bound to the device --- */

static bool is_bound_map(struct backend *backend, uint32_t id, const struct device_info *device)
{
	struct handle *map;
	struct map_info info;
	if (object_open(backend, OBJECT_MAP, id, 0, &map))
		return false;
	bool bound = map_info(map, &info) == 0 && info.ifindex == device->ifindex &&
		     info.netns_ino == device->netns_ino;
	handle_close(map);
	return bound;
}

static bool is_bound_prog(struct backend *backend, uint32_t id, const struct device_info *device)
{
	struct handle *prog;
	struct prog_info info = {0};
	if (object_open(backend, OBJECT_PROG, id, 0, &prog))
		return false;
	bool bound = prog_info(prog, &info) == 0 && info.ifindex == device->ifindex &&
		     info.netns_ino == device->netns_ino;
	prog_info_free(&info);
	handle_close(prog);
	return bound;
}

/* What the two directories differ in. */
struct bound_kind {
	enum object_kind kind;
	const char *by_id;
	bool (*is_bound)(struct backend *backend, uint32_t id, const struct device_info *device);
};
static const struct bound_kind bound_maps = {OBJECT_MAP, "maps.by-id", is_bound_map};
static const struct bound_kind bound_progs = {OBJECT_PROG, "progs.by-id", is_bound_prog};

static int bound_lookup(struct request *request, struct node *dir, const char *name,
			struct node **child, struct stat *st)
{
	const struct bound_kind *bound = dir->kind->file_data;
	char canonical[16], target[32];
	struct device_info info;
	uint32_t id = (uint32_t)strtoul(name, NULL, 10);
	snprintf(canonical, sizeof(canonical), "%u", id);
	int rc = strcmp(canonical, name) ? -ENOENT : device_current(request, dir, &info);
	if (rc)
		return rc;
	if (!bound->is_bound(request->fs->backend, id, &info))
		return -ENOENT;
	snprintf(target, sizeof(target), "%s/%u", bound->by_id, id);
	*child = node_link_child(request->fs->nodes, dir, name, target);
	return *child ? 0 : -ENOMEM;
}

static int bound_list(struct request *request, struct node *dir, struct listing *listing)
{
	const struct bound_kind *bound = dir->kind->file_data;
	struct backend *backend = request->fs->backend;
	struct device_info info;
	uint32_t id = 0;
	int rc = device_current(request, dir, &info);
	while (!rc && !(rc = object_next(backend, bound->kind, id, &id))) {
		char name[16];
		if (!bound->is_bound(backend, id, &info))
			continue;
		snprintf(name, sizeof(name), "%u", id);
		rc = listing_add(listing, name, S_IFLNK, node_ino(dir->ino, name, strlen(name)));
	}
	return rc == -ENOENT ? 0 : rc;
}

#define BOUND_DIR(identifier, file_name)                                                           \
	static const struct node_kind kind_##identifier = {                                        \
		.name = file_name,                                                                 \
		.type = S_IFDIR,                                                                   \
		.mode = 0755,                                                                      \
		.lookup = bound_lookup,                                                            \
		.list = bound_list,                                                                \
		.unlink = removal_ignore,                                                          \
		.rmdir = removal_ignore,                                                           \
		.file_data = &identifier,                                                          \
	}
BOUND_DIR(bound_maps, "maps");
BOUND_DIR(bound_progs, "progs");

static const struct node_kind *const bound_dirs[] = {&kind_bound_maps, &kind_bound_progs};

/* --- a device --- */

static int device_stat(struct request *request, struct node *node, struct stat *st)
{
	struct device_info info;
	int rc = device_current(request, node, &info);
	if (rc)
		return rc == -ENODEV ? -ESTALE : rc;
	stat_mounter(request->fs, node, st);
	return 0;
}

static int device_dir_lookup(struct request *request, struct node *dir, const char *name,
			     struct node **child, struct stat *st)
{
	const struct node_kind *found = NULL;
	struct device_info info;
	int rc = device_current(request, dir, &info);
	for (int i = 0; !rc && i < DEVICE_ATTRIBUTES; i++)
		if (!strcmp(attribute_kinds[i].name, name) && has_attribute(request, info.name, i))
			found = &attribute_kinds[i];
	for (size_t i = 0; !rc && i < sizeof(bound_dirs) / sizeof(bound_dirs[0]); i++)
		if (!strcmp(bound_dirs[i]->name, name))
			found = bound_dirs[i];
	if (rc || !found)
		return rc ? rc : -ENOENT;
	*child = node_fixed_child(request->fs->nodes, dir, found);
	return *child ? 0 : -ENOMEM;
}

static int add_fixed(struct listing *listing, const struct node *dir, const struct node_kind *kind)
{
	return listing_add(listing, kind->name, kind->type,
			   node_ino(dir->ino, kind->name, strlen(kind->name)));
}

static int device_dir_list(struct request *request, struct node *dir, struct listing *listing)
{
	struct device_info info;
	int rc = device_current(request, dir, &info);
	for (int i = 0; !rc && i < DEVICE_ATTRIBUTES; i++)
		if (has_attribute(request, info.name, i))
			rc = add_fixed(listing, dir, &attribute_kinds[i]);
	for (size_t i = 0; !rc && i < sizeof(bound_dirs) / sizeof(bound_dirs[0]); i++)
		rc = add_fixed(listing, dir, bound_dirs[i]);
	return rc;
}

static const struct node_kind kind_device = {
	.type = S_IFDIR,
	.mode = 0755,
	.stat = device_stat,
	.lookup = device_dir_lookup,
	.list = device_dir_list,
	.unlink = removal_ignore,
	.rmdir = removal_ignore,
};

static struct node *device_dir(struct node *node)
{
	while (node->kind != &kind_device)
		node = node->parent;
	return node;
}

/* --- all devices --- */

static uint64_t device_ino(const struct node *dir, const struct device_info *info)
{
	const struct device_data data = {.ifindex = info->ifindex};
	return node_ino(dir->ino, &data, sizeof(data));
}

/* By any name, so that links to devices without bound objects lead somewhere. */
static int devices_lookup(struct request *request, struct node *dir, const char *name,
			  struct node **child, struct stat *st)
{
	struct device_info info;
	int rc = device_find(request->fs->backend, name, &info);
	if (rc)
		return rc == -ENODEV ? -ENOENT : rc;
	const struct device_data data = {.ifindex = info.ifindex};
	*child = node_child(request->fs->nodes, dir, name, &kind_device, device_ino(dir, &info),
			    &data, sizeof(data));
	return *child ? 0 : -ENOMEM;
}

static int devices_list(struct request *request, struct node *dir, struct listing *listing)
{
	cleanup_free struct device_info *devices = NULL;
	size_t count = 0;
	int rc = device_list(request->fs->backend, &devices, &count);
	for (size_t i = 0; !rc && i < count; i++)
		if (devices[i].offload)
			rc = listing_add(listing, devices[i].name, S_IFDIR,
					 device_ino(dir, &devices[i]));
	return rc;
}

static int refuse(struct request *request, int rc)
{
	if (rc == -EOPNOTSUPP)
		fault_set(&request->fault, EOPNOTSUPP,
			  "this device is the kernel's own: add, remove and rename it with ip(8)");
	return rc;
}

static int devices_mkdir(struct request *request, struct node *dir, const char *name, mode_t mode)
{
	int rc = device_add(request->fs->backend, name);
	if (rc == -EINVAL)
		fault_set(&request->fault, EINVAL,
			  "\"%s\" cannot be the name of a device: up to 15 characters, without "
			  "space, '/', ':' and '%%'",
			  name);
	return refuse(request, rc);
}

static int devices_rmdir(struct request *request, struct node *dir, const char *name)
{
	int rc = device_remove(request->fs->backend, name);
	if (!rc) {
		node_unlink(request->fs->nodes, dir, name);
		invalidate_names(request->fs); /* entries of devmaps, and maps by their ids */
	}
	return rc == -ENODEV ? -ENOENT : refuse(request, rc);
}

static int devices_rename(struct request *request, struct node *dir, const char *name,
			  struct node *new_dir, const char *new_name, unsigned flags)
{
	if (new_dir != dir || flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	int rc = device_rename(request->fs->backend, name, new_name);
	if (!rc)
		node_move(request->fs->nodes, dir, name, dir, new_name, false);
	return rc == -ENODEV ? -ENOENT : refuse(request, rc);
}

const struct node_kind kind_devices = {
	.name = "devices.offload",
	.type = S_IFDIR,
	.mode = 0755,
	.lookup = devices_lookup,
	.list = devices_list,
	.mkdir = devices_mkdir,
	.rmdir = devices_rmdir,
	.rename = devices_rename,
};
