// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of map types. Batch columns mirror the map_*_batch members of each struct bpf_map_ops
 * in kernel/bpf; names are those that libbpf and bpftool print.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>

#define BATCH_HASH (BATCH_LOOKUP | BATCH_LOOKUP_AND_DELETE | BATCH_UPDATE | BATCH_DELETE)
#define BATCH_ARRAY (BATCH_LOOKUP | BATCH_UPDATE)
#define BATCH_LPM (BATCH_LOOKUP | BATCH_UPDATE | BATCH_DELETE)

#define HASH(type_, name_, ...)                                                                    \
	{                                                                                          \
		type_, name_, .iterable = true, .batch = BATCH_HASH, __VA_ARGS__                   \
	}
#define INDEXED(type_, name_, ...)                                                                 \
	{                                                                                          \
		type_, name_, .indexed = true, .iterable = true, __VA_ARGS__                       \
	}
#define KEYLESS(type_, name_, access_)                                                             \
	{                                                                                          \
		type_, name_, .access = access_                                                    \
	}
#define STORAGE(type_, name_)                                                                      \
	{                                                                                          \
		type_, name_, .key_is_fd = true                                                    \
	}

static const struct map_type map_types[] = {
	HASH(BPF_MAP_TYPE_HASH, "hash"),
	INDEXED(BPF_MAP_TYPE_ARRAY, "array", .batch = BATCH_ARRAY),
	INDEXED(BPF_MAP_TYPE_PROG_ARRAY, "prog_array", .value = VALUE_PROG),
	INDEXED(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "perf_event_array", .value = VALUE_FD,
		.access = MAP_STREAM),
	HASH(BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash", .percpu = true),
	INDEXED(BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array", .percpu = true, .batch = BATCH_ARRAY),
	{BPF_MAP_TYPE_STACK_TRACE, "stack_trace", .iterable = true},
	INDEXED(BPF_MAP_TYPE_CGROUP_ARRAY, "cgroup_array", .value = VALUE_FD),
	HASH(BPF_MAP_TYPE_LRU_HASH, "lru_hash"),
	HASH(BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru_percpu_hash", .percpu = true),
	{BPF_MAP_TYPE_LPM_TRIE, "lpm_trie", .iterable = true, .batch = BATCH_LPM},
	INDEXED(BPF_MAP_TYPE_ARRAY_OF_MAPS, "array_of_maps", .value = VALUE_MAP,
		.batch = BATCH_ARRAY),
	HASH(BPF_MAP_TYPE_HASH_OF_MAPS, "hash_of_maps", .value = VALUE_MAP),
	INDEXED(BPF_MAP_TYPE_DEVMAP, "devmap", .value = VALUE_DEVMAP),
	INDEXED(BPF_MAP_TYPE_SOCKMAP, "sockmap", .value = VALUE_FD),
	INDEXED(BPF_MAP_TYPE_CPUMAP, "cpumap", .value = VALUE_CPUMAP),
	INDEXED(BPF_MAP_TYPE_XSKMAP, "xskmap", .value = VALUE_FD),
	{BPF_MAP_TYPE_SOCKHASH, "sockhash", .value = VALUE_FD, .iterable = true},
	{BPF_MAP_TYPE_CGROUP_STORAGE, "cgroup_storage", .iterable = true},
	INDEXED(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "reuseport_sockarray", .value = VALUE_FD),
	{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", .percpu = true,
	 .iterable = true},
	KEYLESS(BPF_MAP_TYPE_QUEUE, "queue", MAP_QUEUE),
	KEYLESS(BPF_MAP_TYPE_STACK, "stack", MAP_QUEUE),
	STORAGE(BPF_MAP_TYPE_SK_STORAGE, "sk_storage"),
	{BPF_MAP_TYPE_DEVMAP_HASH, "devmap_hash", .value = VALUE_DEVMAP, .iterable = true},
	{BPF_MAP_TYPE_STRUCT_OPS, "struct_ops", .iterable = true},
	KEYLESS(BPF_MAP_TYPE_RINGBUF, "ringbuf", MAP_STREAM),
	STORAGE(BPF_MAP_TYPE_INODE_STORAGE, "inode_storage"),
	STORAGE(BPF_MAP_TYPE_TASK_STORAGE, "task_storage"),
	KEYLESS(BPF_MAP_TYPE_BLOOM_FILTER, "bloom_filter", MAP_BLOOM),
	KEYLESS(BPF_MAP_TYPE_USER_RINGBUF, "user_ringbuf", MAP_PUSH_ONLY),
	STORAGE(MAP_TYPE_CGRP_STORAGE, "cgrp_storage"),
	KEYLESS(MAP_TYPE_ARENA, "arena", MAP_OPAQUE),
	INDEXED(MAP_TYPE_INSN_ARRAY, "insn_array"),
	{MAP_TYPE_RHASH, "rhash", .iterable = true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct map_type *map_type_get(uint32_t type)
{
	static const struct map_type plain = {.iterable = true};

	for (size_t i = 0; i < COUNT(map_types); i++)
		if (map_types[i].type == type)
			return &map_types[i];
	return &plain;
}

const char *map_type_name(uint32_t type, char name[24])
{
	const struct map_type *known = map_type_get(type);

	if (known->name)
		snprintf(name, 24, "%s", known->name);
	else
		snprintf(name, 24, "type-%u", type);
	return name;
}

/* A whole decimal or 0x number of at most 32 bits. */
static bool u32_parse(const char *text, uint32_t *number)
{
	unsigned long long parsed;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	parsed = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (errno || *end || parsed > UINT32_MAX)
		return false;
	*number = (uint32_t)parsed;
	return true;
}

int map_type_parse(const char *name, uint32_t *type, struct fault *fault)
{
	for (size_t i = 0; i < COUNT(map_types); i++) {
		if (!strcmp(map_types[i].name, name)) {
			*type = map_types[i].type;
			return 0;
		}
	}
	if (u32_parse(strncmp(name, "type-", 5) ? name : name + 5, type))
		return 0;
	return fault_set(fault, EINVAL,
			 "'%s' is no map type: expected a name as bpftool prints it,"
			 " such as hash, or a number",
			 name);
}

static const struct {
	uint32_t flag;
	const char *name;
} map_flags[] = {
	{1U << 0, "no_prealloc"},   {1U << 1, "no_common_lru"}, {1U << 2, "numa_node"},
	{1U << 3, "rdonly"},	    {1U << 4, "wronly"},	{1U << 5, "stack_build_id"},
	{1U << 6, "zero_seed"},	    {1U << 7, "rdonly_prog"},	{1U << 8, "wronly_prog"},
	{1U << 9, "clone"},	    {1U << 10, "mmapable"},	{1U << 11, "preserve_elems"},
	{1U << 12, "inner_map"},    {1U << 13, "link"},		{1U << 14, "path_fd"},
	{1U << 15, "vtype_obj_fd"}, {1U << 16, "token_fd"},	{1U << 17, "segv_on_fault"},
	{1U << 18, "no_user_conv"}, {1U << 19, "rb_overwrite"},
};

void map_flags_print(uint32_t flags, struct buffer *out)
{
	const char *separator = "";

	if (!flags)
		buffer_append_char(out, '0');
	for (size_t i = 0; i < COUNT(map_flags); i++) {
		if (!(flags & map_flags[i].flag))
			continue;
		buffer_append_format(out, "%s%s", separator, map_flags[i].name);
		separator = ",";
		flags &= ~map_flags[i].flag;
	}
	if (flags)
		buffer_append_format(out, "%s0x%x", separator, flags);
}

static int map_flag_parse(const char *word, uint32_t *flags, struct fault *fault)
{
	uint32_t number;

	for (size_t i = 0; i < COUNT(map_flags); i++) {
		if (!strcmp(map_flags[i].name, word)) {
			*flags |= map_flags[i].flag;
			return 0;
		}
	}
	if (!u32_parse(word, &number))
		return fault_set(fault, EINVAL,
				 "'%s' is no map flag: expected a name such as"
				 " no_prealloc, or a number",
				 word);
	*flags |= number;
	return 0;
}

int map_flags_parse(const char *text, uint32_t *flags, struct fault *fault)
{
	char copy[256], *rest = copy, *word;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return fault_set(fault, EINVAL, "the map flags are longer than %zu characters",
				 sizeof(copy) - 1);
	*flags = 0;
	while ((word = strsep(&rest, ","))) {
		int error = map_flag_parse(word, flags, fault);

		if (error)
			return error;
	}
	return 0;
}

size_t map_value_bytes(uint32_t type, uint32_t value_size, unsigned possible_cpus)
{
	if (!map_type_get(type)->percpu)
		return value_size;
	return (((size_t)value_size + 7) & ~(size_t)7) * possible_cpus;
}
