// SPDX-License-Identifier: BSD-2-Clause
/* Network devices as the backend's table shows them, and the attributes of those that take maps. */
#include "emu/device.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "emu/offload.h"
#include "emu/state.h"

static struct netdev_table *table_of(struct backend *backend)
{
	return &emu_of(backend)->netdevs;
}

/* --- which there are --- */

static void fill_info(const struct netdev *device, struct device_info *info)
{
	*info = (struct device_info){
		.ifindex = device->ifindex,
		.netns_dev = NETDEV_NETNS_DEV,
		.netns_ino = device->netns->ino,
		.offload = device->kind == NETDEV_OFFLOAD,
	};
	memcpy(info->name, device->name, sizeof(device->name));
}

int emu_device_list(struct backend *backend, struct device_info **devices, size_t *count)
{
	struct netdev_table *table = table_of(backend);
	size_t total = 0;

	pthread_rwlock_rdlock(&table->lock);
	for (struct netdev *device = table->devices; device; device = device->next)
		total++;
	*devices = calloc(total, sizeof(**devices));
	*count = *devices ? total : 0;
	total = 0;
	for (struct netdev *device = table->devices; *devices && device; device = device->next)
		fill_info(device, &(*devices)[total++]);
	pthread_rwlock_unlock(&table->lock);
	return *devices ? 0 : -ENOMEM;
}

int emu_device_find(struct backend *backend, const char *name, struct device_info *info)
{
	struct netdev_table *table = table_of(backend);
	struct netdev *device;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	if (device)
		fill_info(device, info);
	pthread_rwlock_unlock(&table->lock);
	return device ? 0 : -ENODEV;
}

int emu_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info)
{
	struct netdev_table *table = table_of(backend);
	struct netdev *device;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_ifindex_locked(table, ifindex);
	if (device)
		fill_info(device, info);
	pthread_rwlock_unlock(&table->lock);
	return device ? 0 : -ENODEV;
}

int emu_device_add(struct backend *backend, const char *name)
{
	return offload_register(table_of(backend), &(struct offload_register){.name = name});
}

int emu_device_remove(struct backend *backend, const char *name)
{
	return offload_unregister(table_of(backend), name);
}

int emu_device_rename(struct backend *backend, const char *from, const char *to)
{
	return netdev_rename(table_of(backend), from, to);
}

/* --- attributes --- */

static int get_driver(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_asic *asic = offload_asic_find(table, name, &error);

	if (!asic)
		return error;
	pthread_mutex_lock(&asic->lock);
	buffer_append_string(out, asic->device.driver->name);
	pthread_mutex_unlock(&asic->lock);
	offload_asic_put(asic);
	return 0;
}

static int set_driver(struct netdev_table *table, const char *name, const char *text,
		      struct fault *fault)
{
	const struct offload_driver *driver = driver_find(text);
	int error;

	if (!driver)
		return fault_set(fault, EINVAL,
				 "no driver is called \"%s\": netdevsim, nfp or generic", text);
	error = offload_set_driver(table, name, driver);
	if (error == -EBUSY)
		fault_set(fault, EBUSY, "maps or programs are bound to %s", name);
	return error;
}

static int get_limits(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_asic *asic = offload_asic_find(table, name, &error);

	if (!asic)
		return error;
	pthread_mutex_lock(&asic->lock);
	driver_limits_print(&asic->device.limits, out);
	pthread_mutex_unlock(&asic->lock);
	offload_asic_put(asic);
	return 0;
}

static int set_limits(struct netdev_table *table, const char *name, const char *text,
		      struct fault *fault)
{
	int error;
	struct offload_asic *asic = offload_asic_find(table, name, &error);

	if (!asic)
		return error;
	pthread_mutex_lock(&asic->lock);
	if (!asic->device.driver->limits_can_change)
		error = fault_set(fault, EPERM, "the limits of a %s device are its driver's",
				  asic->device.driver->name);
	else
		error = driver_limits_parse(&asic->device.limits, text, strlen(text), fault);
	pthread_mutex_unlock(&asic->lock);
	offload_asic_put(asic);
	return error;
}

static int get_netns(struct netdev_table *table, const char *name, struct buffer *out)
{
	struct netdev *device;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	if (device)
		buffer_append_string(out, device->netns->name);
	pthread_rwlock_unlock(&table->lock);
	return device ? 0 : -ENODEV;
}

static int set_netns(struct netdev_table *table, const char *name, const char *text,
		     struct fault *fault)
{
	int error = netdev_move(table, name, text);

	if (error == -EINVAL)
		fault_set(fault, EINVAL, "%s cannot be moved to \"%s\"", name, text);
	return error;
}

static int get_asic(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_asic *asic = offload_asic_find(table, name, &error);

	if (asic)
		buffer_append_string(out, asic->name);
	offload_asic_put(asic);
	return error;
}

static int set_asic(struct netdev_table *table, const char *name, const char *text,
		    struct fault *fault)
{
	int error = offload_set_asic(table, name, text);

	if (error == -EBUSY)
		fault_set(fault, EBUSY, "maps or programs are bound to %s", name);
	if (error == -EINVAL)
		fault_set(fault, EINVAL, "\"%s\" cannot be the name of an ASIC", text);
	return error;
}

/* As the kernel's kstrtobool(), which netdevsim's switch goes through. */
static int parse_bool(const char *text, bool *result, struct fault *fault)
{
	static const char *const words[2][6] = {
		{"0", "n", "N", "off", "no", "false"},
		{"1", "y", "Y", "on", "yes", "true"},
	};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 6; i++)
			if (!strcmp(text, words[value][i])) {
				*result = value;
				return 0;
			}
	return fault_set(fault, EINVAL, "expected 0 or 1, got \"%s\"", text);
}

static int get_accept(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_port *port = offload_port_find(table, name, &error);

	if (port)
		buffer_append_char(out, port_accepts(port) ? '1' : '0');
	port_put(port);
	return error;
}

static int set_accept(struct netdev_table *table, const char *name, const char *text,
		      struct fault *fault)
{
	bool accept = true;
	int error = parse_bool(text, &accept, fault);
	struct offload_port *port = error ? NULL : offload_port_find(table, name, &error);

	if (port) {
		pthread_mutex_lock(&port->lock);
		port->accept = accept;
		pthread_mutex_unlock(&port->lock);
	}
	port_put(port);
	return error;
}

static int get_latency(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_port *port = offload_port_find(table, name, &error);

	if (port)
		buffer_append_u64(out, port_latency(port));
	port_put(port);
	return error;
}

static int set_latency(struct netdev_table *table, const char *name, const char *text,
		       struct fault *fault)
{
	char *end;
	uint64_t latency = strtoull(text, &end, 0);
	struct offload_port *port;
	int error;

	if (end == text || *end || *text == '-' || latency > PORT_LATENCY_MAX)
		return fault_set(fault, EINVAL, "expected 0 to %u microseconds, got \"%s\"",
				 PORT_LATENCY_MAX, text);
	port = offload_port_find(table, name, &error);
	if (port)
		port_set_latency(port, latency);
	port_put(port);
	return error;
}

static int get_fail(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_port *port = offload_port_find(table, name, &error);

	if (port)
		port_faults_print(port, out);
	port_put(port);
	return error;
}

static int set_fail(struct netdev_table *table, const char *name, const char *text,
		    struct fault *fault)
{
	int error;
	struct offload_port *port = offload_port_find(table, name, &error);

	if (port)
		error = port_faults_parse(port, text, strlen(text), fault);
	port_put(port);
	return error;
}

static int get_stats(struct netdev_table *table, const char *name, struct buffer *out)
{
	int error;
	struct offload_port *port = offload_port_find(table, name, &error);

	if (port)
		port_stats_print(port, out);
	port_put(port);
	return error;
}

static int set_stats(struct netdev_table *table, const char *name, const char *text,
		     struct fault *fault)
{
	int error = 0;
	struct offload_port *port;

	if (strcmp(text, "0") != 0)
		return fault_set(fault, EINVAL, "writing 0 starts counting anew; got \"%s\"", text);
	port = offload_port_find(table, name, &error);
	if (port)
		port_stats_reset(port);
	port_put(port);
	return error;
}

/* --- info: all of it --- */

static void add_use(json_t *json, struct offload_asic *asic)
{
	pthread_mutex_lock(&asic->lock);
	json_object_set_new(json, "driver", json_string(asic->device.driver->name));
	json_object_set_new(json, "asic", json_string(asic->name));
	json_object_set_new(json, "maps_in_use", json_integer(asic->device.maps_in_use));
	json_object_set_new(json, "elements_in_use",
			    json_integer((json_int_t)asic->device.elements_in_use));
	json_object_set_new(json, "limits", driver_limits_json(&asic->device.limits));
	pthread_mutex_unlock(&asic->lock);
}

static int get_info(struct netdev_table *table, const char *name, struct buffer *out)
{
	cleanup_free char *text = NULL;
	struct offload_asic *asic;
	struct netdev *device;
	json_t *json;
	int error;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	json = !device ? NULL
		       : json_pack("{s:s, s:I, s:{s:s, s:I, s:I}}", "name", device->name, "ifindex",
				   (json_int_t)device->ifindex, "netns", "name",
				   device->netns->name, "dev", (json_int_t)NETDEV_NETNS_DEV, "ino",
				   (json_int_t)device->netns->ino);
	pthread_rwlock_unlock(&table->lock);
	if (!json)
		return -ENODEV;
	asic = offload_asic_find(table, name, &error);
	if (asic)
		add_use(json, asic);
	offload_asic_put(asic);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		return -ENOMEM;
	buffer_append_string(out, text);
	return 0;
}

static const struct {
	int (*get)(struct netdev_table *table, const char *name, struct buffer *out);
	int (*set)(struct netdev_table *table, const char *name, const char *text,
		   struct fault *fault);
} attributes[DEVICE_ATTRIBUTES] = {
	[DEVICE_INFO] = {get_info, NULL},
	[DEVICE_DRIVER] = {get_driver, set_driver},
	[DEVICE_LIMITS] = {get_limits, set_limits},
	[DEVICE_NETNS] = {get_netns, set_netns},
	[DEVICE_ASIC] = {get_asic, set_asic},
	[DEVICE_ACCEPT] = {get_accept, set_accept},
	[DEVICE_LATENCY_US] = {get_latency, set_latency},
	[DEVICE_FAIL] = {get_fail, set_fail},
	[DEVICE_STATS] = {get_stats, set_stats},
};

int emu_device_get(struct backend *backend, const char *name, enum device_attribute attribute,
		   struct buffer *out)
{
	int error = attributes[attribute].get(table_of(backend), name, out);

	return error ? error : buffer_error(out);
}

/* White space around the text does not count. */
int emu_device_set(struct backend *backend, const char *name, enum device_attribute attribute,
		   const char *text, size_t length, struct fault *fault)
{
	cleanup_free char *copy = NULL;
	size_t leading;

	if (!attributes[attribute].set)
		return -EACCES;
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	leading = strspn(copy, " \t\r\n");
	return attributes[attribute].set(table_of(backend), name, copy + leading, fault);
}
