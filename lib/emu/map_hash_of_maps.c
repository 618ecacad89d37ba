// SPDX-License-Identifier: BSD-2-Clause
/* hash_of_maps: a hash whose stored values are references to inner maps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/hashtab.h"
#include "emu/map_inner.h"

static struct emu_map *inner_of(const void *stored)
{
	struct emu_map *inner;

	memcpy(&inner, stored, sizeof(inner));
	return inner;
}

static void show(const struct hashtab *table, const void *stored, void *value)
{
	uint32_t id = inner_of(stored)->object.id;

	memcpy(value, &id, sizeof(id));
}

static void release(const struct hashtab *table, const void *stored)
{
	map_put(inner_of(stored));
}

static void destroy(struct hashtab *table)
{
	free(table->context); /* the template */
}

static const struct hashtab_hooks hooks = {
	.show = show,
	.release = release,
	.destroy = destroy,
};

/* fd_htab_map_alloc_check() */
static int alloc_check(struct emu *emu, const struct map_spec *spec)
{
	return spec->value_size == sizeof(uint32_t) ? hashtab_alloc_check(emu, spec) : -EINVAL;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct emu_map *template;
	int error = inner_template_new(emu, spec->inner_map_fd, &template);

	if (error)
		return error;
	error = hashtab_alloc(emu, spec, &map_hash_of_maps_ops, &hooks, map);
	if (error) {
		free(template);
		return error;
	}
	hashtab_of(*map)->context = template;
	hashtab_of(*map)->stored_bytes = sizeof(struct emu_map *);
	hashtab_of(*map)->in_place = true;
	return 0;
}

/* bpf_fd_htab_map_update_elem(): the file descriptor is looked at before the flags. */
static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct emu_map *inner;
	int fd, error;

	memcpy(&fd, value, sizeof(fd));
	error = inner_map_from_fd(emu_of_map(map), hashtab_of(map)->context, fd, &inner);
	if (error)
		return error;
	error = hashtab_update(map, key, &inner, flags);
	if (error)
		map_put(inner);
	return error;
}

const struct emu_map_ops map_hash_of_maps_ops = {
	.alloc_check = alloc_check,
	.alloc = alloc,
	.free = hashtab_free,
	.memory_usage = hashtab_memory_usage,
	.check_btf = map_check_no_btf,
	.lookup = hashtab_lookup,
	.update = update,
	.delete = hashtab_delete,
	.next_key = hashtab_next_key,
	.lookup_batch = hashtab_lookup_batch,
	.lookup_and_delete_batch = hashtab_lookup_and_delete_batch,
	.update_batch = generic_update_batch,
	.delete_batch = generic_delete_batch,
};
