// SPDX-License-Identifier: BSD-2-Clause
/* sockhash: as sockmap, with keys of any size up to 512 bytes. */
#include <errno.h>
#include "emu/map_simple.h"
#include "emu/sockmap.h"

#define SOCKHASH_KEY_MAX 512	 /* MAX_BPF_STACK */
#define KERNEL_SOCKHASH_SIZE 384 /* struct bpf_shtab */
#define KERNEL_BUCKET_SIZE 16	 /* struct bpf_shtab_bucket */

/* sock_hash_alloc() */
static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	uint64_t buckets = 1;

	if (!spec->max_entries || !spec->key_size ||
	    (spec->value_size != 4 && spec->value_size != 8) || (spec->map_flags & ~SOCKMAP_FLAGS))
		return -EINVAL;
	if (spec->key_size > SOCKHASH_KEY_MAX)
		return -E2BIG;
	while (buckets < spec->max_entries)
		buckets *= 2;
	if (buckets > UINT32_MAX / KERNEL_BUCKET_SIZE)
		return -EINVAL;
	return simple_alloc(emu, spec, &map_sockhash_ops,
			    KERNEL_SOCKHASH_SIZE + buckets * KERNEL_BUCKET_SIZE, map);
}

static int delete (struct emu_map *map, const void *key)
{
	return -ENOENT;
}

static int next_key(struct emu_map *map, const void *key, void *next)
{
	return -ENOENT;
}

const struct emu_map_ops map_sockhash_ops = {
	.capabilities = EMU_CAP_NET_ADMIN,
	.alloc = alloc,
	.free = simple_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = socket_lookup,
	.update = socket_update,
	.delete = delete,
	.next_key = next_key,
};
