/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of map types that answer alike, as bits by type number. For the tables only. */
#ifndef BPFUSE_TESTS_TYPE_SETS_H
#define BPFUSE_TESTS_TYPE_SETS_H

#include <linux/bpf.h>
#include "subject.h"

#define T(name) (1ull << BPF_MAP_TYPE_##name)
#define CGRP_STORAGE (1ull << MAP_TYPE_CGRP_STORAGE)
#define ARENA (1ull << MAP_TYPE_ARENA)
#define ALL UINT64_MAX

#define PLAIN_HASHES (T(HASH) | T(PERCPU_HASH))
#define LRU_HASHES (T(LRU_HASH) | T(LRU_PERCPU_HASH))
#define HASHES (PLAIN_HASHES | LRU_HASHES)
#define ARRAYS (T(ARRAY) | T(PERCPU_ARRAY))
#define FD_ARRAYS (T(PROG_ARRAY) | T(PERF_EVENT_ARRAY) | T(CGROUP_ARRAY) | T(ARRAY_OF_MAPS))
#define DEV_ARRAYS (T(DEVMAP) | T(CPUMAP))
#define DEVMAPS (T(DEVMAP) | T(DEVMAP_HASH))
#define SOCKS (T(SOCKMAP) | T(SOCKHASH) | T(REUSEPORT_SOCKARRAY))
#define INDEXED (ARRAYS | FD_ARRAYS | DEV_ARRAYS | T(XSKMAP) | T(SOCKMAP) | T(REUSEPORT_SOCKARRAY))
#define QUEUES (T(QUEUE) | T(STACK))
#define RINGS (T(RINGBUF) | T(USER_RINGBUF))
#define KEYLESS (QUEUES | RINGS | T(BLOOM_FILTER) | ARENA)
#define CGROUP_STORAGES (T(CGROUP_STORAGE) | T(PERCPU_CGROUP_STORAGE))
#define LOCAL_STORAGES (T(SK_STORAGE) | T(INODE_STORAGE) | T(TASK_STORAGE) | CGRP_STORAGE)
#define MAPS_OF_MAPS (T(ARRAY_OF_MAPS) | T(HASH_OF_MAPS))
#define BATCHED_HASHES (HASHES | T(HASH_OF_MAPS))
#define BATCHED_ARRAYS (ARRAYS | T(ARRAY_OF_MAPS))
/* values a CPU; without cgroup storage those that take no BPF_F_NUMA_NODE */
#define PERCPU_ALLOCATED (T(PERCPU_HASH) | T(PERCPU_ARRAY) | T(LRU_PERCPU_HASH))
#define PERCPU (PERCPU_ALLOCATED | T(PERCPU_CGROUP_STORAGE))
/* take BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG */
#define PROG_ACCESS                                                                                \
	(HASHES | ARRAYS | T(LPM_TRIE) | T(HASH_OF_MAPS) | CGROUP_STORAGES |                       \
	 T(REUSEPORT_SOCKARRAY) | QUEUES | T(BLOOM_FILTER))

#endif
