// SPDX-License-Identifier: BSD-2-Clause
/* Does an image make sense? Structure and sizes first, then every element. */
#define XXH_INLINE_ALL
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>
#include <bpfuse/cleanup.h>
#include <linux/bpf.h>
#include "image/elements.h"
#include "image/order.h"
#include "image/reader.h"
#include "image/report.h"
#include "text/btf_read.h"

/* The kernel's own limits are smaller: KMALLOC_MAX_SIZE and what hash elements may take. */
#define KEY_SIZE_MAX (4u << 20)
#define VALUE_SIZE_MAX INT32_MAX
/* Fingerprints of keys held at a time: 32 MiB, at most 60 % full. */
#define KEY_TABLE_SLOTS (4u << 20)
#define KEY_TABLE_FILL 2500000u

/* --- structure and sizes --- */

static int run_check(const struct image_map *map, const struct image_run *run, struct fault *fault)
{
	uint64_t values = run->removed ? 0 : (uint64_t)run->count * map->value_bytes;

	if ((uint64_t)run->count * map->info.key_size != run->keys_bytes)
		return fault_set(fault, EINVAL,
				 "%" PRIu32 " keys of %" PRIu32 " bytes are not %" PRIu32 " bytes",
				 run->count, map->info.key_size, run->keys_bytes);
	if (values != run->values_bytes)
		return fault_set(fault, EINVAL,
				 "%" PRIu32 " values of %zu bytes are not %" PRIu32 " bytes",
				 run->count, map->value_bytes, run->values_bytes);
	return 0;
}

static int sizes_check(const struct image *image, const struct image_map *map, struct fault *fault)
{
	const struct map_info *info = &map->info;
	unsigned cpus = image->possible_cpus ? image->possible_cpus : 1;

	if (info->key_size > KEY_SIZE_MAX || info->value_size > VALUE_SIZE_MAX)
		return fault_set(fault, EINVAL,
				 "a key of %" PRIu32 " and a value of %" PRIu32
				 " bytes: no map has such",
				 info->key_size, info->value_size);
	if (map->value_bytes != map_value_bytes(info->type, info->value_size, cpus))
		return fault_set(
			fault, EINVAL,
			"values of %zu bytes in the file do not fit a value_size of %" PRIu32,
			map->value_bytes, info->value_size);
	return 0;
}

static int counts_check(const struct image *image, const struct image_map *map, struct fault *fault)
{
	uint64_t total = 0;
	bool partial = image->base != NULL;

	for (size_t i = 0; i < map->run_count; i++) {
		if (map->runs[i].removed && (!partial || !map->base_id))
			return fault_set(fault, EINVAL,
					 "removed elements in a snapshot that has no base");
		total += map->runs[i].removed ? 0 : map->runs[i].count;
	}
	if (total != map->elements)
		return fault_set(fault, EINVAL, "%" PRIu64 " elements are there, not %" PRIu64,
				 total, map->elements);
	if (total && !map->contents)
		return fault_set(fault, EINVAL, "was left out, and yet has elements");
	if (map->info.max_entries && total > map->info.max_entries)
		return fault_set(fault, EINVAL, "%" PRIu64 " elements in a map of %" PRIu32, total,
				 map->info.max_entries);
	return 0;
}

static int references_check(const struct image *image, const struct image_map *map,
			    struct fault *fault)
{
	if (!image->foreign && !map->listed)
		return fault_set(fault, EINVAL, "is not in the manifest");
	if (map->base_id && !image->base)
		return fault_set(fault, EINVAL, "builds on a map of a base that is not named");
	if (map->ifname[0] && !map->info.ifindex)
		return fault_set(fault, EINVAL, "names a device, and is bound to none");
	if (map->info.btf_id && !image_find_btf(image, map->info.btf_id))
		return fault_set(fault, EINVAL, "its BTF %" PRIu32 " is not here",
				 map->info.btf_id);
	if (map->info.ifindex && !map->ifname[0] && !image->foreign)
		return fault_set(fault, EINVAL, "is bound to a device that is not named");
	return 0;
}

static int map_check(const struct image *image, const struct image_map *map, struct fault *fault)
{
	int error = references_check(image, map, fault);

	if (!error)
		error = sizes_check(image, map, fault);
	for (size_t i = 0; !error && i < map->run_count; i++)
		error = run_check(map, &map->runs[i], fault);
	if (!error)
		error = counts_check(image, map, fault);
	if (error)
		fault_prefix(fault, "map %" PRIu32, map->info.id);
	return error;
}

static int types_check(const struct image_map *map, const struct btf *btf, struct fault *fault)
{
	uint32_t count = btf__type_cnt(btf);

	if (map->info.btf_key_type_id < count && map->info.btf_value_type_id < count)
		return 0;
	return fault_set(fault, EINVAL,
			 "map %" PRIu32 ": its types %" PRIu32 " and %" PRIu32
			 " are not in BTF %" PRIu32,
			 map->info.id, map->info.btf_key_type_id, map->info.btf_value_type_id,
			 map->info.btf_id);
}

/* As far as it can be told without a kernel: libbpf can read it, and the maps' types are there. */
static int btf_check(const struct image *image, const struct image_btf *blob, struct fault *fault)
{
	cleanup_with(btf_freep) struct btf *btf = NULL;
	int error = btf_parse(blob->bytes, blob->length, &btf);

	if (error)
		return fault_set(fault, -error, "BTF %" PRIu32 " is none that can be read",
				 blob->id);
	for (size_t i = 0; !error && i < image->map_count; i++)
		if (image->maps[i].info.btf_id == blob->id)
			error = types_check(&image->maps[i], btf, fault);
	return error;
}

int image_check(struct image *image, struct fault *fault)
{
	cleanup_free size_t *order = NULL;
	int error = 0;

	for (size_t i = 0; !error && i < image->map_count; i++)
		error = map_check(image, &image->maps[i], fault);
	for (size_t i = 0; !error && i < image->btf_count; i++)
		error = btf_check(image, &image->btfs[i], fault);
	return error ? error : image_order(image, &order, fault);
}

/* --- elements --- */

/* A set of fingerprints; those of one share of all keys at a time, so that memory is bounded. */
struct key_table {
	uint64_t *slots;
	uint64_t seed;
	uint32_t mask;
	unsigned share, shares;
};

static int key_table_open(struct key_table *table, uint64_t elements)
{
	uint64_t slots = 1024;

	table->shares = (unsigned)(elements / KEY_TABLE_FILL) + 1;
	while (slots < KEY_TABLE_SLOTS && slots < 2 * elements)
		slots *= 2;
	table->mask = (uint32_t)slots - 1;
	/* no image can be made to collide without knowing it */
	table->seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u ^ (uintptr_t)table;
	table->slots = calloc(slots, sizeof(*table->slots));
	return table->slots ? 0 : -ENOMEM;
}

/* True when the fingerprint is there already. */
static bool key_table_add(struct key_table *table, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & table->mask;

	hash |= 1ull << 63; /* never an empty slot */
	while (table->slots[at]) {
		if (table->slots[at] == hash)
			return true;
		at = (at + 1) & table->mask;
	}
	table->slots[at] = hash;
	return false;
}

/* An LPM trie keeps a prefix, whatever the bits behind it: kernel/bpf/lpm_trie.c. */
static void lpm_key_normalize(unsigned char *key, uint32_t key_size)
{
	uint32_t bits, data_bits = 8 * (key_size - 4);

	memcpy(&bits, key, sizeof(bits));
	if (bits >= data_bits)
		return;
	if (bits % 8)
		key[4 + bits / 8] &= (unsigned char)(0xff00 >> bits % 8);
	bits = (bits + 7) / 8;
	memset(key + 4 + bits, 0, key_size - 4 - bits);
}

static void chunk_normalize(struct elements *elements)
{
	const struct map_info *info = &elements->map->info;

	if (info->type != BPF_MAP_TYPE_LPM_TRIE || info->key_size <= 4)
		return;
	for (uint32_t i = 0; i < elements->count; i++)
		lpm_key_normalize(elements->keys + (size_t)i * info->key_size, info->key_size);
}

static bool chunk_has_double(const struct elements *elements, struct key_table *table)
{
	size_t key_size = elements->map->info.key_size;

	for (uint32_t i = 0; i < elements->count; i++) {
		uint64_t hash =
			XXH3_64bits_withSeed(elements->keys + i * key_size, key_size, table->seed);

		if ((hash >> 32) % table->shares == table->share && key_table_add(table, hash))
			return true;
	}
	return false;
}

static int index_check(const struct elements *elements, struct fault *fault)
{
	const struct map_info *info = &elements->map->info;

	if (!map_type_get(info->type)->indexed || info->key_size != sizeof(uint32_t))
		return 0;
	for (uint32_t i = 0; i < elements->count; i++) {
		uint32_t index;

		memcpy(&index, elements->keys + i * sizeof(index), sizeof(index));
		if (index >= info->max_entries)
			return fault_set(fault, EINVAL, "index %" PRIu32 " in an array of %" PRIu32,
					 index, info->max_entries);
	}
	return 0;
}

static int pass_progress(const struct image *image, const struct elements *elements,
			 struct fault *fault)
{
	char label[96];

	if (!progress_report(image->progress, image_map_label(image, elements->map, label),
			     elements->position + elements->count, elements->map->elements))
		return 0;
	return fault_set(fault, ECANCELED, "interrupted");
}

/* One pass over all elements: the digest and the indexes in the first, doubled keys in each. */
static int pass_check(const struct image *image, const struct image_map *map,
		      struct key_table *table, struct digest *digest, struct fault *fault)
{
	struct elements elements;
	int more, error = elements_open(image, map, &elements, fault);

	if (error)
		return error;
	while (!error && (more = elements_next(&elements, fault)) != 0) {
		if (more < 0) {
			error = more;
			break;
		}
		if (!table->share) {
			digest_add(digest, elements.keys, map->info.key_size, elements.values,
				   map->value_bytes, elements.count, elements.position);
			error = index_check(&elements, fault);
		}
		if (!error && image->progress)
			error = pass_progress(image, &elements, fault);
		chunk_normalize(&elements);
		if (!error && map->info.key_size && chunk_has_double(&elements, table))
			error = fault_set(fault, EINVAL, "a key is there twice");
	}
	elements_close(&elements);
	return error;
}

static int map_check_elements(const struct image *image, const struct image_map *map,
			      struct fault *fault)
{
	struct key_table table = {0};
	struct digest digest = {0};
	int error = key_table_open(&table, map->elements);

	if (error)
		return fault_set(fault, ENOMEM, "out of memory");
	for (; !error && table.share < table.shares; table.share++) {
		memset(table.slots, 0, ((size_t)table.mask + 1) * sizeof(*table.slots));
		error = pass_check(image, map, &table, &digest, fault);
	}
	free(table.slots);
	if (!error && map->has_digest && !image->base && map->contents &&
	    !digest_equal(&digest, &map->digest))
		error = fault_set(fault, EINVAL, "the elements are not those that were dumped");
	if (error)
		fault_prefix(fault, "map %" PRIu32, map->info.id);
	return error;
}

int image_check_elements(const struct image *image, struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; !error && i < image->map_count; i++)
		error = map_check_elements(image, &image->maps[i], fault);
	return error;
}
