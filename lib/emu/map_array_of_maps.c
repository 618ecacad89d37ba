// SPDX-License-Identifier: BSD-2-Clause
/* array_of_maps: an inner map's file descriptor in, its id out. */
#include <stdlib.h>
#include "emu/fd_array.h"
#include "emu/map_array.h"
#include "emu/map_inner.h"
#include "emu/map_simple.h"

static int accept_fd(struct fd_array *array, int fd, struct emu_object **object)
{
	return inner_map_from_fd(emu_of_map(&array->map), array->context, fd,
				 (struct emu_map **)object);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct emu_map *template;
	int error = inner_template_new(emu, spec->inner_map_fd, &template);

	if (error)
		return error;
	error = fd_array_alloc(emu, spec, &map_array_of_maps_ops, accept_fd, map);
	if (error)
		free(template);
	else
		fd_array_of(*map)->context = template;
	return error;
}

const struct emu_map_ops map_array_of_maps_ops = {
	.alloc_check = fd_array_alloc_check,
	.alloc = alloc,
	.free = fd_array_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.lookup = fd_array_lookup,
	.update = fd_array_update,
	.delete = fd_array_delete,
	.next_key = array_next_key,
	.lookup_batch = generic_lookup_batch,
	.update_batch = generic_update_batch,
};
