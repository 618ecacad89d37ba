// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "emu/cgroup_storage.h"
#include "emu/map_simple.h"
#include "emu/storage.h"

#define CGROUP_STORAGE_FLAGS (BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)
#define KEY_WITH_ATTACH_TYPE 16	       /* struct bpf_cgroup_storage_key */
#define KERNEL_CGROUP_STORAGE_SIZE 328 /* struct bpf_cgroup_storage_map */

static int check(const struct map_spec *spec)
{
	bool percpu = map_type_get(spec->type)->percpu;

	if (spec->key_size != KEY_WITH_ATTACH_TYPE && spec->key_size != sizeof(uint64_t))
		return -EINVAL;
	if (!spec->value_size)
		return -EINVAL;
	if (spec->value_size > (percpu ? PERCPU_VALUE_MAX : STORAGE_VALUE_MAX))
		return -E2BIG;
	if ((spec->map_flags & ~CGROUP_STORAGE_FLAGS) || !map_flags_access_ok(spec->map_flags))
		return -EINVAL;
	return spec->max_entries ? -EINVAL : 0;
}

int cgroup_storage_alloc(struct emu *emu, const struct map_spec *spec,
			 const struct emu_map_ops *ops, struct emu_map **map)
{
	int error = check(spec);

	return error ? error : simple_alloc(emu, spec, ops, KERNEL_CGROUP_STORAGE_SIZE, map);
}

static bool is_int(const struct btf *btf, const struct btf_member *member, uint32_t bytes)
{
	const struct btf_type *type =
		btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, member->type));

	return type && btf_is_int(type) && type->size == bytes;
}

/* cgroup_storage_map_check_btf(): the id, or a struct of id and attach type. */
int cgroup_storage_check_btf(const struct emu_map *map, const struct btf_types *types)
{
	const struct btf_member *members;

	if (map->key_size != KEY_WITH_ATTACH_TYPE)
		return btf_is_int(types->key) && types->key_size == sizeof(uint64_t) ? 0 : -EINVAL;
	if (!btf_is_struct(types->key) || btf_vlen(types->key) != 2)
		return -EINVAL;
	members = btf_members(types->key);
	if (!is_int(types->btf, &members[0], 8) || members[0].offset != 0 ||
	    !is_int(types->btf, &members[1], 4) || members[1].offset != 64)
		return -EINVAL;
	return 0;
}

int cgroup_storage_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return -ENOENT;
}

int cgroup_storage_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	return flags & ~(uint64_t)(BPF_F_LOCK | BPF_EXIST) ? -EINVAL : -ENOENT;
}

int cgroup_storage_delete(struct emu_map *map, const void *key)
{
	return -EINVAL;
}

int cgroup_storage_next_key(struct emu_map *map, const void *key, void *next)
{
	return -ENOENT;
}
