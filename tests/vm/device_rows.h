/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world with offload devices, for the rows of device_rows.c: the kernel's netdevsim, or the
 * emulation's.
 *
 * A device has an id (0 .. DEVICES-1) and ports; a port is a network device. Functions end the
 * process with a sentence where the world itself fails; results of what is tried are returned.
 */
#ifndef VM_DEVICE_ROWS_H
#define VM_DEVICE_ROWS_H

#include <bpfuse/backend.h>

struct device_world {
	const char *name;
	struct backend *backend;
	/* A device with its first port, called "dID"; more ports are "dIDpN". */
	void (*device_add)(struct device_world *world, unsigned id);
	void (*device_remove)(struct device_world *world, unsigned id);
	void (*port_add)(struct device_world *world, unsigned id, unsigned port);
	void (*port_remove)(struct device_world *world, unsigned id, unsigned port);
	void (*accept)(struct device_world *world, unsigned id, bool accept);
	void (*rename)(struct device_world *world, const char *from, const char *to);
	/* To another network namespace and back. */
	void (*move)(struct device_world *world, const char *name, bool away);
	uint32_t (*ifindex)(struct device_world *world, const char *name);
	/* An XDP program (or another type) that uses the map (NULL: none); *mismatch: the log says
	 * so. */
	int (*prog_load)(struct device_world *world, uint32_t type, uint32_t ifindex,
			 struct handle *map, struct handle **prog, bool *mismatch);
};

struct device_world *device_world_kernel(void);
struct device_world *device_world_emu(void);

#endif
