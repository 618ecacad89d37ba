// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/map_simple.h"

int simple_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		 uint64_t bytes, struct emu_map **result)
{
	struct emu_map *map = calloc(1, sizeof(*map));
	int error = map ? map_init(map, emu, ops, spec, bytes) : -ENOMEM;

	if (error) {
		free(map);
		return error;
	}
	*result = map;
	return 0;
}

void simple_free(struct emu_map *map)
{
	map_destroy(map);
	free(map);
}

uint64_t simple_memory_usage(struct emu_map *map)
{
	return map->reserved;
}
