// SPDX-License-Identifier: BSD-2-Clause
/* What a hash table may be, and what the kernel would account for it. */
#include <errno.h>
#include "emu/hashtab_buckets.h"

/* Sizes of the kernel's structures, for what it would account. */
#define KERNEL_ELEMENT_SIZE 48 /* struct htab_elem */
#define KERNEL_BUCKET_SIZE 16  /* struct bucket */
#define KERNEL_TABLE_SIZE 896  /* struct bpf_htab and its locks */

#define HASHTAB_FLAGS                                                                              \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS |            \
	 BPF_F_ZERO_SEED)

static bool type_is_lru(uint32_t type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

int hashtab_alloc_check(struct emu *emu, const struct map_spec *spec)
{
	bool percpu = map_type_get(spec->type)->percpu, lru = type_is_lru(spec->type);
	bool own_lists = spec->map_flags & BPF_F_NO_COMMON_LRU;

	if ((spec->map_flags & BPF_F_ZERO_SEED) && !emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	if ((spec->map_flags & ~HASHTAB_FLAGS) || !map_flags_access_ok(spec->map_flags))
		return -EINVAL;
	if (!lru && own_lists)
		return -EINVAL;
	if (lru && (spec->map_flags & BPF_F_NO_PREALLOC))
		return -ENOTSUPP;
	if (map_has_numa_node(spec) && (percpu || own_lists))
		return -EINVAL;
	if (!spec->max_entries || !spec->key_size || !spec->value_size)
		return -EINVAL;
	if ((uint64_t)spec->key_size + spec->value_size >= KMALLOC_MAX - KERNEL_ELEMENT_SIZE)
		return -E2BIG;
	if (percpu && round_up_8(spec->value_size) > PERCPU_VALUE_MAX)
		return -E2BIG;
	return 0;
}

/* What the kernel accounts for `count` elements: htab_map_mem_usage(). */
static uint64_t kernel_elements_bytes(const struct map_spec *spec, unsigned cpus, uint64_t count)
{
	bool preallocated = !(spec->map_flags & BPF_F_NO_PREALLOC);
	uint64_t value = round_up_8(spec->value_size);
	uint64_t element = KERNEL_ELEMENT_SIZE + round_up_8(spec->key_size);

	if (map_type_get(spec->type)->percpu)
		element += 8 + value * cpus + (preallocated ? 0 : 16);
	else
		element += value;
	if (!preallocated)
		return count * (element + 8);
	if (map_type_get(spec->type)->percpu || type_is_lru(spec->type))
		return count * element;
	/* A CPU has one more, so that an update of a full table finds one for the new value. */
	if (spec->type != BPF_MAP_TYPE_HASH_OF_MAPS)
		count += cpus;
	return count * element + 8 * (uint64_t)cpus;
}

bool hashtab_buckets_ok(uint64_t buckets)
{
	return buckets <= UINT32_MAX / KERNEL_BUCKET_SIZE;
}

uint64_t hashtab_kernel_bytes(const struct map_spec *spec, unsigned cpus, uint64_t buckets)
{
	uint64_t bytes = KERNEL_TABLE_SIZE + buckets * KERNEL_BUCKET_SIZE;

	if (!(spec->map_flags & BPF_F_NO_PREALLOC))
		bytes += kernel_elements_bytes(spec, cpus, spec->max_entries);
	return bytes;
}

uint64_t hashtab_memory_usage(struct emu_map *map)
{
	struct hashtab *table = hashtab_of(map);
	unsigned cpus = emu_of_map(map)->backend.possible_cpus;
	const struct map_spec spec = {
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.map_flags = map->map_flags,
	};

	if (table->preallocated)
		return map->reserved;
	return map->reserved + kernel_elements_bytes(&spec, cpus, table->count);
}
