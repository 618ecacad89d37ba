// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps bound to a device: an empty table of ordinary operations but for the device's own four.
 * bpf_map_offload_map_alloc(), bpf_map_offload_lookup_elem() and their sisters.
 */
#include <errno.h>
#include <stdlib.h>
#include "emu/offload.h"

#define OFFLOADED_MAP_BYTES 312 /* sizeof(struct bpf_offloaded_map): all that memlock shows */

struct offload_map {
	struct emu_map map; /* the first member */
	struct offload_binding binding;
	struct offload_asic *asic; /* a reference: whose driver has the elements */
	pthread_mutex_t driver_lock;
	bool alive;		  /* under driver_lock: the driver has the map */
	struct device_map device; /* as the driver sees it */
};

static struct offload_map *offload_map_of(struct emu_map *map)
{
	return (struct offload_map *)map;
}

static struct netdev_table *table_of(struct offload_map *map)
{
	return &emu_of_map(&map->map)->netdevs;
}

/* --- calls --- */

/* A map that died while its call slept; one whose port alone went lives on at another one. */
static bool died_meanwhile(struct offload_map *map, const struct offload_port *port)
{
	struct offload_port *now = NULL;

	if (port->gone)
		now = offload_port_of(table_of(map), &map->binding);
	port_put(now);
	return port->gone && !now;
}

/* 0: driver_lock is held, and the driver may be called. */
static int call_begin(struct offload_map *map, enum offload_call call)
{
	struct offload_port *port = offload_port_of(table_of(map), &map->binding);
	int error;

	if (!port)
		return -ENODEV;
	error = port_call(port, call);
	if (died_meanwhile(map, port))
		error = -ENODEV;
	port_put(port);
	pthread_mutex_lock(&map->driver_lock);
	if (!map->alive)
		error = -ENODEV;
	if (error)
		pthread_mutex_unlock(&map->driver_lock);
	return error;
}

static int call_end(struct offload_map *map, int result)
{
	pthread_mutex_unlock(&map->driver_lock);
	return result;
}

static const struct offload_driver *driver_of(struct offload_map *map)
{
	return map->device.device->driver;
}

static int offload_map_lookup(struct emu_map *emu_map, const void *key, void *value, uint64_t flags)
{
	struct offload_map *map = offload_map_of(emu_map);
	int error = call_begin(map, OFFLOAD_LOOKUP);

	return error ? error : call_end(map, driver_of(map)->map_lookup(&map->device, key, value));
}

/* The flags are looked at before the device, as in bpf_map_offload_update_elem(). */
static int offload_map_update(struct emu_map *emu_map, const void *key, const void *value,
			      uint64_t flags)
{
	struct offload_map *map = offload_map_of(emu_map);
	int error;

	if (flags > BPF_EXIST)
		return -EINVAL;
	error = call_begin(map, OFFLOAD_UPDATE);
	if (error)
		return error;
	return call_end(map, driver_of(map)->map_update(&map->device, key, value, flags));
}

static int offload_map_delete(struct emu_map *emu_map, const void *key)
{
	struct offload_map *map = offload_map_of(emu_map);
	int error = call_begin(map, OFFLOAD_DELETE);

	return error ? error : call_end(map, driver_of(map)->map_delete(&map->device, key));
}

static int offload_map_next_key(struct emu_map *emu_map, const void *key, void *next)
{
	struct offload_map *map = offload_map_of(emu_map);
	int error = call_begin(map, OFFLOAD_NEXT_KEY);

	return error ? error : call_end(map, driver_of(map)->map_next_key(&map->device, key, next));
}

static int offload_map_fill_info(struct emu_map *emu_map, struct map_info *info)
{
	struct offload_map *map = offload_map_of(emu_map);

	return offload_where(table_of(map), &map->binding, &info->ifindex, &info->netns_dev,
			     &info->netns_ino);
}

static uint64_t offload_map_memory(struct emu_map *map)
{
	return OFFLOADED_MAP_BYTES;
}

/* --- the end --- */

/* The elements go back to the driver, once. driver_lock is held. */
static void driver_free(struct offload_map *map)
{
	if (!map->alive)
		return;
	map->alive = false;
	pthread_mutex_lock(&map->asic->lock);
	driver_of(map)->map_free(&map->device);
	map->asic->device.maps_in_use--;
	map->asic->device.elements_in_use -= map->device.max_entries;
	pthread_mutex_unlock(&map->asic->lock);
}

void offload_map_orphan(struct emu_map *emu_map)
{
	struct offload_map *map = offload_map_of(emu_map);

	pthread_mutex_lock(&map->driver_lock);
	driver_free(map);
	pthread_mutex_unlock(&map->driver_lock);
}

/* BPF_OFFLOAD_MAP_FREE is asked of the device while there is one; its result does not count. */
static void offload_map_free(struct emu_map *emu_map)
{
	struct offload_map *map = offload_map_of(emu_map);
	struct offload_port *port = offload_port_of(table_of(map), &map->binding);

	if (port)
		port_call(port, OFFLOAD_FREE);
	port_put(port);
	offload_unbind(table_of(map), &map->binding);
	offload_map_orphan(emu_map);
	offload_asic_put(map->binding.asic);
	offload_asic_put(map->asic);
	pthread_mutex_destroy(&map->driver_lock);
	map_destroy(&map->map);
	free(map);
}

static const struct emu_map_ops offload_map_ops = {
	.free = offload_map_free,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.fill_info = offload_map_fill_info,
	.memory_usage = offload_map_memory,
	.lookup = offload_map_lookup,
	.update = offload_map_update,
	.delete = offload_map_delete,
	.next_key = offload_map_next_key,
};

void offload_map_published(struct emu_map *map)
{
	struct offload_binding *binding = offload_map_binding(map);
	struct offload_port *port;

	if (!binding)
		return;
	port = offload_port_of(&emu_of_map(map)->netdevs, binding);
	if (!port)
		object_unpublish(&map->object);
	port_put(port);
}

struct offload_binding *offload_map_binding(struct emu_map *map)
{
	return map->ops == &offload_map_ops ? &offload_map_of(map)->binding : NULL;
}

/* --- the beginning --- */

/* What the emulation reserves for the driver's elements; those of a hash come one by one. */
static uint64_t driver_bytes(const struct map_spec *spec, const struct offload_limits *limits)
{
	uint64_t entries = spec->max_entries;

	if (limits->max_entries && entries > limits->max_entries)
		entries = limits->max_entries;
	return spec->type == BPF_MAP_TYPE_ARRAY ? entries * round_up_8(spec->value_size) : 0;
}

static int driver_alloc(struct offload_map *map, bool accepts)
{
	struct offload_asic *asic = map->asic;
	int error;

	pthread_mutex_lock(&asic->lock);
	error = accepts ? asic->device.driver->map_alloc(&map->device)
			: asic->device.driver->not_accepted;
	if (!error) {
		asic->device.maps_in_use++;
		asic->device.elements_in_use += map->device.max_entries;
		map->alive = true;
	}
	pthread_mutex_unlock(&asic->lock);
	return error;
}

/* Takes over the reference to the ASIC. */
static int map_new(struct emu *emu, const struct map_spec *spec, struct offload_asic *asic,
		   struct offload_map **result)
{
	struct offload_map *map = calloc(1, sizeof(*map));
	struct offload_limits limits;
	int error = -ENOMEM;

	pthread_mutex_lock(&asic->lock);
	limits = asic->device.limits;
	pthread_mutex_unlock(&asic->lock);
	if (map)
		error = map_init(&map->map, emu, &offload_map_ops, spec,
				 driver_bytes(spec, &limits));
	if (error) {
		free(map);
		offload_asic_put(asic);
		return error;
	}
	pthread_mutex_init(&map->driver_lock, NULL);
	map->asic = asic;
	map->device = (struct device_map){
		.device = &asic->device,
		.type = spec->type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.max_entries = spec->max_entries,
		.map_flags = map->map.map_flags,
		.numa_node = map->map.map_flags & BPF_F_NUMA_NODE ? spec->numa_node : 0,
	};
	*result = map;
	return 0;
}

/* BPF_OFFLOAD_MAP_ALLOC, and the tie to the device. */
static int map_bind(struct offload_map *map, struct offload_port *port)
{
	int error = port_call(port, OFFLOAD_ALLOC);

	if (!error)
		error = driver_alloc(map, port_accepts(port));
	if (!error)
		error = offload_bind(table_of(map), &map->binding, port, map->asic,
				     &map->map.object);
	return error;
}

int offload_map_alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **result)
{
	struct offload_map *map;
	struct offload_port *port;
	struct offload_asic *asic;
	int error;

	if (!emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	if (spec->type != BPF_MAP_TYPE_ARRAY && spec->type != BPF_MAP_TYPE_HASH)
		return -EINVAL;
	error = offload_target(&emu->netdevs, spec->ifindex, &port);
	if (error)
		return error;
	asic = offload_port_asic(&emu->netdevs, port);
	error = asic ? map_new(emu, spec, asic, &map) : -EINVAL;
	if (!error) {
		error = map_bind(map, port);
		if (error)
			map_put(&map->map);
		else
			*result = &map->map;
	}
	port_put(port);
	return error;
}
