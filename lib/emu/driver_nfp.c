// SPDX-License-Identifier: BSD-2-Clause
/*
 * nfp: Netronome's (Corigine's) Agilio NICs (drivers/net/ethernet/netronome/nfp/bpf/).
 *
 * The real driver reads all limits from its firmware (nfp_bpf_parse_cap_maps()); the numbers
 * here are a new device's and the user may say others. What the firmware's map commands answer
 * is translated as nfp_bpf_ctrl_rc_to_errno() does. Keys and values travel in messages with
 * fields of 64 bytes (ABI 2).
 */
#include "emu/driver_store.h"
#include <errno.h>
#include <linux/bpf.h>

#define MESSAGE_FIELD 64u /* bytes of a key or value in a control message */

static uint32_t round_up_8(uint32_t size)
{
	return (size + 7) & ~7u;
}

/* The order of nfp_bpf_map_alloc(). */
static int nfp_map_alloc(struct device_map *map)
{
	const struct offload_device *device = map->device;
	const struct offload_limits *limits = &device->limits;

	if (!limits->map_types)
		return -EOPNOTSUPP;
	if (map->map_flags || map->numa_node)
		return -EINVAL;
	if (!(limits->map_types & 1u << map->type))
		return -EOPNOTSUPP;
	if (device->maps_in_use >= limits->max_maps)
		return -ENOMEM;
	if (device->elements_in_use + map->max_entries > limits->max_elements)
		return -ENOMEM;
	if (map->key_size > limits->max_key_size || map->value_size > limits->max_value_size)
		return -ENOMEM;
	if (round_up_8(map->key_size) + round_up_8(map->value_size) > limits->max_element_size)
		return -ENOMEM;
	return store_alloc(map);
}

const struct offload_driver nfp_driver = {
	.name = "nfp",
	.about = "Agilio NICs: limits come from the firmware",
	.limits =
		{
			.max_maps = 256,
			.max_elements = 3072000,
			.max_key_size = MESSAGE_FIELD,
			.max_value_size = MESSAGE_FIELD,
			.max_element_size = 2 * MESSAGE_FIELD,
			.map_types = 1u << BPF_MAP_TYPE_ARRAY | 1u << BPF_MAP_TYPE_HASH,
		},
	.limits_can_change = true,
	.not_accepted = -EOPNOTSUPP,
	.map_alloc = nfp_map_alloc,
	.map_free = store_free,
	.map_lookup = store_lookup,
	.map_update = store_update,
	.map_delete = store_delete, /* an array's: EINVAL, as nfp_bpf_map_delete_entry() */
	.map_next_key = store_next_key,
};
