// SPDX-License-Identifier: BSD-2-Clause
/* Objects of a mount: their directories, and the JSON that tells about them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "directory.h"
#include "internal.h"

static const char *const directories[] = {
	[OBJECT_MAP] = "maps.by-id", [OBJECT_PROG] = "progs.by-id", [OBJECT_LINK] = "links.by-id"};
static const char *const infos[] = {
	[OBJECT_MAP] = ".map/info", [OBJECT_PROG] = "info", [OBJECT_LINK] = "info"};

static uint64_t number_of(const json_t *info, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(info, name));
}

static const char *text_of(const json_t *info, const char *name)
{
	const char *text = json_string_value(json_object_get(info, name));

	return text ? text : "";
}

void mount_handle_close(struct handle *base)
{
	struct mount_handle *handle = mount_handle(base);

	if (handle->entries)
		fclose(handle->entries);
	if (handle->directory >= 0)
		close(handle->directory);
	free(handle->bytes);
	free(handle);
}

int mount_handle_new(struct backend *backend, enum object_kind kind, int directory,
		     struct handle **handle)
{
	struct mount_handle *made = calloc(1, sizeof(*made));
	json_t *info;
	int error;

	if (!made) {
		close(directory);
		return -ENOMEM;
	}
	made->base.backend = backend;
	made->base.kind = kind;
	made->directory = directory;
	error = file_read_json(directory, infos[kind], &info);
	made->base.fd = (int)number_of(info, "id");
	json_decref(info);
	if (error)
		mount_handle_close(&made->base);
	else
		*handle = &made->base;
	return error;
}

static bool map_uses_btf(struct backend *backend, uint32_t map, uint32_t id)
{
	char path[64];
	json_t *info;
	bool same;

	snprintf(path, sizeof(path), "maps.by-id/%u/.map/info", map);
	same = !file_read_json(mount_backend(backend)->root, path, &info) &&
	       number_of(info, "btf_id") == id;
	json_decref(info);
	return same;
}

static int btf_read(struct backend *backend, uint32_t map, uint32_t id, struct handle **handle)
{
	struct mount_handle *made = calloc(1, sizeof(*made));
	struct buffer bytes = BUFFER_INIT;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "maps.by-id/%u/.map/btf", map);
	error = made ? file_read(mount_backend(backend)->root, path, &bytes) : -ENOMEM;
	if (error) {
		buffer_free(&bytes);
		free(made);
		return error;
	}
	*made = (struct mount_handle){
		.base = {backend, OBJECT_BTF, (int)id},
		.directory = -1,
		.bytes = bytes.data,
		.length = bytes.length,
	};
	*handle = &made->base;
	return 0;
}

/* BTF has no directory of its own: it is read at any map that uses it. */
static int btf_open(struct backend *backend, uint32_t id, struct handle **handle)
{
	uint32_t map = 0;
	int error;

	while (!(error = mount_object_next(backend, OBJECT_MAP, map, &map)))
		if (map_uses_btf(backend, map, id) && !btf_read(backend, map, id, handle))
			return 0;
	return error;
}

int mount_object_open(struct backend *backend, enum object_kind kind, uint32_t id,
		      uint32_t open_flags, struct handle **handle)
{
	char path[64];
	int directory;

	if (kind == OBJECT_BTF)
		return btf_open(backend, id, handle);
	snprintf(path, sizeof(path), "%s/%u", directories[kind], id);
	directory = openat(mount_backend(backend)->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? -errno : mount_handle_new(backend, kind, directory, handle);
}

int mount_object_next(struct backend *backend, enum object_kind kind, uint32_t after, uint32_t *id)
{
	cleanup_with(directory_closep) DIR *listing = NULL;
	const struct dirent *entry;
	uint32_t best = 0;

	if (kind == OBJECT_BTF)
		return -EOPNOTSUPP;
	listing = directory_take(openat(mount_backend(backend)->root, directories[kind],
					O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!listing)
		return -errno;
	while (errno = 0, (entry = readdir(listing))) {
		uint32_t found = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (found > after && (!best || found < best))
			best = found;
	}
	if (errno)
		return -errno;
	*id = best;
	return best ? 0 : -ENOENT;
}

static int info_fill(struct mount_handle *handle, const json_t *json)
{
	struct map_info *info = &handle->info;

	if (json_is_true(json_object_get(json, "orphaned")))
		return -ENODEV;
	/* The same for all maps of a mount; an emulated world has its own number. */
	if (number_of(json, "possible_cpus"))
		handle->base.backend->possible_cpus = (unsigned)number_of(json, "possible_cpus");
	*info = (struct map_info){
		.id = (uint32_t)number_of(json, "id"),
		.key_size = (uint32_t)number_of(json, "key_size"),
		.value_size = (uint32_t)number_of(json, "value_size"),
		.max_entries = (uint32_t)number_of(json, "max_entries"),
		.ifindex = (uint32_t)number_of(json, "ifindex"),
		.btf_id = (uint32_t)number_of(json, "btf_id"),
		.btf_key_type_id = (uint32_t)number_of(json, "btf_key_type_id"),
		.btf_value_type_id = (uint32_t)number_of(json, "btf_value_type_id"),
		.btf_vmlinux_value_type_id = (uint32_t)number_of(json, "btf_vmlinux_value_type_id"),
		.map_extra = number_of(json, "map_extra"),
		.netns_dev = number_of(json, "netns_dev"),
		.netns_ino = number_of(json, "netns_ino"),
	};
	snprintf(info->name, sizeof(info->name), "%s", text_of(json, "name"));
	handle->state.memlock = number_of(json, "memlock");
	handle->state.frozen = json_is_true(json_object_get(json, "frozen"));
	if (map_type_parse(text_of(json, "type"), &info->type, NULL) ||
	    map_flags_parse(text_of(json, "flags"), &info->map_flags, NULL))
		return -EIO;
	handle->known = true;
	return 0;
}

static int info_read(struct mount_handle *handle)
{
	json_t *json;
	int error = file_read_json(handle->directory, infos[OBJECT_MAP], &json);

	if (!error)
		error = info_fill(handle, json);
	json_decref(json);
	return error;
}

/* Nothing of it changes while the map lives, but for its device's index. */
int mount_map_info(struct handle *map, struct map_info *info)
{
	struct mount_handle *handle = mount_handle(map);
	int error = handle->known && !handle->info.ifindex ? 0 : info_read(handle);

	if (!error)
		*info = handle->info;
	return error;
}

int mount_map_state(struct handle *map, struct map_state *state)
{
	int error = info_read(mount_handle(map));

	if (!error)
		*state = mount_handle(map)->state;
	return error;
}

int mount_map_freeze(struct handle *map)
{
	return file_write(mount_handle(map)->directory, ".map/frozen", 0, "1\n", 2);
}

static void tag_parse(const char *text, unsigned char tag[8])
{
	for (size_t i = 0; i < 8 && strlen(text) >= 2 * i + 2; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], 0};

		tag[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
}

/* The files tell types by name. */
static uint32_t type_number(const char *(*name_of)(uint32_t type), const char *name)
{
	for (uint32_t type = 0; type < 256; type++) {
		const char *known = name_of(type);

		if (known && !strcmp(known, name))
			return type;
	}
	return 0;
}

static const char *prog_type_name(uint32_t type)
{
	return libbpf_bpf_prog_type_str((enum bpf_prog_type)type);
}

static const char *link_type_name(uint32_t type)
{
	return libbpf_bpf_link_type_str((enum bpf_link_type)type);
}

int mount_prog_info(struct handle *prog, struct prog_info *info)
{
	json_t *json;
	int error = file_read_json(mount_handle(prog)->directory, infos[OBJECT_PROG], &json);

	if (error)
		return error;
	*info = (struct prog_info){.id = (uint32_t)number_of(json, "id"),
				   .type = type_number(prog_type_name, text_of(json, "type"))};
	snprintf(info->name, sizeof(info->name), "%s", text_of(json, "name"));
	tag_parse(text_of(json, "tag"), info->tag);
	json_decref(json);
	return 0;
}

int mount_link_info(struct handle *link, struct link_info *info)
{
	json_t *json;
	int error = file_read_json(mount_handle(link)->directory, infos[OBJECT_LINK], &json);

	if (error)
		return error;
	*info = (struct link_info){.id = (uint32_t)number_of(json, "id"),
				   .type = type_number(link_type_name, text_of(json, "type")),
				   .prog_id = (uint32_t)number_of(json, "prog_id")};
	json_decref(json);
	return 0;
}

/* --- devices --- */

static int device_read(struct mount_backend *mount, const char *name, struct device_info *info)
{
	cleanup_free char *path = NULL;
	json_t *json;
	int error;

	if (asprintf(&path, "devices.offload/%s/info", name) < 0)
		return -ENOMEM;
	error = file_read_json(mount->root, path, &json);
	if (error)
		return error == -ENOENT ? -ENODEV : error;
	*info = (struct device_info){.ifindex = (uint32_t)number_of(json, "ifindex"),
				     .offload = true};
	snprintf(info->name, sizeof(info->name), "%s", name);
	json_decref(json);
	return 0;
}

int mount_device_find(struct backend *backend, const char *name, struct device_info *info)
{
	return *name && !strchr(name, '/') ? device_read(mount_backend(backend), name, info)
					   : -ENODEV;
}

/* Searches the devices that a directory of the mount has the names of. */
static int device_search(struct mount_backend *mount, const char *directory, uint32_t ifindex,
			 struct device_info *info)
{
	int fd = openat(mount->root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_with(directory_closep) DIR *listing = directory_take(fd);
	const struct dirent *entry;
	int error = -ENODEV;

	while (error && listing && (entry = readdir(listing)))
		if (entry->d_name[0] != '.' && !device_read(mount, entry->d_name, info) &&
		    info->ifindex == ifindex)
			error = 0;
	return error;
}

/* devices.offload lists only those that objects are bound to; it has all by name. */
int mount_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info)
{
	struct mount_backend *mount = mount_backend(backend);
	int error = device_search(mount, "devices.offload", ifindex, info);

	return error ? device_search(mount, "maps.control/xdp", ifindex, info) : 0;
}
