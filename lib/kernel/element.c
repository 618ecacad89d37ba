// SPDX-License-Identifier: BSD-2-Clause
/* Element operations, one bpf(2) command each; kernel/bpf/syscall.c decides everything. */
#include "internal.h"

int kernel_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map->fd,
		.key = pointer_u64(key),
		.value = pointer_u64(value),
		.flags = flags,
	};

	return kernel_bpf(BPF_MAP_LOOKUP_ELEM, &attr, ATTR_SIZE(flags));
}

int kernel_map_update(struct handle *map, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map->fd,
		.key = pointer_u64(key),
		.value = pointer_u64(value),
		.flags = flags,
	};

	return kernel_bpf(BPF_MAP_UPDATE_ELEM, &attr, ATTR_SIZE(flags));
}

int kernel_map_delete(struct handle *map, const void *key)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map->fd,
		.key = pointer_u64(key),
	};

	return kernel_bpf(BPF_MAP_DELETE_ELEM, &attr, ATTR_SIZE(key));
}

int kernel_map_next_key(struct handle *map, const void *key, void *next)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map->fd,
		.key = pointer_u64(key),
		.next_key = pointer_u64(next),
	};

	return kernel_bpf(BPF_MAP_GET_NEXT_KEY, &attr, ATTR_SIZE(next_key));
}

int kernel_map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map->fd,
		.key = pointer_u64(key),
		.value = pointer_u64(value),
		.flags = flags,
	};

	return kernel_bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr, ATTR_SIZE(flags));
}

static int map_batch(enum bpf_cmd command, struct handle *map, union bpf_attr *attr,
		     uint32_t *count)
{
	int error;

	attr->batch.map_fd = (uint32_t)map->fd;
	attr->batch.count = *count;
	error = kernel_bpf(command, attr, ATTR_SIZE(batch.elem_flags));
	*count = attr->batch.count;
	return error;
}

int kernel_map_read_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			  uint32_t *count, uint64_t elem_flags)
{
	union bpf_attr attr = {
		.batch = {.in_batch = pointer_u64(in),
			  .out_batch = pointer_u64(out),
			  .keys = pointer_u64(keys),
			  .values = pointer_u64(values),
			  .elem_flags = elem_flags},
	};

	return map_batch(BPF_MAP_LOOKUP_BATCH, map, &attr, count);
}

int kernel_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			    uint32_t *count, uint64_t elem_flags)
{
	struct map_info info;

	if (!kernel_map_info(map, &info) && info.type == BPF_MAP_TYPE_LPM_TRIE && *count)
		return kernel_lpm_lookup_batch(map, &info, in, out, keys, values, count,
					       elem_flags);
	return kernel_map_read_batch(map, in, out, keys, values, count, elem_flags);
}

int kernel_map_lookup_and_delete_batch(struct handle *map, const void *in, void *out, void *keys,
				       void *values, uint32_t *count, uint64_t elem_flags)
{
	union bpf_attr attr = {
		.batch = {.in_batch = pointer_u64(in),
			  .out_batch = pointer_u64(out),
			  .keys = pointer_u64(keys),
			  .values = pointer_u64(values),
			  .elem_flags = elem_flags},
	};

	return map_batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, map, &attr, count);
}

int kernel_map_update_batch(struct handle *map, const void *keys, const void *values,
			    uint32_t *count, uint64_t elem_flags)
{
	union bpf_attr attr = {
		.batch = {.keys = pointer_u64(keys),
			  .values = pointer_u64(values),
			  .elem_flags = elem_flags},
	};

	return map_batch(BPF_MAP_UPDATE_BATCH, map, &attr, count);
}

int kernel_map_delete_batch(struct handle *map, const void *keys, uint32_t *count,
			    uint64_t elem_flags)
{
	union bpf_attr attr = {
		.batch = {.keys = pointer_u64(keys), .elem_flags = elem_flags},
	};

	return map_batch(BPF_MAP_DELETE_BATCH, map, &attr, count);
}
