// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel answers to each creation; the first row that fits. */
#include <errno.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "creation.h"
#include "type_sets.h"

#define MORE UINT64_MAX
#define ONE(number) number, number

static const struct creation_row rows[] = {
	/* --- key size --- */
	{HASHES | T(HASH_OF_MAPS), KEY_SIZE, 1, 4096, 0},
	{HASHES | T(HASH_OF_MAPS), KEY_SIZE, 4097, MORE, E2BIG},
	{T(SOCKHASH), KEY_SIZE, 1, 512, 0},
	{T(SOCKHASH), KEY_SIZE, 513, MORE, E2BIG}, /* MAX_BPF_STACK */
	{T(LPM_TRIE), KEY_SIZE, 5, 260, 0},
	{CGROUP_STORAGES, KEY_SIZE, ONE(8), 0},
	{CGROUP_STORAGES, KEY_SIZE, ONE(16), 0},
	{KEYLESS, KEY_SIZE, ONE(0), 0},
	{INDEXED | T(STACK_TRACE) | T(DEVMAP_HASH) | LOCAL_STORAGES, KEY_SIZE, ONE(4), 0},
	{ALL, KEY_SIZE, 0, MORE, EINVAL},

	/* --- value size --- */
	{RINGS | ARENA, VALUE_SIZE, ONE(0), 0},
	{RINGS | ARENA, VALUE_SIZE, 1, MORE, EINVAL},
	{ALL, VALUE_SIZE, ONE(0), EINVAL},
	{T(STACK_TRACE), VALUE_SIZE, ONE(8), 0},
	{T(STACK_TRACE), VALUE_SIZE, ONE(16), 0},
	{T(STACK_TRACE), VALUE_SIZE, ONE(1016), 0}, /* 127 entries, kernel.perf_event_max_stack */
	{T(STACK_TRACE), VALUE_SIZE, 1, MORE, EINVAL},
	{FD_ARRAYS | T(HASH_OF_MAPS) | T(XSKMAP), VALUE_SIZE, ONE(4), 0},
	{FD_ARRAYS | T(HASH_OF_MAPS) | T(XSKMAP), VALUE_SIZE, 1, MORE, EINVAL},
	{DEVMAPS | T(CPUMAP) | SOCKS, VALUE_SIZE, ONE(4), 0},
	{DEVMAPS | T(CPUMAP) | SOCKS, VALUE_SIZE, ONE(8), 0},
	{DEVMAPS | T(CPUMAP) | SOCKS, VALUE_SIZE, 1, MORE, EINVAL},
	{LOCAL_STORAGES, VALUE_SIZE, ONE(4), 0},
	{LOCAL_STORAGES, VALUE_SIZE, 1, 32769, EINVAL}, /* not the size of its BTF type */
	{LOCAL_STORAGES, VALUE_SIZE, 32770, MORE, E2BIG},
	{PERCPU, VALUE_SIZE, 32769, MORE, E2BIG}, /* PCPU_MIN_UNIT_SIZE */
	{T(LPM_TRIE), VALUE_SIZE, 1ull << 22, MORE, EINVAL},
	{T(ARRAY) | QUEUES | T(BLOOM_FILTER), VALUE_SIZE, 1ull << 31, MORE, E2BIG},
	{HASHES | CGROUP_STORAGES, VALUE_SIZE, 1ull << 22, MORE, E2BIG},
	{ALL, VALUE_SIZE, 1, MORE, 0},

	/* --- entries --- */
	{CGROUP_STORAGES | LOCAL_STORAGES, MAX_ENTRIES, ONE(0), 0},
	{CGROUP_STORAGES | LOCAL_STORAGES, MAX_ENTRIES, 1, MORE, EINVAL},
	{RINGS, MAX_ENTRIES, ONE(4096), 0},
	{RINGS, MAX_ENTRIES, ONE(8192), 0},
	{RINGS, MAX_ENTRIES, 0, MORE, EINVAL},
	{T(CPUMAP), MAX_ENTRIES, 65, 65535, CONFIGURED}, /* NR_CPUS */
	{T(CPUMAP), MAX_ENTRIES, 65536, MORE, E2BIG},
	{ALL, MAX_ENTRIES, ONE(0), EINVAL},
	{ALL, MAX_ENTRIES, 1, MORE, 0},

	/* --- flags, one more than usual --- */
	{LRU_HASHES, FLAGS, ONE(BPF_F_NO_PREALLOC), ENOTSUPP},
	{PLAIN_HASHES | T(HASH_OF_MAPS) | T(LPM_TRIE) | LOCAL_STORAGES, FLAGS,
	 ONE(BPF_F_NO_PREALLOC), 0},
	{LRU_HASHES, FLAGS, ONE(BPF_F_NO_COMMON_LRU), 0},
	{PERCPU_ALLOCATED | LOCAL_STORAGES | ARENA, FLAGS, ONE(BPF_F_NUMA_NODE), EINVAL},
	{ALL, FLAGS, ONE(BPF_F_NUMA_NODE), 0},
	{T(CPUMAP) | LOCAL_STORAGES | RINGS | ARENA, FLAGS, ONE(BPF_F_RDONLY), EINVAL},
	{T(CPUMAP) | LOCAL_STORAGES | RINGS | ARENA, FLAGS, ONE(BPF_F_WRONLY), EINVAL},
	{ALL, FLAGS, ONE(BPF_F_RDONLY), 0},
	{ALL, FLAGS, ONE(BPF_F_WRONLY), 0},
	{HASHES | T(HASH_OF_MAPS) | T(BLOOM_FILTER), FLAGS, ONE(BPF_F_ZERO_SEED), 0},
	{PROG_ACCESS, FLAGS, ONE(BPF_F_RDONLY_PROG), 0},
	{PROG_ACCESS, FLAGS, ONE(BPF_F_WRONLY_PROG), 0},
	{LOCAL_STORAGES, FLAGS, ONE(BPF_F_CLONE), 0},
	{T(ARRAY) | ARENA, FLAGS, ONE(BPF_F_MMAPABLE), 0},
	{T(PERF_EVENT_ARRAY), FLAGS, ONE(BPF_F_PRESERVE_ELEMS), 0},
	{T(ARRAY), FLAGS, ONE(BPF_F_INNER_MAP), 0},
	{ARENA, FLAGS, ONE(1 << 17), 0},	       /* BPF_F_SEGV_ON_FAULT */
	{ARENA, FLAGS, ONE(1 << 18), 0},	       /* BPF_F_NO_USER_CONV */
	{T(RINGBUF), FLAGS, ONE(1 << 19), CONFIGURED}, /* BPF_F_RB_OVERWRITE of later kernels */
	{ALL, FLAGS, 0, MORE, EINVAL},
	{T(LPM_TRIE) | LOCAL_STORAGES | ARENA, ONLY_FLAGS, ONE(0), EINVAL},
	{ALL, ONLY_FLAGS, ONE(0), 0},

	/* --- map_extra --- */
	{T(BLOOM_FILTER), MAP_EXTRA, 1, 15, 0},
	{ARENA, MAP_EXTRA, ONE(4096), 0}, /* a page-aligned address */
	{ARENA, MAP_EXTRA, ONE(1ull << 32), 0},
	{ARENA, MAP_EXTRA, ONE(1ull << 63), 0},
	{ALL, MAP_EXTRA, 1, MORE, EINVAL},

	/* --- NUMA node; -1 with the flag is none, but the flag itself must be allowed --- */
	{LOCAL_STORAGES | ARENA, NUMA_NODE, 0, MORE, EINVAL},
	{PERCPU_ALLOCATED, NUMA_NODE, ONE(0), EINVAL},
	{ALL, NUMA_NODE, ONE(0), 0},
	{ALL, NUMA_NODE, ONE(UINT32_MAX), 0},
	{ALL, NUMA_NODE, 1, MORE, EINVAL}, /* not online */

	/* --- name: creation_names[] --- */
	{ALL, NAME, 0, 3, 0},
	{ALL, NAME, 4, MORE, EINVAL},

	/* --- a device: lo, which binds nothing; none --- */
	{T(HASH) | T(ARRAY), IFINDEX, ONE(1), EOPNOTSUPP},
	{ALL, IFINDEX, 1, MORE, EINVAL},

	/* --- inner map; types that have none do not look --- */
	{MAPS_OF_MAPS, INNER, ONE(THING_CLOSED), EBADF},
	{MAPS_OF_MAPS, INNER, ONE(THING_STDIN), EINVAL},
	{MAPS_OF_MAPS, INNER, ONE(THING_XDP), EINVAL},
	{ALL, INNER, 0, MORE, 0},

	/* --- BTF --- */
	{ALL, BTF, ONE(BTF_CLOSED_FD), EBADF},
	{ALL, BTF, 0, MORE, EINVAL},
};

const struct creation_row *creation_row_find(const struct creation *creation)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct creation_row *row = &rows[i];

		if ((row->types & 1ull << creation->subject->type) &&
		    row->attribute == creation->attribute && row->from <= creation->number &&
		    creation->number <= row->to)
			return row;
	}
	return NULL;
}
