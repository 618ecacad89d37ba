// SPDX-License-Identifier: BSD-2-Clause
/* Changing many elements at once (see walk.h). */
#include <errno.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/map_type.h>
#include <bpfuse/walk.h>

static bool has_batch(const struct map_info *info, enum map_batch command)
{
	return !info->ifindex && (map_type_get(info->type)->batch & command);
}

static int update_each(struct handle *map, const struct map_info *info, const void *keys,
		       const void *values, uint32_t count, uint64_t elem_flags, uint32_t *done)
{
	size_t value_size =
		map_value_bytes(info->type, info->value_size, map->backend->possible_cpus);
	int error = 0;

	while (!error && *done < count) {
		const unsigned char *key = (const unsigned char *)keys + *done * info->key_size;
		const unsigned char *value = (const unsigned char *)values + *done * value_size;

		error = map_update(map, info->key_size ? key : NULL, value, elem_flags);
		*done += !error;
	}
	return error;
}

int map_update_many(struct handle *map, const void *keys, const void *values, uint32_t count,
		    uint64_t elem_flags, uint32_t *done)
{
	struct map_info info;
	int error = map_info(map, &info);

	*done = 0;
	if (error || !count)
		return error;
	if (has_batch(&info, BATCH_UPDATE)) {
		*done = count;
		error = map_update_batch(map, keys, values, done, elem_flags);
		if (error != -ENOTSUPP && error != -EOPNOTSUPP)
			return error;
		*done = 0; /* an older kernel */
	}
	return update_each(map, &info, keys, values, count, elem_flags, done);
}

/* Elements of an array cannot go; the map says so itself, or that it is frozen. */
static int array_refusal(struct handle *map)
{
	const uint32_t first = 0;
	int error = map_delete(map, &first);

	return error ? error : -EINVAL;
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

int map_clear(struct handle *map, uint64_t *deleted)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	struct walk_chunk chunk;
	struct map_info info;
	uint64_t count = 0;
	int result = map_info(map, &info);

	if (!result && is_array(info.type))
		result = array_refusal(map);
	if (!result)
		result = walk_open(map, WALK_DRAIN, &walk);
	while (!result && (result = walk_next(walk, &chunk)) > 0) {
		count += chunk.count;
		result = 0;
	}
	if (deleted)
		*deleted = count;
	return result;
}
