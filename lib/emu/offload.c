// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include "emu/offload.h"

int offload_map_alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	if (!emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	if (spec->type != BPF_MAP_TYPE_ARRAY && spec->type != BPF_MAP_TYPE_HASH)
		return -EINVAL;
	if (!netdev_exists(&emu->netdevs, spec->ifindex))
		return -EINVAL;
	return -EOPNOTSUPP; /* the device has no driver that takes maps */
}
