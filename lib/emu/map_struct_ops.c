// SPDX-License-Identifier: BSD-2-Clause
/*
 * struct_ops: kernel/bpf/bpf_struct_ops.c. The value is one of the kernel's own structs, by its
 * number in the kernel's BTF; here they are those that the scenario lists. It begins with a
 * reference count and a state. Writing it once puts it to use, deleting it ends that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/prog.h"
#include "emu/struct_ops.h"

#define EMU_F_LINK (1u << 13)
#define STRUCT_OPS_FLAGS (EMU_F_LINK | EMU_F_VTYPE_BTF_OBJ_FD)

/* enum bpf_struct_ops_state */
enum state { STATE_INIT, STATE_IN_USE, STATE_TO_BE_FREED, STATE_READY };

/* struct bpf_struct_ops_common_value */
struct common_value {
	uint32_t references, state;
};

struct struct_ops_map {
	struct emu_map map;
	const struct struct_ops_type *type;
	pthread_mutex_t lock;
	enum state state;
	unsigned char *value; /* as user space sees it, but for the common part */
	struct emu_prog *programs[STRUCT_OPS_FUNCTIONS_MAX];
};

static struct struct_ops_map *struct_ops_of(struct emu_map *map)
{
	return (struct struct_ops_map *)map;
}

/* bpf_struct_ops_map_alloc_check() */
static int alloc_check(struct emu *emu, const struct map_spec *spec)
{
	if (spec->key_size != 4 || spec->max_entries != 1 ||
	    (spec->map_flags & ~STRUCT_OPS_FLAGS) || !spec->btf_vmlinux_value_type_id)
		return -EINVAL;
	return 0;
}

static const struct struct_ops_type *find_type(const struct emu *emu, uint32_t type_id)
{
	const struct struct_ops_type *type = emu->struct_ops;

	while (type && type->type_id != type_id)
		type = type->next;
	return type;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	const struct struct_ops_type *type = find_type(emu, spec->btf_vmlinux_value_type_id);
	struct struct_ops_map *ops_map;
	int error;

	if (!type)
		return -ENOTSUPP;
	if (spec->value_size != type->size)
		return -EINVAL;
	ops_map = calloc(1, sizeof(*ops_map));
	error = ops_map ? map_init(&ops_map->map, emu, &map_struct_ops_ops, spec, 2 * type->size)
			: -ENOMEM;
	if (error) {
		free(ops_map);
		return error;
	}
	ops_map->map.btf_vmlinux_value_type_id = spec->btf_vmlinux_value_type_id;
	ops_map->type = type;
	ops_map->value = calloc(1, type->size);
	if (!ops_map->value) {
		map_destroy(&ops_map->map);
		free(ops_map);
		return -ENOMEM;
	}
	pthread_mutex_init(&ops_map->lock, NULL);
	*map = &ops_map->map;
	return 0;
}

static void put_programs(struct struct_ops_map *ops_map)
{
	for (uint32_t i = 0; i < ops_map->type->function_count; i++) {
		prog_put(ops_map->programs[i]);
		ops_map->programs[i] = NULL;
	}
}

static void struct_ops_free(struct emu_map *map)
{
	struct struct_ops_map *ops_map = struct_ops_of(map);

	put_programs(ops_map);
	free(ops_map->value);
	pthread_mutex_destroy(&ops_map->lock);
	map_destroy(map);
	free(ops_map);
}

/* bpf_struct_ops_map_sys_lookup_elem(): zeros until it is in use */
static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct struct_ops_map *ops_map = struct_ops_of(map);
	struct common_value common = {0};

	if (array_index(key) != 0)
		return -ENOENT;
	pthread_mutex_lock(&ops_map->lock);
	memcpy(value, ops_map->value, map->value_size);
	common.state = ops_map->state;
	pthread_mutex_unlock(&ops_map->lock);
	memcpy(value, &common, sizeof(common));
	return 0;
}

/* Takes the programs that the value names, and puts their ids in the place of their fds. */
static int take_programs(struct struct_ops_map *ops_map)
{
	for (uint32_t i = 0; i < ops_map->type->function_count; i++) {
		unsigned char *place = ops_map->value + ops_map->type->functions[i];
		uint64_t number;
		int error;

		memcpy(&number, place, sizeof(number));
		if (!number)
			continue;
		error = prog_from_fd(emu_of_map(&ops_map->map), (int)number, &ops_map->programs[i]);
		if (error)
			return error;
		if (ops_map->programs[i]->type != BPF_PROG_TYPE_STRUCT_OPS)
			return -EINVAL;
		number = ops_map->programs[i]->object.id;
		memcpy(place, &number, sizeof(number));
	}
	return 0;
}

static int put_to_use(struct struct_ops_map *ops_map, const void *value)
{
	int error;

	if (ops_map->state != STATE_INIT)
		return -EINVAL;
	memcpy(ops_map->value, value, ops_map->map.value_size);
	error = take_programs(ops_map);
	if (error) {
		put_programs(ops_map);
		memset(ops_map->value, 0, ops_map->map.value_size);
		return error;
	}
	ops_map->state = ops_map->map.map_flags & EMU_F_LINK ? STATE_READY : STATE_IN_USE;
	return 0;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct struct_ops_map *ops_map = struct_ops_of(map);
	struct common_value common;
	int error;

	if (flags)
		return -EINVAL;
	if (array_index(key) != 0)
		return -E2BIG;
	memcpy(&common, value, sizeof(common));
	if (common.references || common.state)
		return -EINVAL;
	pthread_mutex_lock(&ops_map->lock);
	error = put_to_use(ops_map, value);
	pthread_mutex_unlock(&ops_map->lock);
	return error;
}

/* bpf_struct_ops_map_delete_elem(): a map for links is detached by its link */
static int delete (struct emu_map *map, const void *key)
{
	struct struct_ops_map *ops_map = struct_ops_of(map);
	enum state before;

	if (map->map_flags & EMU_F_LINK)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&ops_map->lock);
	before = ops_map->state;
	if (before == STATE_IN_USE)
		ops_map->state = STATE_TO_BE_FREED;
	pthread_mutex_unlock(&ops_map->lock);
	if (before == STATE_INIT)
		return -ENOENT;
	return before == STATE_IN_USE ? 0 : -EINPROGRESS;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	if (key && array_index(key) == 0)
		return -ENOENT;
	memset(next, 0, sizeof(uint32_t));
	return 0;
}

const struct emu_map_ops map_struct_ops_ops = {
	.alloc_check = alloc_check,
	.alloc = alloc,
	.free = struct_ops_free,
	.memory_usage = simple_memory_usage,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
