// SPDX-License-Identifier: BSD-2-Clause
/* cgroup_array: cgroups, of which nothing can be looked up. */
#include <errno.h>
#include "emu/fd_array.h"
#include "emu/file.h"
#include "emu/map_array.h"
#include "emu/map_simple.h"

/* cgroup_fd_array_get_ptr() */
static int accept_fd(struct fd_array *array, int fd, struct emu_object **object)
{
	return file_from_fd(emu_of_map(&array->map), fd, FILE_BIT(CGROUP), -EBADF,
			    (struct emu_file **)object);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return fd_array_alloc(emu, spec, &map_cgroup_array_ops, accept_fd, map);
}

const struct emu_map_ops map_cgroup_array_ops = {
	.alloc_check = fd_array_alloc_check,
	.alloc = alloc,
	.free = fd_array_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.update = fd_array_update,
	.delete = fd_array_delete,
	.next_key = array_next_key,
};
