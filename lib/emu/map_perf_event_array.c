// SPDX-License-Identifier: BSD-2-Clause
/*
 * perf_event_array: perf events by CPU, of which nothing can be looked up. They go with the
 * handle of the map that they were put in through, unless BPF_F_PRESERVE_ELEMS.
 */
#include <errno.h>
#include <stdlib.h>
#include "emu/fd_array.h"
#include "emu/file.h"
#include "emu/map_array.h"
#include "emu/map_simple.h"

#define BUFFER_BYTES ((uint64_t)64 * 4096) /* of one CPU: what libbpf's users take */

/* perf_event_fd_array_get_ptr() */
static int accept_fd(struct fd_array *array, int fd, struct emu_object **object)
{
	return file_from_fd(emu_of_map(&array->map), fd, FILE_BIT(PERF_EVENT), -EBADF,
			    (struct emu_file **)object);
}

static int alloc_more(struct fd_array *array, unsigned cpus)
{
	array->map.records = record_queue_new(BUFFER_BYTES * cpus);
	if (!array->map.records)
		return -ENOMEM;
	if (array->map.map_flags & BPF_F_PRESERVE_ELEMS)
		return 0;
	array->through = calloc(array->map.max_entries, sizeof(*array->through));
	return array->through ? 0 : -ENOMEM;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error = fd_array_alloc(emu, spec, &map_perf_event_array_ops, accept_fd, map);

	if (error)
		return error;
	error = alloc_more(fd_array_of(*map), emu->backend.possible_cpus);
	if (error)
		fd_array_free(*map);
	return error;
}

const struct emu_map_ops map_perf_event_array_ops = {
	.alloc_check = fd_array_alloc_check,
	.alloc = alloc,
	.free = fd_array_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.handle_gone = fd_array_handle_gone,
	.update_through = fd_array_update_through,
	.delete = fd_array_delete,
	.next_key = array_next_key,
};
