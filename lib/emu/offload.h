/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device-bound objects: what kernel/bpf/offload.c is.
 *
 * An offload device ("ASIC") has ports, which are network devices, and objects bound to one of
 * them. When a port goes, its objects move to the newest port that is left; with the last one
 * they die: maps lose their id and their elements, and every operation on them is ENODEV for
 * ever; programs only answer ENODEV.
 *
 * Locks, outermost first:
 *   netdev_table.lock  the kernel's rtnl and bpf_devs_lock: which port an object is bound to.
 *                      Operations share it for a moment, to find their port; register,
 *                      unregister, rename, move and (un)binding take it alone. Nobody sleeps or
 *                      calls a driver under it, so a slow device stops no other one.
 *   map's driver_lock  calls of the driver for one map, one at a time
 *   asic->lock         the driver's view of the device: its counters, alloc and free
 *   port->lock         see offload_port.h
 */
#ifndef BPFUSE_EMU_OFFLOAD_H
#define BPFUSE_EMU_OFFLOAD_H

#include "emu/driver.h"
#include "emu/map.h"
#include "emu/offload_port.h"

struct emu_prog;

/* An object's tie to its device. `netdev` NULL: never bound, or dead (under netdev_table.lock). */
struct offload_binding {
	struct offload_asic *asic; /* a reference once bound, until the object is freed */
	struct netdev *netdev;
	struct emu_object *object;
	struct offload_binding *next; /* of asic->bound */
};

struct offload_asic {
	atomic_uint references;
	char name[IFNAMSIZ];
	/* Under netdev_table.lock: */
	struct offload_port *ports; /* the newest first */
	struct offload_binding *bound;
	/* Under lock: */
	pthread_mutex_t lock;
	struct offload_device device; /* as its driver sees it */
};

/* The name of driver and ASIC, NULL: the default driver, an ASIC of its own. */
struct offload_register {
	const char *name;
	uint32_t ifindex; /* 0: the next */
	const char *driver, *asic;
};
int offload_register(struct netdev_table *table, const struct offload_register *wanted);
/* Removes any device but the loopback; everything bound to it is moved or dies before it returns.
 */
int offload_unregister(struct netdev_table *table, const char *name);
/* All of them, at the end of the backend. */
void offload_unregister_all(struct netdev_table *table);

/* -EBUSY while anything is bound to the device that changes. */
int offload_set_driver(struct netdev_table *table, const char *name,
		       const struct offload_driver *driver);
int offload_set_asic(struct netdev_table *table, const char *name, const char *asic);
/* The port of a device, a new reference; NULL and *error -ENODEV, or -EOPNOTSUPP for a plain one.
 */
struct offload_port *offload_port_find(struct netdev_table *table, const char *name, int *error);
/* The ASIC of a device, likewise a new reference. */
struct offload_asic *offload_asic_find(struct netdev_table *table, const char *name, int *error);
/* The ASIC that a port belongs to, a new reference; NULL once the port is gone. */
struct offload_asic *offload_port_asic(struct netdev_table *table, struct offload_port *port);
void offload_asic_put(struct offload_asic *asic);

/*
 * Where an object would be bound, by its ifindex: *port is a new reference. The kernel's errno
 * for what is no such device: bpf_dev_offload_check().
 */
int offload_target(struct netdev_table *table, uint32_t ifindex, struct offload_port **port);
/* Ties the object to the port, if that still belongs to `asic`; -EINVAL if it has gone. */
int offload_bind(struct netdev_table *table, struct offload_binding *binding,
		 struct offload_port *port, struct offload_asic *asic, struct emu_object *object);
/* Before the object's memory goes; a binding that was never bound is allowed. */
void offload_unbind(struct netdev_table *table, struct offload_binding *binding);
/* The port a bound object is on now, a new reference, or NULL when it is dead. */
struct offload_port *offload_port_of(struct netdev_table *table,
				     const struct offload_binding *binding);
/* Fills in where the object is now; -ENODEV when it is dead. */
int offload_where(struct netdev_table *table, const struct offload_binding *binding,
		  uint32_t *ifindex, uint64_t *netns_dev, uint64_t *netns_ino);

/* --- offload_map.c --- */

/* bpf_map_offload_map_alloc(): spec->ifindex is not 0. */
int offload_map_alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map);
/* After it got its id: takes it away again if the device went in between. */
void offload_map_published(struct emu_map *map);
/* NULL for a map that is not device-bound. */
struct offload_binding *offload_map_binding(struct emu_map *map);
/* The device is gone: gives the elements back. */
void offload_map_orphan(struct emu_map *map);

/* --- offload_prog.c --- */

/* bpf_prog_dev_bound_init(): the program's type and ifindex are set. */
int offload_prog_bind(struct emu_prog *prog);
void offload_prog_release(struct emu_prog *prog);
/*
 * Whether a program may use a map: both bound to one device, or neither to any
 * (bpf_offload_prog_map_match()). -EINVAL and the verifier's sentence.
 */
int offload_prog_check_map(struct emu_prog *prog, struct emu_map *map, struct fault *fault);
/* Where the program is; -ENODEV when its device is gone. */
int offload_prog_fill_info(struct emu_prog *prog, struct prog_info *info);

#endif
