// SPDX-License-Identifier: BSD-2-Clause
/*
 * Network devices of this kernel: those of our own network namespace, and those elsewhere that
 * maps or programs are bound to, which show in the objects' info alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

static void own_netns(struct device_info *info)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		return;
	info->netns_dev = st.st_dev; /* new_encode_dev(), as bpf_map_info.netns_dev is */
	info->netns_ino = st.st_ino;
}

static bool is_same(const struct device_info *a, const struct device_info *b)
{
	return a->ifindex == b->ifindex && a->netns_ino == b->netns_ino;
}

struct device_array {
	struct device_info *devices;
	size_t count;
};

static int array_add(struct device_array *array, const struct device_info *info)
{
	struct device_info *grown =
		realloc(array->devices, (array->count + 1) * sizeof(*array->devices));

	if (!grown)
		return -ENOMEM;
	array->devices = grown;
	grown[array->count++] = *info;
	return 0;
}

/* An object is bound to the device: mark it, or add one of another namespace. */
static int array_mark(struct device_array *array, struct device_info *bound)
{
	for (size_t i = 0; i < array->count; i++) {
		if (is_same(&array->devices[i], bound)) {
			array->devices[i].offload = true;
			return 0;
		}
	}
	bound->offload = true;
	snprintf(bound->name, sizeof(bound->name), "netns-%" PRIu64 ":%u", bound->netns_ino,
		 bound->ifindex);
	return array_add(array, bound);
}

static int array_add_local(struct device_array *array)
{
	struct if_nameindex *names = if_nameindex();
	struct device_info info = {0};
	int error = names ? 0 : -errno;

	own_netns(&info);
	for (struct if_nameindex *each = names; !error && each && each->if_index; each++) {
		info.ifindex = each->if_index;
		snprintf(info.name, sizeof(info.name), "%s", each->if_name);
		error = array_add(array, &info);
	}
	if (names)
		if_freenameindex(names);
	return error;
}

/* What the object is bound to; ifindex 0: to nothing, or it is gone or dead. */
static void binding_of(struct backend *backend, enum object_kind kind, uint32_t id,
		       struct device_info *bound)
{
	struct handle *handle;
	struct map_info map = {0};
	struct prog_info prog = {0};

	memset(bound, 0, sizeof(*bound));
	if (kernel_object_open(backend, kind, id, 0, &handle))
		return;
	if (kind == OBJECT_MAP && !kernel_map_info(handle, &map)) {
		bound->ifindex = map.ifindex;
		bound->netns_dev = map.netns_dev;
		bound->netns_ino = map.netns_ino;
	} else if (kind == OBJECT_PROG && !kernel_prog_info(handle, &prog)) {
		bound->ifindex = prog.ifindex;
		bound->netns_dev = prog.netns_dev;
		bound->netns_ino = prog.netns_ino;
		prog_info_free(&prog);
	}
	kernel_handle_close(handle);
}

static int array_mark_bound(struct device_array *array, struct backend *backend,
			    enum object_kind kind)
{
	struct device_info bound;
	uint32_t id = 0;
	int error;

	while (!(error = kernel_object_next(backend, kind, id, &id))) {
		binding_of(backend, kind, id, &bound);
		if (bound.ifindex)
			error = array_mark(array, &bound);
		if (error)
			return error;
	}
	return error == -ENOENT ? 0 : error;
}

int kernel_device_list(struct backend *backend, struct device_info **devices, size_t *count)
{
	struct device_array array = {0};
	int error = array_add_local(&array);

	if (!error)
		error = array_mark_bound(&array, backend, OBJECT_MAP);
	if (!error)
		error = array_mark_bound(&array, backend, OBJECT_PROG);
	if (error) {
		free(array.devices);
		return error;
	}
	*devices = array.devices;
	*count = array.count;
	return 0;
}

static int find_listed(struct backend *backend, const char *name, struct device_info *info)
{
	cleanup_free struct device_info *devices = NULL;
	size_t count;
	int error = kernel_device_list(backend, &devices, &count);

	for (size_t i = 0; !error && i < count; i++) {
		if (!strcmp(devices[i].name, name)) {
			*info = devices[i];
			return 0;
		}
	}
	return error ? error : -ENODEV;
}

int kernel_device_find(struct backend *backend, const char *name, struct device_info *info)
{
	unsigned ifindex;

	if (strchr(name, ':'))
		return find_listed(backend, name, info);
	ifindex = strlen(name) < IFNAMSIZ ? if_nametoindex(name) : 0;
	return ifindex ? kernel_device_by_ifindex(backend, ifindex, info) : -ENODEV;
}

/* Does not look for what is bound: offload stays false. */
int kernel_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info)
{
	memset(info, 0, sizeof(*info));
	if (!if_indextoname(ifindex, info->name))
		return -ENODEV;
	info->ifindex = ifindex;
	own_netns(info);
	return 0;
}

/* --- attributes: what a kernel tells of any device --- */

/* ETHTOOL_GDRVINFO; "" where the driver does not say. */
static void driver_of(const char *name, struct ethtool_drvinfo *driver)
{
	struct ifreq request = {.ifr_data = (void *)driver};
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(driver, 0, sizeof(*driver));
	driver->cmd = ETHTOOL_GDRVINFO;
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || strchr(name, ':') || ioctl(fd, SIOCETHTOOL, &request))
		driver->driver[0] = '\0';
}

static int info_print(const struct device_info *info, struct buffer *out)
{
	struct ethtool_drvinfo driver;
	cleanup_free char *text = NULL;
	json_t *json;

	driver_of(info->name, &driver);
	json = json_pack("{s:s, s:I, s:s, s:{s:I, s:I}, s:{}}", "name", info->name, "ifindex",
			 (json_int_t)info->ifindex, "driver", driver.driver, "netns", "dev",
			 (json_int_t)info->netns_dev, "ino", (json_int_t)info->netns_ino, "limits");
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return -ENOMEM;
	buffer_append_string(out, text);
	return buffer_error(out);
}

int kernel_device_get(struct backend *backend, const char *name, enum device_attribute attribute,
		      struct buffer *out)
{
	struct ethtool_drvinfo driver;
	struct device_info info;
	int error = kernel_device_find(backend, name, &info);

	if (error)
		return error;
	if (attribute == DEVICE_INFO)
		return info_print(&info, out);
	if (attribute != DEVICE_DRIVER)
		return -EOPNOTSUPP;
	driver_of(name, &driver);
	buffer_append_string(out, driver.driver);
	return buffer_error(out);
}
