// SPDX-License-Identifier: BSD-2-Clause
/* bloom_filter: kernel/bpf/bloom_filter.c. Bits only: a value may be present, or is not. */
#include <errno.h>
#include <stdlib.h>
#include "emu/key_hash.h"
#include "emu/map_array.h"
#include "emu/map_simple.h"

#define BLOOM_FLAGS (BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS)
#define HASHES_DEFAULT 5
#define BITS_MAX ((uint64_t)1 << 31)

struct bloom_map {
	struct emu_map map;
	uint32_t mask; /* of a bit's number */
	uint32_t seed, hashes;
	_Atomic uint64_t *words;
};

static struct bloom_map *bloom_of(struct emu_map *map)
{
	return (struct bloom_map *)map;
}

static int alloc_check(struct emu *emu, const struct map_spec *spec)
{
	return spec->value_size > KMALLOC_MAX ? -E2BIG : 0;
}

/* The rest of bloom_map_alloc()'s checks come after the capabilities are known. */
static int check(const struct map_spec *spec)
{
	if (spec->key_size || !spec->value_size || !spec->max_entries ||
	    (spec->map_flags & ~BLOOM_FLAGS) || !map_flags_access_ok(spec->map_flags) ||
	    (spec->map_extra & ~(uint64_t)0xf))
		return -EINVAL;
	return 0;
}

/* About 1.4 bits a hash of each element, a power of two: bloom_map_alloc(). */
static uint32_t bit_mask(uint32_t entries, uint32_t hashes)
{
	uint64_t bits = (uint64_t)entries * hashes;

	if (bits > UINT32_MAX || bits / 5 * 7 > UINT32_MAX || bits / 5 * 7 > BITS_MAX)
		return UINT32_MAX;
	bits = bits / 5 * 7;
	return (uint32_t)(round_up_power_of_two(bits > 64 ? bits : 64) - 1);
}

static void bloom_free(struct emu_map *map)
{
	struct bloom_map *bloom = bloom_of(map);

	free((void *)bloom->words);
	map_destroy(map);
	free(bloom);
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	uint32_t hashes = spec->map_extra ? (uint32_t)spec->map_extra : HASHES_DEFAULT;
	uint32_t mask = bit_mask(spec->max_entries, hashes);
	uint64_t bytes = ((uint64_t)mask + 1) / 8;
	struct bloom_map *bloom;
	int error = check(spec);

	if (error)
		return error;
	bloom = calloc(1, sizeof(*bloom));
	error = bloom ? map_init(&bloom->map, emu, &map_bloom_filter_ops, spec,
				 KERNEL_ARRAY_SIZE + bytes)
		      : -ENOMEM;
	if (error) {
		free(bloom);
		return error;
	}
	bloom->hashes = hashes;
	bloom->mask = mask;
	bloom->seed = spec->map_flags & BPF_F_ZERO_SEED ? 0 : key_hash_seed();
	bloom->words = calloc(bytes / 8, 8);
	if (!bloom->words) {
		bloom_free(&bloom->map);
		return -ENOMEM;
	}
	*map = &bloom->map;
	return 0;
}

/* The filter has values only, so a key type is one too many. */
static int check_btf(const struct emu_map *map, const struct btf_types *types)
{
	return types->key ? -EINVAL : 0;
}

static uint32_t bit_number(const struct bloom_map *bloom, const void *value, uint32_t index)
{
	return key_hash(value, bloom->map.value_size, bloom->seed + index) & bloom->mask;
}

/* The value is what is asked for, and stays as it is. */
static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct bloom_map *bloom = bloom_of(map);

	for (uint32_t i = 0; i < bloom->hashes; i++) {
		uint32_t bit = bit_number(bloom, value, i);

		if (!(bloom->words[bit / 64] >> bit % 64 & 1))
			return -ENOENT;
	}
	return 0;
}

static int update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	struct bloom_map *bloom = bloom_of(map);

	if (flags != BPF_ANY)
		return -EINVAL;
	for (uint32_t i = 0; i < bloom->hashes; i++) {
		uint32_t bit = bit_number(bloom, value, i);

		atomic_fetch_or(&bloom->words[bit / 64], (uint64_t)1 << bit % 64);
	}
	return 0;
}

static int delete (struct emu_map *map, const void *key)
{
	return -EOPNOTSUPP;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	return -EOPNOTSUPP;
}

const struct emu_map_ops map_bloom_filter_ops = {
	.alloc_check = alloc_check,
	.alloc = alloc,
	.free = bloom_free,
	.memory_usage = simple_memory_usage,
	.check_btf = check_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = next_key,
};
