// SPDX-License-Identifier: BSD-2-Clause
/* array: kernel/bpf/arraymap.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "emu/map_array.h"

#define ARRAY_FLAGS (BPF_F_NUMA_NODE | BPF_F_MMAPABLE | MAP_ACCESS_FLAGS | BPF_F_INNER_MAP)

#define PAGE 4096

static uint64_t round_up_page(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

int array_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	bool percpu = map_type_get(spec->type)->percpu;

	if (!spec->max_entries || spec->key_size != 4 || !spec->value_size ||
	    (spec->map_flags & ~ARRAY_FLAGS) || !map_flags_access_ok(spec->map_flags) ||
	    (percpu && map_has_numa_node(spec)))
		return -EINVAL;
	if (spec->type != BPF_MAP_TYPE_ARRAY &&
	    (spec->map_flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)))
		return -EINVAL;
	/* KMALLOC_MAX_SIZE would do, but the value has to fit an int. */
	if (spec->value_size > INT32_MAX)
		return -E2BIG;
	if (percpu && round_up_8(spec->value_size) > PERCPU_VALUE_MAX)
		return -E2BIG;
	return 0;
}

int array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		struct emu_map **map)
{
	struct array_map *array = calloc(1, sizeof(*array));
	uint64_t value_bytes = map_value_bytes(spec->type, (uint32_t)round_up_8(spec->value_size),
					       emu->backend.possible_cpus);
	int error = -ENOMEM;

	if (!array)
		return error;
	error = map_init(&array->map, emu, ops, spec, value_bytes * spec->max_entries);
	if (error) {
		free(array);
		return error;
	}
	/* calloc() of this size gives pages that are zero and not there until they are used. */
	array->values = calloc(spec->max_entries, array->map.value_bytes);
	error = array->values ? lock_stripes_init(&array->locks, spec->max_entries) : -ENOMEM;
	if (error) {
		array_free(&array->map);
		return error;
	}
	*map = &array->map;
	return 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return array_alloc(emu, spec, &map_array_ops, map);
}

/* array_map_mem_usage() */
uint64_t array_memory_usage(struct emu_map *map)
{
	uint64_t value = round_up_8(map->value_size), count = map->max_entries;

	if (map_type_get(map->type)->percpu)
		return KERNEL_ARRAY_SIZE +
		       count * (8 + value * emu_of_map(map)->backend.possible_cpus);
	if (map->map_flags & BPF_F_MMAPABLE)
		return round_up_page(KERNEL_ARRAY_SIZE) + round_up_page(count * value);
	return KERNEL_ARRAY_SIZE + count * value;
}

void array_free(struct emu_map *map)
{
	struct array_map *array = (struct array_map *)map;

	lock_stripes_destroy(&array->locks);
	free(array->values);
	map_destroy(map);
	free(array);
}

/* array_map_check_btf() */
int array_check_btf(const struct emu_map *map, const struct btf_types *types)
{
	if (!types->key) /* .data, .bss, .rodata: one value of many variables */
		return map->type == BPF_MAP_TYPE_ARRAY && map->max_entries == 1 &&
				       btf_is_datasec(types->value)
			       ? 0
			       : -EINVAL;
	return btf_is_int32(types->key) ? 0 : -EINVAL;
}

static unsigned char *value_at(const struct array_map *array, uint32_t index)
{
	return array->values + (size_t)index * array->map.value_bytes;
}

int array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct array_map *array = (struct array_map *)map;
	uint32_t index = array_index(key);

	if (index >= map->max_entries)
		return -ENOENT;
	stripe_lock(&array->locks, index);
	memcpy(value, value_at(array, index), map->value_bytes);
	stripe_unlock(&array->locks, index);
	map_hide_special_fields(map, value);
	return 0;
}

/* array_map_update_elem(), bpf_percpu_array_update() */
int array_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct array_map *array = (struct array_map *)map;
	uint32_t index = array_index(key);

	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	stripe_lock(&array->locks, index);
	memcpy(value_at(array, index), value, map->value_bytes);
	stripe_unlock(&array->locks, index);
	return 0;
}

int array_delete(struct emu_map *map, const void *key)
{
	return -EINVAL;
}

int array_next_key(struct emu_map *map, const void *key, void *next)
{
	uint32_t index = key ? array_index(key) : UINT32_MAX;

	if (index == map->max_entries - 1)
		return -ENOENT;
	index = index >= map->max_entries ? 0 : index + 1;
	memcpy(next, &index, sizeof(index));
	return 0;
}

/* array_map_meta_equal(): another size only where the template says BPF_F_INNER_MAP. */
static bool meta_equal(const struct emu_map *template, const struct emu_map *inner)
{
	return map_meta_equal(template, inner) && ((template->map_flags & BPF_F_INNER_MAP) ||
						   template->max_entries == inner->max_entries);
}

const struct emu_map_ops map_array_ops = {
	.alloc_check = array_alloc_check,
	.alloc = alloc,
	.free = array_free,
	.memory_usage = array_memory_usage,
	.check_btf = array_check_btf,
	.meta_equal = meta_equal,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.next_key = array_next_key,
	.lookup_batch = generic_lookup_batch,
	.update_batch = generic_update_batch,
};
