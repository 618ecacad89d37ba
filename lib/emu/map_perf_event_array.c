// SPDX-License-Identifier: BSD-2-Clause
/* perf_event_array: takes perf events, of which there are none here; nothing can be looked up. */
#include <errno.h>
#include "emu/fd_array.h"
#include "emu/map_array.h"
#include "emu/map_simple.h"

#define BUFFER_BYTES ((uint64_t)64 * 4096) /* of one CPU: what libbpf's users take */

/* perf_event_fd_array_get_ptr() of what is no perf event */
static int accept_fd(struct fd_array *array, int fd, struct emu_object **object)
{
	return -EBADF;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error = fd_array_alloc(emu, spec, &map_perf_event_array_ops, accept_fd, map);

	if (error)
		return error;
	(*map)->records = record_queue_new(BUFFER_BYTES * emu->backend.possible_cpus);
	if ((*map)->records)
		return 0;
	fd_array_free(*map);
	return -ENOMEM;
}

const struct emu_map_ops map_perf_event_array_ops = {
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
