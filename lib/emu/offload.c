// SPDX-License-Identifier: BSD-2-Clause
/* Offload devices: ports that come and go, and what becomes of the objects bound to them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/offload.h"
#include "emu/xdp.h"

/* --- ASICs --- */

static struct offload_asic *asic_new(const char *name, const struct offload_driver *driver)
{
	struct offload_asic *asic = calloc(1, sizeof(*asic));

	if (!asic)
		return NULL;
	atomic_init(&asic->references, 1);
	pthread_mutex_init(&asic->lock, NULL);
	asic->device.driver = driver;
	asic->device.limits = driver->limits;
	strncpy(asic->name, name, sizeof(asic->name) - 1);
	return asic;
}

static struct offload_asic *asic_get(struct offload_asic *asic)
{
	atomic_fetch_add(&asic->references, 1);
	return asic;
}

void offload_asic_put(struct offload_asic *asic)
{
	if (!asic || atomic_fetch_sub(&asic->references, 1) > 1)
		return;
	pthread_mutex_destroy(&asic->lock);
	free(asic);
}

/* A new reference to the ASIC of that name which has a port, or NULL. */
static struct offload_asic *asic_find_locked(struct netdev_table *table, const char *name)
{
	for (struct netdev *device = table->devices; device; device = device->next)
		if (device->port && !strcmp(device->port->asic->name, name))
			return asic_get(device->port->asic);
	return NULL;
}

/* The ASIC takes the port as its newest, and the port the caller's reference to the ASIC. */
static void asic_add_port_locked(struct offload_asic *asic, struct offload_port *port)
{
	port->asic = asic;
	port->sibling = asic->ports;
	asic->ports = port;
}

static void asic_remove_port_locked(struct offload_asic *asic, struct offload_port *port)
{
	struct offload_port **link = &asic->ports;

	while (*link != port)
		link = &(*link)->sibling;
	*link = port->sibling;
	port->sibling = NULL;
}

/* --- register --- */

static int register_locked(struct netdev_table *table, const struct offload_register *wanted)
{
	const struct offload_driver *driver =
		wanted->driver ? driver_find(wanted->driver) : driver_at(0);
	const char *asic_name = wanted->asic ? wanted->asic : wanted->name;
	struct offload_port *port;
	struct offload_asic *asic;
	uint32_t ifindex = wanted->ifindex;
	int error;

	if (!driver || !netdev_name_valid(asic_name))
		return -EINVAL;
	asic = asic_find_locked(table, asic_name);
	if (!asic)
		asic = asic_new(asic_name, driver);
	else if (wanted->driver && asic->device.driver != driver) {
		offload_asic_put(asic);
		return -EINVAL; /* one device, one driver */
	}
	port = asic ? port_new() : NULL;
	error = port ? netdev_register_locked(table, wanted->name, NETDEV_OFFLOAD, port, &ifindex)
		     : -ENOMEM;
	if (error) {
		port_put(port);
		offload_asic_put(asic);
		return error;
	}
	asic_add_port_locked(asic, port);
	port->netdev = netdev_by_name_locked(table, wanted->name);
	return 0;
}

int offload_register(struct netdev_table *table, const struct offload_register *wanted)
{
	int error;

	pthread_rwlock_wrlock(&table->lock);
	error = register_locked(table, wanted);
	pthread_rwlock_unlock(&table->lock);
	return error;
}

/* --- unregister --- */

struct orphans {
	struct emu_object **objects; /* references */
	size_t count;
};

/*
 * bpf_offload_dev_netdev_unregister(): what was bound to the device goes to the ASIC's newest
 * port. Without one it dies; a map loses its id in the same moment.
 */
static void rebind_locked(struct offload_asic *asic, struct netdev *from, struct orphans *orphans)
{
	struct netdev *to = asic->ports ? asic->ports->netdev : NULL;
	struct offload_binding **link = &asic->bound;

	while (*link) {
		struct offload_binding *binding = *link;

		if (binding->netdev != from) {
			link = &binding->next;
			continue;
		}
		binding->netdev = to;
		if (to) {
			link = &binding->next;
			continue;
		}
		*link = binding->next;
		if (binding->object->kind == OBJECT_MAP)
			object_unpublish(binding->object);
		/* One that is being freed just now gives its elements back by itself. */
		if (object_get_unless_dead(binding->object))
			orphans->objects[orphans->count++] = binding->object;
	}
}

static size_t bound_count(const struct offload_asic *asic)
{
	size_t count = 0;

	for (struct offload_binding *each = asic->bound; each; each = each->next)
		count++;
	return count;
}

/* The room is made beforehand, so that a removal, once begun, cannot fail. */
static int unregister_locked(struct netdev_table *table, struct netdev *device,
			     struct orphans *orphans)
{
	struct offload_port *port = device->port;
	struct offload_asic *asic = port ? port->asic : NULL;
	size_t room = XDP_MODES + (asic ? bound_count(asic) : 0);

	orphans->objects = calloc(room, sizeof(*orphans->objects));
	if (!orphans->objects)
		return -ENOMEM;
	if (port) {
		asic_remove_port_locked(asic, port);
		port->netdev = NULL;
		rebind_locked(asic, device, orphans);
		port_gone(port);
		port->asic = NULL;
		offload_asic_put(asic);
		port_put(port);
	}
	orphans->count += xdp_take_locked(device, orphans->objects + orphans->count);
	netdev_unregister_locked(table, device);
	return 0;
}

static void orphans_release(struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->count; i++) {
		if (orphans->objects[i]->kind == OBJECT_MAP)
			offload_map_orphan((struct emu_map *)orphans->objects[i]);
		object_put(orphans->objects[i]);
	}
	free(orphans->objects);
}

int offload_unregister(struct netdev_table *table, const char *name)
{
	struct orphans orphans = {0};
	struct netdev *device;
	uint32_t ifindex = 0;
	int error = -ENODEV;

	pthread_rwlock_wrlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	if (device && device->kind == NETDEV_LOOPBACK) {
		error = -EOPNOTSUPP; /* rtnl_delete_link(): it has no rtnl_link_ops */
	} else if (device) {
		ifindex = device->ifindex;
		error = unregister_locked(table, device, &orphans);
	}
	pthread_rwlock_unlock(&table->lock);
	orphans_release(&orphans);
	if (!error)
		netdev_notify_gone(table, ifindex);
	return error;
}

void offload_unregister_all(struct netdev_table *table)
{
	struct netdev *device;
	char name[IFNAMSIZ];

	do {
		device = table->devices;
		while (device && device->kind == NETDEV_LOOPBACK)
			device = device->next;
		if (device)
			memcpy(name, device->name, sizeof(name));
	} while (device && !offload_unregister(table, name));
}

/* --- what can change while nothing is bound --- */

static struct offload_port *find_port_locked(struct netdev_table *table, const char *name,
					     int *error)
{
	struct netdev *device = netdev_by_name_locked(table, name);

	*error = !device ? -ENODEV : device->port ? 0 : -EOPNOTSUPP;
	return *error ? NULL : device->port;
}

static bool is_bound_to(const struct offload_asic *asic, const struct netdev *device)
{
	for (struct offload_binding *each = asic->bound; each; each = each->next)
		if (each->netdev == device)
			return true;
	return false;
}

int offload_set_driver(struct netdev_table *table, const char *name,
		       const struct offload_driver *driver)
{
	struct offload_port *port;
	struct offload_asic *asic;
	int error;

	pthread_rwlock_wrlock(&table->lock);
	port = find_port_locked(table, name, &error);
	asic = port ? port->asic : NULL;
	if (asic) {
		pthread_mutex_lock(&asic->lock);
		if (asic->device.driver == driver)
			;
		else if (asic->bound || asic->device.maps_in_use) /* also one being made */
			error = -EBUSY;
		else
			asic->device =
				(struct offload_device){.driver = driver, .limits = driver->limits};
		pthread_mutex_unlock(&asic->lock);
	}
	pthread_rwlock_unlock(&table->lock);
	return error;
}

static int set_asic_locked(struct netdev_table *table, struct offload_port *port, const char *name)
{
	struct offload_asic *old = port->asic, *asic;

	if (!strcmp(old->name, name))
		return 0;
	if (is_bound_to(old, port->netdev))
		return -EBUSY;
	asic = asic_find_locked(table, name);
	if (!asic)
		asic = asic_new(name, old->device.driver);
	if (!asic)
		return -ENOMEM;
	asic_remove_port_locked(old, port);
	asic_add_port_locked(asic, port);
	offload_asic_put(old);
	return 0;
}

int offload_set_asic(struct netdev_table *table, const char *name, const char *asic)
{
	struct offload_port *port;
	int error;

	if (!netdev_name_valid(asic))
		return -EINVAL;
	pthread_rwlock_wrlock(&table->lock);
	port = find_port_locked(table, name, &error);
	if (port)
		error = set_asic_locked(table, port, asic);
	pthread_rwlock_unlock(&table->lock);
	return error;
}

struct offload_port *offload_port_find(struct netdev_table *table, const char *name, int *error)
{
	struct offload_port *port;

	pthread_rwlock_rdlock(&table->lock);
	port = find_port_locked(table, name, error);
	if (port)
		port_get(port);
	pthread_rwlock_unlock(&table->lock);
	return port;
}

struct offload_asic *offload_asic_find(struct netdev_table *table, const char *name, int *error)
{
	struct offload_asic *asic = NULL;
	struct offload_port *port;

	pthread_rwlock_rdlock(&table->lock);
	port = find_port_locked(table, name, error);
	if (port)
		asic = asic_get(port->asic);
	pthread_rwlock_unlock(&table->lock);
	return asic;
}

struct offload_asic *offload_port_asic(struct netdev_table *table, struct offload_port *port)
{
	struct offload_asic *asic;

	pthread_rwlock_rdlock(&table->lock);
	asic = port->asic ? asic_get(port->asic) : NULL;
	pthread_rwlock_unlock(&table->lock);
	return asic;
}

/* --- bindings --- */

int offload_target(struct netdev_table *table, uint32_t ifindex, struct offload_port **port)
{
	struct netdev *device;
	int error = 0;

	*port = NULL;
	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_ifindex_locked(table, ifindex);
	if (!device || device->kind == NETDEV_VETH)
		error = -EINVAL;
	else if (device->kind == NETDEV_LOOPBACK)
		error = -EOPNOTSUPP;
	else
		*port = port_get(device->port);
	pthread_rwlock_unlock(&table->lock);
	return error;
}

int offload_bind(struct netdev_table *table, struct offload_binding *binding,
		 struct offload_port *port, struct offload_asic *asic, struct emu_object *object)
{
	int error = -EINVAL;

	pthread_rwlock_wrlock(&table->lock);
	if (port->netdev && port->asic == asic) {
		binding->object = object;
		binding->netdev = port->netdev;
		binding->asic = asic_get(asic);
		binding->next = asic->bound;
		asic->bound = binding;
		error = 0;
	}
	pthread_rwlock_unlock(&table->lock);
	return error;
}

void offload_unbind(struct netdev_table *table, struct offload_binding *binding)
{
	if (!binding->asic)
		return;
	pthread_rwlock_wrlock(&table->lock);
	if (binding->netdev) {
		struct offload_binding **link = &binding->asic->bound;

		while (*link != binding)
			link = &(*link)->next;
		*link = binding->next;
		binding->netdev = NULL;
	}
	pthread_rwlock_unlock(&table->lock);
}

struct offload_port *offload_port_of(struct netdev_table *table,
				     const struct offload_binding *binding)
{
	struct offload_port *port = NULL;

	pthread_rwlock_rdlock(&table->lock);
	if (binding->netdev)
		port = port_get(binding->netdev->port);
	pthread_rwlock_unlock(&table->lock);
	return port;
}

int offload_where(struct netdev_table *table, const struct offload_binding *binding,
		  uint32_t *ifindex, uint64_t *netns_dev, uint64_t *netns_ino)
{
	int error = -ENODEV;

	pthread_rwlock_rdlock(&table->lock);
	if (binding->netdev) {
		*ifindex = binding->netdev->ifindex;
		*netns_dev = NETDEV_NETNS_DEV;
		*netns_ino = binding->netdev->netns->ino;
		error = 0;
	}
	pthread_rwlock_unlock(&table->lock);
	return error;
}
