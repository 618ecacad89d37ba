/* SPDX-License-Identifier: BSD-2-Clause */
/* XDP programs on emulated devices: dev_xdp_attach() of net/core/dev.c. */
#ifndef EMU_XDP_H
#define EMU_XDP_H

#include "emu/netdev.h"
#include "emu/object.h"

int emu_xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info);
int emu_xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode,
		   struct handle *prog, bool only_new);
/* Detaches all: how many objects (at most XDP_MODES), whose references are the caller's then. */
size_t xdp_take_locked(struct netdev *device, struct emu_object **objects);
/* At the end of the backend, for devices that cannot be unregistered. */
void xdp_detach_all(struct netdev_table *table);

#endif
