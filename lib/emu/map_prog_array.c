// SPDX-License-Identifier: BSD-2-Clause
/* prog_array: tail calls. All programs in it and all that use it are of one kind. */
#include <errno.h>
#include "emu/fd_array.h"
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/prog.h"

/* prog_fd_array_get_ptr() */
static int accept_fd(struct fd_array *array, int fd, struct emu_object **object)
{
	struct emu_prog *prog;
	int error = prog_from_fd(emu_of_map(&array->map), fd, &prog);

	if (error)
		return error;
	if (!prog_fits_map(&array->map, prog)) {
		prog_put(prog);
		return -EINVAL;
	}
	*object = &prog->object;
	return 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return fd_array_alloc(emu, spec, &map_prog_array_ops, accept_fd, map);
}

const struct emu_map_ops map_prog_array_ops = {
	.alloc_check = fd_array_alloc_check,
	.alloc = alloc,
	.free = fd_array_free,
	.last_user_gone = fd_array_clear,
	.memory_usage = simple_memory_usage,
	.lookup = fd_array_lookup,
	.update = fd_array_update,
	.delete = fd_array_delete,
	.next_key = array_next_key,
};
