// SPDX-License-Identifier: BSD-2-Clause
/* lru_percpu_hash: as lru_hash, with a value for each possible CPU. */
#include "emu/hashtab_lru.h"

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	return hashtab_lru_alloc(emu, spec, &map_lru_percpu_hash_ops, map);
}

const struct emu_map_ops map_lru_percpu_hash_ops = {
	.alloc_check = hashtab_alloc_check,
	.alloc = alloc,
	.free = hashtab_free,
	.memory_usage = hashtab_memory_usage,
	.meta_equal = map_meta_equal,
	.lookup = hashtab_lookup,
	.update = hashtab_update,
	.delete = hashtab_delete,
	.next_key = hashtab_next_key,
	.lookup_and_delete = hashtab_lookup_and_delete,
	.lookup_batch = hashtab_lookup_batch,
	.lookup_and_delete_batch = hashtab_lookup_and_delete_batch,
	.update_batch = generic_update_batch,
	.delete_batch = generic_delete_batch,
};
