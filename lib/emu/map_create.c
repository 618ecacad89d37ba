// SPDX-License-Identifier: BSD-2-Clause
/* BPF_MAP_CREATE and what is asked of the whole map: map_create() and friends of syscall.c. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map.h"
#include "emu/offload.h"

#define NUMA_NODES 1 /* the emulated machine has one */

/* The checks before the type is looked at. */
static int check_attributes(const struct map_spec *spec)
{
	unsigned mode;

	if (spec->btf_vmlinux_value_type_id) {
		if (spec->type != BPF_MAP_TYPE_STRUCT_OPS || spec->btf_key_type_id ||
		    spec->btf_value_type_id)
			return -EINVAL;
	} else if (spec->btf_key_type_id && !spec->btf_value_type_id) {
		return -EINVAL;
	}
	if (spec->type != BPF_MAP_TYPE_BLOOM_FILTER && spec->type != MAP_TYPE_ARENA &&
	    spec->map_extra)
		return -EINVAL;
	if (handle_mode_from_flags(spec->map_flags, &mode))
		return -EINVAL;
	if (map_has_numa_node(spec) && spec->numa_node >= NUMA_NODES)
		return -EINVAL;
	return 0;
}

/* bpf_obj_name_cpy() */
static int copy_name(char name[OBJECT_NAME_MAX], const char *wanted)
{
	size_t length = strnlen(wanted, OBJECT_NAME_MAX);

	if (length == OBJECT_NAME_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)wanted[i]) && wanted[i] != '_' && wanted[i] != '.')
			return -EINVAL;
	memset(name, 0, OBJECT_NAME_MAX);
	memcpy(name, wanted, length);
	return 0;
}

#define TYPE_BIT(name) (1u << BPF_MAP_TYPE_##name)

/* Which types may hold a value with such a field; a lock elsewhere is EOPNOTSUPP. */
static uint32_t types_for_field(enum btf_field_kind kind)
{
	const uint32_t timers = TYPE_BIT(HASH) | TYPE_BIT(LRU_HASH) | TYPE_BIT(ARRAY);
	const uint32_t storages =
		TYPE_BIT(SK_STORAGE) | TYPE_BIT(INODE_STORAGE) | TYPE_BIT(TASK_STORAGE);

	switch (kind) {
	case FIELD_SPIN_LOCK:
		return TYPE_BIT(HASH) | TYPE_BIT(ARRAY) | TYPE_BIT(CGROUP_STORAGE) | storages;
	case FIELD_TIMER:
	case FIELD_WORKQUEUE:
		return timers;
	default:
		return timers | storages | TYPE_BIT(PERCPU_HASH) | TYPE_BIT(PERCPU_ARRAY) |
		       TYPE_BIT(LRU_PERCPU_HASH);
	}
}

static bool field_allowed(uint32_t map_type, enum btf_field_kind kind)
{
	bool is_timer = kind == FIELD_TIMER || kind == FIELD_WORKQUEUE;

	if (map_type == MAP_TYPE_CGRP_STORAGE)
		return !is_timer;
	return map_type < 32 && (types_for_field(kind) & 1u << map_type);
}

static int check_record(const struct emu_map *map)
{
	if (!map->record.count)
		return 0;
	if (!emu_capable(emu_of_map(map), EMU_CAP_BPF))
		return -EPERM;
	if (map->map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EACCES;
	for (unsigned i = 0; i < map->record.count; i++)
		if (!field_allowed(map->type, map->record.fields[i].kind))
			return -EOPNOTSUPP;
	return 0;
}

/* map_check_btf() */
static int check_btf(struct emu_map *map)
{
	struct btf_types types;
	int error =
		btf_types_resolve(map->btf, map->btf_key_type_id, map->btf_value_type_id, &types);

	if (error)
		return error;
	if (types.key ? types.key_size != map->key_size : !map->ops->check_btf)
		return -EINVAL;
	if (types.value_size != map->value_size)
		return -EINVAL;
	error = btf_record_parse(&types, &map->record);
	if (error)
		map->record.count = 0; /* map->record is an error pointer there: no record */
	else
		error = check_record(map);
	if (error)
		return error;
	return map->ops->check_btf ? map->ops->check_btf(map, &types) : 0;
}

static int attach_btf(struct emu_map *map, const struct map_spec *spec)
{
	struct emu_object *btf;
	int error;

	/* struct_ops too needs BTF of its own, to be matched with the kernel's struct. */
	if (!spec->btf_key_type_id && !spec->btf_value_type_id && !spec->btf_vmlinux_value_type_id)
		return 0;
	error = fd_object(emu_of_map(map), spec->btf_fd < 0 ? 0 : spec->btf_fd, OBJECT_BTF, &btf);
	if (error)
		return error;
	map->btf = (struct emu_btf *)btf;
	map->btf_key_type_id = spec->btf_key_type_id;
	map->btf_value_type_id = spec->btf_value_type_id;
	return spec->btf_value_type_id ? check_btf(map) : 0;
}

static int check_capabilities(struct emu *emu, const struct emu_map_ops *ops)
{
	if (!emu_capable(emu, EMU_CAP_BPF))
		return -EPERM;
	if ((ops->capabilities & EMU_CAP_NET_ADMIN) && !emu_capable(emu, EMU_CAP_NET_ADMIN))
		return -EPERM;
	return 0;
}

/*
 * BPF_F_TOKEN_FD is taken off the flags before the type sees them, and the token is asked for
 * after the type's check; number 0, which is all a spec can send, is no token.
 */
static int check_token(const struct map_spec *spec)
{
	return spec->map_flags & EMU_F_TOKEN_FD ? -EINVAL : 0;
}

static int alloc_check(struct emu *emu, const struct emu_map_ops *ops, const struct map_spec *spec)
{
	struct map_spec without_token = *spec;

	without_token.map_flags &= ~EMU_F_TOKEN_FD;
	return ops->alloc_check ? ops->alloc_check(emu, &without_token) : 0;
}

static int create(struct emu *emu, const struct map_spec *spec, struct emu_map **result)
{
	const struct emu_map_ops *ops;
	struct emu_map *map;
	int error = check_attributes(spec);

	if (error)
		return error;
	ops = map_ops_of_type(spec->type);
	if (!ops)
		return -EINVAL;
	error = alloc_check(emu, ops, spec);
	if (!error)
		error = check_token(spec);
	if (!error)
		error = check_capabilities(emu, ops);
	if (!error)
		error = spec->ifindex ? offload_map_alloc(emu, spec, &map)
				      : ops->alloc(emu, spec, &map);
	if (error)
		return error;
	error = copy_name(map->name, spec->name);
	if (!error)
		error = attach_btf(map, spec);
	if (!error)
		error = object_publish(&map->object);
	if (error) {
		map_put(map);
		return error;
	}
	offload_map_published(map);
	*result = map;
	return 0;
}

int emu_map_create(struct backend *backend, const struct map_spec *spec, struct handle **handle)
{
	struct emu_map *map;
	unsigned mode;
	int error = create(emu_of(backend), spec, &map);

	if (error)
		return error;
	handle_mode_from_flags(spec->map_flags, &mode);
	return handle_new(&map->object, mode, handle);
}

/* bpf_map_get_info_by_fd() */
int emu_map_info(struct handle *handle, struct map_info *info)
{
	struct emu_map *map = map_of(handle);
	struct map_info filled = {
		.type = map->type,
		.id = map->object.id,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.map_flags = map->map_flags,
		.map_extra = map->map_extra,
		.btf_id = map->btf ? map->btf->object.id : 0,
		.btf_key_type_id = map->btf_key_type_id,
		.btf_value_type_id = map->btf_value_type_id,
		.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id,
	};
	int error;

	memcpy(filled.name, map->name, sizeof(filled.name));
	error = map->ops->fill_info ? map->ops->fill_info(map, &filled) : 0;
	if (!error)
		*info = filled;
	return error;
}

int emu_map_state(struct handle *handle, struct map_state *state)
{
	struct emu_map *map = map_of(handle);

	*state = (struct map_state){
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.map_flags = map->map_flags,
		.map_extra = map->map_extra,
		.memlock = map->ops->memory_usage ? map->ops->memory_usage(map) : map->reserved,
		.frozen = map->frozen,
	};
	pthread_mutex_lock(&map->owner.lock);
	state->owned = map->owner.set;
	state->owner_prog_type = map->owner.prog_type;
	state->owner_jited = map->owner.jited;
	pthread_mutex_unlock(&map->owner.lock);
	return 0;
}

/* map_freeze(): a second time is refused because a frozen map is not writable any more. */
int emu_map_freeze(struct handle *handle)
{
	struct emu_map *map = map_of(handle);

	if (map->type == BPF_MAP_TYPE_STRUCT_OPS || map->record.count)
		return -ENOTSUPP;
	if (!(emu_handle(handle)->mode & HANDLE_WRITE))
		return -EPERM;
	return atomic_exchange(&map->frozen, true) ? -EPERM : 0;
}
