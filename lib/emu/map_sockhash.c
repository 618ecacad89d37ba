// SPDX-License-Identifier: BSD-2-Clause
/* sockhash: as sockmap, with keys of any bytes; a hash table of references to sockets. */
#include <errno.h>
#include <string.h>
#include "emu/hashtab.h"
#include "emu/socket_array.h"

#define SOCKHASH_KEY_MAX 512	 /* MAX_BPF_STACK */
#define KERNEL_SOCKHASH_SIZE 384 /* struct bpf_shtab */
#define KERNEL_BUCKET_SIZE 16	 /* struct bpf_shtab_bucket */
#define KERNEL_ELEMENT_SIZE 48	 /* struct bpf_shtab_elem */

static struct emu_file *file_of(const void *stored)
{
	struct emu_file *file;

	memcpy(&file, stored, sizeof(file));
	return file;
}

static void show(const struct hashtab *table, const void *stored, void *value)
{
	memcpy(value, &file_of(stored)->serial, table->map.value_size);
}

static void release(const struct hashtab *table, const void *stored)
{
	file_put(file_of(stored));
}

static const struct hashtab_hooks hooks = {
	.show = show,
	.release = release,
};

static bool is_closed(const void *stored)
{
	return file_is_closed(file_of(stored));
}

/* Sockets that have been closed are out of the map before anything else is done with it. */
static void throw_out_closed(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);
	unsigned long long now = emu_of_map(map)->files_closed;

	if (table->seen == now)
		return;
	hashtab_remove_if(table, is_closed);
	table->seen = now;
}

/* sock_hash_alloc() */
static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	int error;

	if (!spec->max_entries || !spec->key_size ||
	    (spec->value_size != 4 && spec->value_size != 8) || (spec->map_flags & ~SOCKMAP_FLAGS))
		return -EINVAL;
	if (spec->key_size > SOCKHASH_KEY_MAX)
		return -E2BIG;
	if (round_up_power_of_two(spec->max_entries) > UINT32_MAX / KERNEL_BUCKET_SIZE)
		return -EINVAL;
	error = hashtab_alloc(emu, spec, &map_sockhash_ops, &hooks, map);
	if (error)
		return error;
	hashtab_of(*map)->stored_bytes = sizeof(struct emu_file *);
	hashtab_of(*map)->seed = 0;
	hashtab_of(*map)->seen = emu->files_closed;
	return 0;
}

static uint64_t memory_usage(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);

	throw_out_closed(map);
	return KERNEL_SOCKHASH_SIZE + ((uint64_t)table->bucket_mask + 1) * KERNEL_BUCKET_SIZE +
	       table->count * (KERNEL_ELEMENT_SIZE + round_up_8(map->key_size));
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	if (map->value_size != sizeof(uint64_t))
		return -ENOSPC;
	throw_out_closed(map);
	return hashtab_lookup(map, key, value, flags);
}

/* sock_map_update_elem_sys() and sock_hash_update_common() */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct emu_file *file;
	int64_t fd;
	int error = socket_value_fd(map, value, &fd);

	if (!error)
		error = file_from_fd(emu_of_map(map), fd, FILE_SOCKETS, -ENOTSOCK, &file);
	if (error)
		return error;
	throw_out_closed(map);
	error = socket_suits_sockmap(file);
	if (!error && flags > BPF_EXIST)
		error = -EINVAL;
	if (!error)
		error = hashtab_update(map, key, &file, flags);
	if (error)
		file_put(file);
	return error;
}

static int delete (struct emu_map *map, const void *key)
{
	throw_out_closed(map);
	return hashtab_delete(map, key);
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	throw_out_closed(map);
	return hashtab_next_key(map, key, next);
}

const struct emu_map_ops map_sockhash_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = hashtab_free,
	.memory_usage = memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
