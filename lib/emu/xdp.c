// SPDX-License-Identifier: BSD-2-Clause
#include "emu/xdp.h"
#include <errno.h>
#include <string.h>
#include "emu/offload.h"
#include "emu/prog.h"

/* enum netdev_xdp_act: BASIC and REDIRECT of devices with a native mode, and HW_OFFLOAD */
#define FEATURES_NATIVE 3u
#define FEATURE_HW_OFFLOAD (1u << 4)

static void fill_info(const struct netdev *device, struct xdp_info *info)
{
	unsigned attached = 0;

	*info = (struct xdp_info){0};
	for (int mode = XDP_MODE_DRV; mode < XDP_MODE_MULTI; mode++) {
		if (!device->xdp[mode])
			continue;
		info->prog_id[mode] = device->xdp[mode]->object.id;
		info->prog_id[XDP_MODE_NONE] = attached++ ? 0 : info->prog_id[mode];
		info->mode = attached > 1 ? XDP_MODE_MULTI : (uint32_t)mode;
	}
	if (device->kind != NETDEV_LOOPBACK)
		info->features = FEATURES_NATIVE;
	if (device->kind == NETDEV_OFFLOAD)
		info->features |= FEATURE_HW_OFFLOAD;
}

int emu_xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info)
{
	struct netdev_table *table = &emu_of(backend)->netdevs;
	struct netdev *device;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_ifindex_locked(table, ifindex);
	if (device)
		fill_info(device, info);
	pthread_rwlock_unlock(&table->lock);
	return device ? 0 : -ENODEV;
}

/* dev_xdp_mode(): without a wish, the driver's own mode where it has one. */
static enum xdp_mode mode_of(const struct netdev *device, enum xdp_mode wish)
{
	if (wish != XDP_MODE_NONE)
		return wish;
	return device->kind == NETDEV_LOOPBACK ? XDP_MODE_SKB : XDP_MODE_DRV;
}

/* What the device must be for a program in this mode. */
static int check_mode(const struct netdev *device, enum xdp_mode mode)
{
	enum xdp_mode other = mode == XDP_MODE_SKB ? XDP_MODE_DRV : XDP_MODE_SKB;

	if (mode != XDP_MODE_HW && device->xdp[other])
		return -EEXIST; /* native and generic XDP cannot be active at the same time */
	if (mode != XDP_MODE_SKB && device->kind == NETDEV_LOOPBACK)
		return -EOPNOTSUPP; /* no ndo_bpf */
	return 0;
}

/* What the program must be. An offloaded one belongs to one device. */
static int check_prog(const struct netdev *device, enum xdp_mode mode, struct emu_prog *prog)
{
	if (prog->type != BPF_PROG_TYPE_XDP)
		return -EINVAL;
	if (mode == XDP_MODE_HW ? !prog->ifindex : prog->ifindex != 0)
		return -EINVAL;
	if (prog->ifindex && (!device->port || prog->binding.asic != device->port->asic))
		return -EINVAL;
	if (prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	return 0;
}

/* Exchanges what is attached; the old program, whose reference is the caller's then. */
static int attach_locked(struct netdev *device, enum xdp_mode mode, struct emu_prog *prog,
			 bool only_new, struct emu_prog **old)
{
	int error;

	mode = mode_of(device, mode);
	error = prog ? check_mode(device, mode) : 0;
	if (!error && only_new && device->xdp[mode])
		error = -EBUSY;
	if (!error && prog)
		error = check_prog(device, mode, prog);
	if (error)
		return error;
	*old = device->xdp[mode];
	device->xdp[mode] = prog;
	if (prog)
		object_get(&prog->object);
	return 0;
}

int emu_xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode,
		   struct handle *handle, bool only_new)
{
	struct netdev_table *table = &emu_of(backend)->netdevs;
	struct emu_prog *prog = handle ? (struct emu_prog *)emu_handle(handle)->object : NULL;
	struct emu_prog *old = NULL;
	struct netdev *device;
	int error;

	if (!emu_capable(emu_of(backend), EMU_CAP_NET_ADMIN))
		return -EPERM;
	pthread_rwlock_wrlock(&table->lock);
	device = netdev_by_ifindex_locked(table, ifindex);
	error = device ? attach_locked(device, mode, prog, only_new, &old) : -ENODEV;
	pthread_rwlock_unlock(&table->lock);
	prog_put(old);
	return error;
}

size_t xdp_take_locked(struct netdev *device, struct emu_object **objects)
{
	size_t count = 0;

	for (int mode = 0; mode < XDP_MODES; mode++) {
		if (device->xdp[mode])
			objects[count++] = &device->xdp[mode]->object;
		device->xdp[mode] = NULL;
	}
	return count;
}

void xdp_detach_all(struct netdev_table *table)
{
	struct emu_object *objects[XDP_MODES];

	for (struct netdev *device = table->devices; device; device = device->next) {
		size_t count;

		pthread_rwlock_wrlock(&table->lock);
		count = xdp_take_locked(device, objects);
		pthread_rwlock_unlock(&table->lock);
		while (count)
			object_put(objects[--count]);
	}
}
