// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/emu.h"
#include "emu/stream.h"

/* The reader keeps the map, as a mapping of the ring would. Readers of one map share its records.
 */
struct stream {
	struct emu_map *map;
};

static bool type_is_read(uint32_t type)
{
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

int emu_stream_open(struct handle *handle, struct stream **stream)
{
	struct emu_map *map = map_of(handle);

	if (!type_is_read(map->type))
		return -EOPNOTSUPP;
	/* A ring is mapped for writing too, for its reader moves the consumer's position. */
	if (!map_may_read(handle) || !map_may_write(handle))
		return -EPERM;
	*stream = malloc(sizeof(**stream));
	if (!*stream)
		return -ENOMEM;
	object_get(&map->object);
	(*stream)->map = map;
	return 0;
}

int emu_stream_poll_fd(struct stream *stream)
{
	return record_queue_poll_fd(stream->map->records);
}

int emu_stream_read(struct stream *stream, void **record, size_t *length, uint64_t *lost)
{
	return record_queue_pop(stream->map->records, record, length, lost);
}

void emu_stream_close(struct stream *stream)
{
	map_put(stream->map);
	free(stream);
}

int emu_stream_push(struct handle *handle, const void *record, size_t length)
{
	struct emu_map *map = map_of(handle);

	if (map->type != BPF_MAP_TYPE_USER_RINGBUF)
		return -EOPNOTSUPP;
	if (!map_may_read(handle) || !map_may_write(handle))
		return -EPERM;
	return record_queue_push(map->records, record, length);
}

int emu_stream_emit(struct handle *handle, const void *record, size_t length)
{
	struct emu_map *map = map_of(handle);

	return type_is_read(map->type) ? record_queue_push(map->records, record, length) : -EINVAL;
}
