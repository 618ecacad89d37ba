// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include "subject.h"

static const struct subject subjects[] = {
	{"hash", BPF_MAP_TYPE_HASH, 4, 8, 4, 0},
	{"array", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0},
	{"prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, THING_SOCKET_FILTER},
	{"perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0, THING_PERF_EVENT,
	 .unreadable = true},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0},
	{"stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 16, 4, 0},
	{"cgroup_array", BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0, THING_CGROUP, .unreadable = true},
	{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 4, 0},
	{"lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 4, 0},
	{"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, BPF_F_NO_PREALLOC},
	{"array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, 0, THING_MAP_HASH, THING_MAP_HASH},
	{"hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 4, 0, THING_MAP_HASH, THING_MAP_HASH},
	{"devmap", BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0, THING_DEVICE},
	{"sockmap", BPF_MAP_TYPE_SOCKMAP, 4, 8, 4, 0, THING_UDP_BOUND},
	{"cpumap", BPF_MAP_TYPE_CPUMAP, 4, 4, 2, 0, THING_QUEUE},
	{"xskmap", BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0, THING_XSK, .unreadable = true},
	{"sockhash", BPF_MAP_TYPE_SOCKHASH, 4, 8, 4, 0, THING_UDP_BOUND},
	{"cgroup_storage", BPF_MAP_TYPE_CGROUP_STORAGE, 8, 8, 0, 0},
	{"reuseport_sockarray", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 4, 0, THING_REUSEPORT},
	{"percpu_cgroup_storage", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 8, 0, 0},
	{"queue", BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0},
	{"stack", BPF_MAP_TYPE_STACK, 0, 8, 4, 0},
	{"sk_storage", BPF_MAP_TYPE_SK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, .key = THING_UDP_BOUND,
	 .storage_btf = true},
	{"devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 0, THING_DEVICE},
	{"ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0},
	{"inode_storage", BPF_MAP_TYPE_INODE_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, .key = THING_FILE,
	 .storage_btf = true},
	{"task_storage", BPF_MAP_TYPE_TASK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, .key = THING_PIDFD,
	 .storage_btf = true},
	{"bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4, 0},
	{"user_ringbuf", BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0},
	{"cgrp_storage", MAP_TYPE_CGRP_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, .key = THING_CGROUP,
	 .storage_btf = true},
	{"arena", MAP_TYPE_ARENA, 0, 0, 1, BPF_F_MMAPABLE},
};

const struct subject *subject_get(uint32_t type)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (subjects[i].type == type)
			return &subjects[i];
	return NULL;
}

/* BTF of one "int"; its handle stays with the world's backend until the process ends. */
static int int_btf(struct world *world, int *fd)
{
	static struct handle *handles[2];
	struct handle **handle = &handles[world->emulated];
	struct btf *btf;
	const void *bytes;
	__u32 size;
	int error;

	if (!*handle) {
		btf = btf__new_empty();
		btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
		bytes = btf__raw_data(btf, &size);
		error = btf_load(world->backend, bytes, size, handle);
		btf__free(btf);
		if (error)
			return error;
	}
	*fd = handle_fd(*handle);
	return 0;
}

int subject_spec(const struct subject *subject, struct world *world, struct map_spec *spec)
{
	int error = 0;

	*spec = (struct map_spec)MAP_SPEC_INIT;
	spec->type = subject->type;
	spec->key_size = subject->key_size;
	spec->value_size = subject->value_size;
	spec->max_entries = subject->max_entries;
	spec->map_flags = subject->flags;
	snprintf(spec->name, sizeof(spec->name), "%.15s", subject->name);
	if (subject->inner)
		error = world->make(world, subject->inner, &spec->inner_map_fd);
	if (!error && subject->storage_btf) {
		error = int_btf(world, &spec->btf_fd);
		spec->btf_key_type_id = spec->btf_value_type_id = 1;
	}
	return error;
}

int subject_create(const struct subject *subject, struct world *world, struct handle **map)
{
	struct map_spec spec;
	int error = subject_spec(subject, world, &spec);

	return error ? error : map_create(world->backend, &spec, map);
}

int subject_key(const struct subject *subject, struct world *world, uint32_t n,
		unsigned char key[BYTES_MAX])
{
	uint32_t word = n;
	int number, error;

	memset(key, 0, BYTES_MAX);
	if (subject->type == BPF_MAP_TYPE_LPM_TRIE) {
		uint32_t prefix = 8 * (subject->key_size - 4);

		memcpy(key, &prefix, sizeof(prefix));
		word = __builtin_bswap32(n);
		memcpy(key + 4, &word, 4);
		return 0;
	}
	if (subject->key) {
		error = world->make(world, subject->key, &number);
		if (error)
			return error;
		word = (uint32_t)number;
	}
	memcpy(key, &word, 4);
	return 0;
}

/* sockmaps with 8-byte values take a 64-bit number; devmaps a number and a program. */
static void number_put(unsigned char *value, int number)
{
	memset(value, 0, BYTES_MAX);
	memcpy(value, &number, sizeof(number));
}

int subject_value(const struct subject *subject, struct world *world, uint32_t n,
		  unsigned char value[BYTES_MAX])
{
	int number, error;

	if (subject->value == THING_NONE) {
		for (size_t i = 0; i < BYTES_MAX; i++)
			value[i] = (unsigned char)(n + i / 8);
		return 0;
	}
	error = world->make(world, subject->value, &number);
	if (!error)
		number_put(value, number);
	return error;
}
