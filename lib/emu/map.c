// SPDX-License-Identifier: BSD-2-Clause
/* What all map types share. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map.h"

static const struct emu_map_ops *const types[] = {
	[BPF_MAP_TYPE_HASH] = &map_hash_ops,
	[BPF_MAP_TYPE_ARRAY] = &map_array_ops,
	[BPF_MAP_TYPE_PERCPU_HASH] = &map_percpu_hash_ops,
	[BPF_MAP_TYPE_PERCPU_ARRAY] = &map_percpu_array_ops,
	[BPF_MAP_TYPE_LRU_HASH] = &map_lru_hash_ops,
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = &map_lru_percpu_hash_ops,
	[BPF_MAP_TYPE_LPM_TRIE] = &map_lpm_trie_ops,
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = &map_array_of_maps_ops,
	[BPF_MAP_TYPE_HASH_OF_MAPS] = &map_hash_of_maps_ops,
	[BPF_MAP_TYPE_PROG_ARRAY] = &map_prog_array_ops,
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = &map_perf_event_array_ops,
	[BPF_MAP_TYPE_CGROUP_ARRAY] = &map_cgroup_array_ops,
	[BPF_MAP_TYPE_STACK_TRACE] = &map_stack_trace_ops,
	[BPF_MAP_TYPE_DEVMAP] = &map_devmap_ops,
	[BPF_MAP_TYPE_DEVMAP_HASH] = &map_devmap_hash_ops,
	[BPF_MAP_TYPE_CPUMAP] = &map_cpumap_ops,
	[BPF_MAP_TYPE_XSKMAP] = &map_xskmap_ops,
	[BPF_MAP_TYPE_SOCKMAP] = &map_sockmap_ops,
	[BPF_MAP_TYPE_SOCKHASH] = &map_sockhash_ops,
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = &map_reuseport_sockarray_ops,
	[BPF_MAP_TYPE_CGROUP_STORAGE] = &map_cgroup_storage_ops,
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = &map_percpu_cgroup_storage_ops,
	[BPF_MAP_TYPE_QUEUE] = &map_queue_ops,
	[BPF_MAP_TYPE_STACK] = &map_stack_ops,
	[BPF_MAP_TYPE_BLOOM_FILTER] = &map_bloom_filter_ops,
	[BPF_MAP_TYPE_RINGBUF] = &map_ringbuf_ops,
	[BPF_MAP_TYPE_USER_RINGBUF] = &map_user_ringbuf_ops,
	[BPF_MAP_TYPE_SK_STORAGE] = &map_sk_storage_ops,
	[BPF_MAP_TYPE_INODE_STORAGE] = &map_inode_storage_ops,
	[BPF_MAP_TYPE_TASK_STORAGE] = &map_task_storage_ops,
	[MAP_TYPE_CGRP_STORAGE] = &map_cgrp_storage_ops,
	[BPF_MAP_TYPE_STRUCT_OPS] = &map_struct_ops_ops,
	[MAP_TYPE_ARENA] = &map_arena_ops,
};

const struct emu_map_ops *map_ops_of_type(uint32_t type)
{
	return type < sizeof(types) / sizeof(*types) ? types[type] : NULL;
}

#define LARGE_MAP (4 << 20) /* bytes; the memory of such a map goes back to the system at once */

static void map_object_free(struct emu_object *object)
{
	struct emu_map *map = (struct emu_map *)object;
	bool large = map->ops->memory_usage && map->ops->memory_usage(map) > LARGE_MAP;

	map->ops->free(map);
	if (large)
		malloc_trim(0);
}

static void map_last_user_gone(struct emu_object *object)
{
	struct emu_map *map = (struct emu_map *)object;

	if (map->ops->last_user_gone)
		map->ops->last_user_gone(map);
}

static void map_handle_gone(struct emu_object *object, const struct emu_handle *handle)
{
	struct emu_map *map = (struct emu_map *)object;

	if (map->ops->handle_gone)
		map->ops->handle_gone(map, handle);
}

static const struct emu_object_ops map_object_ops = {
	.free = map_object_free,
	.last_user_gone = map_last_user_gone,
	.handle_gone = map_handle_gone,
};

int map_init(struct emu_map *map, struct emu *emu, const struct emu_map_ops *ops,
	     const struct map_spec *spec, uint64_t bytes)
{
	int error = emu_reserve(emu, bytes);

	if (error)
		return error;
	object_init(&map->object, emu, OBJECT_MAP, &map_object_ops);
	map->ops = ops;
	map->type = spec->type;
	map->key_size = spec->key_size;
	map->value_size = spec->value_size;
	map->max_entries = spec->max_entries;
	map->map_flags = spec->map_flags & ~HANDLE_FLAGS;
	map->map_extra = spec->map_extra;
	map->numa_node = spec->map_flags & BPF_F_NUMA_NODE ? spec->numa_node : UINT32_MAX;
	map->value_bytes =
		map_value_bytes(spec->type, spec->value_size, emu->backend.possible_cpus);
	map->reserved = bytes;
	atomic_init(&map->frozen, false);
	pthread_mutex_init(&map->owner.lock, NULL);
	return 0;
}

void map_destroy(struct emu_map *map)
{
	emu_unreserve(emu_of_map(map), map->reserved);
	pthread_mutex_destroy(&map->owner.lock);
	record_queue_free(map->records);
	if (map->btf)
		object_put(&map->btf->object);
}

int map_from_fd(struct emu *emu, int fd, struct emu_map **map)
{
	struct emu_object *object = NULL;
	int error = fd_object(emu, fd, OBJECT_MAP, &object);

	*map = (struct emu_map *)object;
	return error;
}

void map_put(struct emu_map *map)
{
	if (map)
		object_put(&map->object);
}

static bool record_equal(const struct btf_record *a, const struct btf_record *b)
{
	return a->count == b->count && !memcmp(a->fields, b->fields, a->count * sizeof(*a->fields));
}

bool map_meta_equal(const struct emu_map *template, const struct emu_map *inner)
{
	return template->type == inner->type && template->key_size == inner->key_size &&
	       template->value_size == inner->value_size &&
	       template->map_flags == inner->map_flags &&
	       record_equal(&template->record, &inner->record);
}

int map_check_no_btf(const struct emu_map *map, const struct btf_types *btf_types)
{
	return -ENOTSUPP;
}

bool map_flags_access_ok(uint32_t flags)
{
	return (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !=
	       (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);
}

void map_hide_special_fields(const struct emu_map *map, void *value)
{
	for (unsigned i = 0; i < map->record.count; i++) {
		const struct btf_field *field = &map->record.fields[i];

		memset((char *)value + field->offset, 0, field->size);
	}
}
