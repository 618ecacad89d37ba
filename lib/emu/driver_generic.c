// SPDX-License-Identifier: BSD-2-Clause
/*
 * generic: a device whose limits the user sets; none at first.
 *
 * For modelling hardware that exists only on paper: write the limits into the device's `limits`
 * file or the scenario, and see what software makes of ENOMEM and E2BIG. A limit of 0 does not
 * limit. The order of the checks is that of kernel map types: shape (E2BIG), then room (ENOMEM).
 */
#include "emu/driver_store.h"
#include <errno.h>
#include <linux/bpf.h>

static bool exceeds(uint64_t number, uint32_t limit)
{
	return limit && number > limit;
}

static int generic_map_alloc(struct device_map *map)
{
	const struct offload_device *device = map->device;
	const struct offload_limits *limits = &device->limits;
	uint64_t element =
		(((uint64_t)map->key_size + 7) & ~7ull) + (((uint64_t)map->value_size + 7) & ~7ull);

	if (limits->map_types && !(limits->map_types & 1u << map->type))
		return -EOPNOTSUPP;
	if (exceeds(map->key_size, limits->max_key_size) ||
	    exceeds(map->value_size, limits->max_value_size) ||
	    exceeds(element, limits->max_element_size) ||
	    exceeds(map->max_entries, limits->max_entries))
		return -E2BIG;
	if (exceeds(device->maps_in_use + 1ull, limits->max_maps) ||
	    exceeds(device->elements_in_use + map->max_entries, limits->max_elements))
		return -ENOMEM;
	return store_alloc(map);
}

const struct offload_driver generic_driver = {
	.name = "generic",
	.about = "limits that the user sets, none at first",
	.limits_can_change = true,
	.not_accepted = -EOPNOTSUPP,
	.map_alloc = generic_map_alloc,
	.map_free = store_free,
	.map_lookup = store_lookup,
	.map_update = store_update,
	.map_delete = store_delete,
	.map_next_key = store_next_key,
};
