// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/map_inner.h"

static bool holds_maps(const struct emu_map *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || map->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static int template_from(const struct emu_map *map, struct emu_map **template)
{
	if (holds_maps(map))
		return -EINVAL;
	if (!map->ops->meta_equal)
		return -ENOTSUPP;
	*template = calloc(1, sizeof(**template));
	if (!*template)
		return -ENOMEM;
	(*template)->ops = map->ops;
	(*template)->type = map->type;
	(*template)->key_size = map->key_size;
	(*template)->value_size = map->value_size;
	(*template)->max_entries = map->max_entries;
	(*template)->map_flags = map->map_flags;
	(*template)->record = map->record;
	return 0;
}

int inner_template_new(struct emu *emu, int fd, struct emu_map **template)
{
	struct emu_map *map;
	int error = map_from_fd(emu, fd < 0 ? 0 : fd, &map);

	if (error)
		return error;
	error = template_from(map, template);
	map_put(map);
	return error;
}

int inner_map_from_fd(struct emu *emu, const struct emu_map *template, int fd, struct emu_map **map)
{
	int error = map_from_fd(emu, fd, map);

	if (error)
		return error;
	if (template->ops->meta_equal(template, *map))
		return 0;
	map_put(*map);
	return -EINVAL;
}
