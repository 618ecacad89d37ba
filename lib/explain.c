// SPDX-License-Identifier: BSD-2-Clause
/*
 * Why the kernel said no, as one table: the first row that fits gives the sentence.
 *
 * A row fits by operation, by a set of map types, by errno, and by a condition where the number
 * alone does not tell. In sentences $K stands for the key, $T for the type's name ($A: with its
 * article), $M for max_entries, $N for the map's name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/buffer.h>
#include <bpfuse/explain.h>

#define OP(name) (1u << MAP_OP_##name)
#define ANY_OP UINT32_MAX
#define WRITING (OP(UPDATE) | OP(DELETE) | OP(POP))

#define T(name) (1ull << BPF_MAP_TYPE_##name)
#define ANY_TYPE UINT64_MAX
#define ARRAYS (T(ARRAY) | T(PERCPU_ARRAY))
#define HASHES (T(HASH) | T(PERCPU_HASH) | T(LRU_HASH) | T(LRU_PERCPU_HASH) | T(HASH_OF_MAPS))
#define FD_ARRAYS (T(PROG_ARRAY) | T(PERF_EVENT_ARRAY) | T(CGROUP_ARRAY) | T(ARRAY_OF_MAPS))
#define QUEUES (T(QUEUE) | T(STACK))
#define DEVMAPS (T(DEVMAP) | T(DEVMAP_HASH))
#define SOCKS (T(SOCKMAP) | T(SOCKHASH) | T(REUSEPORT_SOCKARRAY) | T(XSKMAP))
#define RINGS (T(RINGBUF) | T(USER_RINGBUF))
#define STORAGES                                                                                   \
	(T(SK_STORAGE) | T(INODE_STORAGE) | T(TASK_STORAGE) | (1ull << MAP_TYPE_CGRP_STORAGE))
#define CGROUP_STORAGES (T(CGROUP_STORAGE) | T(PERCPU_CGROUP_STORAGE))
#define INDEXED                                                                                    \
	(ARRAYS | FD_ARRAYS | T(DEVMAP) | T(CPUMAP) | T(XSKMAP) | T(SOCKMAP) |                     \
	 T(REUSEPORT_SOCKARRAY))

/* What a row may ask beyond operation, type and errno. */
struct question {
	const struct map_info *info;
	uint64_t flags;
};

static bool if_noexist(const struct question *question)
{
	return (question->flags & 3) == BPF_NOEXIST;
}

static bool if_exist(const struct question *question)
{
	return (question->flags & 3) == BPF_EXIST;
}

static bool if_bad_flags(const struct question *question)
{
	return (question->flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST;
}

static bool if_lock(const struct question *question)
{
	return question->flags & BPF_F_LOCK;
}

static bool if_device_bound(const struct question *question)
{
	return question->info && question->info->ifindex;
}

/* No map of the kernel's shows this flag, which belongs to descriptors: a control map does. */
static bool if_read_only(const struct question *question)
{
	return question->info && question->info->map_flags & BPF_F_RDONLY;
}

static const struct row {
	uint32_t operations;
	uint64_t types;
	int error;
	bool (*condition)(const struct question *question); /* NULL: always */
	const char *sentence;
} rows[] = {
	/* whatever the map */
	{ANY_OP, ANY_TYPE, ENODEV, if_device_bound,
	 "the device that this map is bound to is gone; the map holds nothing any more"},
	{OP(UPDATE), T(CPUMAP), ENODEV, NULL, "there is no CPU $K on this machine"},
	{ANY_OP, ANY_TYPE, ENODEV, NULL, "the device is gone"},
	{ANY_OP, ANY_TYPE, EROFS, NULL, "this backend or mount is read-only"},
	{OP(FREEZE), ANY_TYPE, EPERM, NULL,
	 "the map is frozen already, or this handle may not write it"},
	{OP(FREEZE), ANY_TYPE, EBUSY, NULL,
	 "the map is frozen already, or somebody has it mapped for writing"},
	{OP(FREEZE), ANY_TYPE, ENOTSUPP, NULL,
	 "$A map, or one whose values hold locks, timers or pointers, cannot be frozen"},
	{WRITING, ANY_TYPE, EPERM, if_read_only,
	 "the $N map tells what the kernel knows: it is read, not written"},
	{WRITING, ANY_TYPE, EPERM, NULL,
	 "the map is frozen, or this handle may only read (BPF_F_RDONLY)"},
	{OP(LOOKUP) | OP(ITERATE), ANY_TYPE, EPERM, NULL,
	 "this handle may only write (BPF_F_WRONLY)"},
	{OP(CREATE), ANY_TYPE, EPERM, NULL,
	 "creating $A map needs more capabilities (CAP_BPF; CAP_NET_ADMIN for network types;"
	 " CAP_SYS_ADMIN for device-bound maps)"},
	{OP(UPDATE), ANY_TYPE, EINVAL, if_bad_flags,
	 "the update flags are none of BPF_ANY, BPF_NOEXIST and BPF_EXIST"},
	{OP(UPDATE), ANY_TYPE, EINVAL, if_lock,
	 "BPF_F_LOCK needs a value with a bpf_spin_lock, which the map's BTF does not show"},
	{ANY_OP, ANY_TYPE, ENOMEM, if_device_bound,
	 "the device's driver has no room for it: its limits are smaller"},

	/* create */
	{OP(CREATE), ANY_TYPE, EOPNOTSUPP, if_device_bound,
	 "the device's driver refuses to hold this map"},
	{OP(CREATE), ANY_TYPE, EINVAL, if_device_bound,
	 "device-bound maps are of type hash or array without flags, and the device must exist"
	 " and take BPF objects"},
	{OP(CREATE), ARRAYS, EINVAL, NULL,
	 "$A map needs key=4, a value size, entries of at least 1, and only flags that arrays"
	 " take (mmapable, inner_map, rdonly_prog, wronly_prog)"},
	{OP(CREATE), T(LPM_TRIE), EINVAL, NULL,
	 "an lpm_trie needs flags=no_prealloc, a key of 5 to 260 bytes (4 for the prefix length)"
	 " and entries of at least 1"},
	{OP(CREATE), T(LRU_HASH) | T(LRU_PERCPU_HASH), ENOTSUPP, NULL,
	 "LRU maps cannot have no_prealloc"},
	{OP(CREATE), T(ARRAY_OF_MAPS) | T(HASH_OF_MAPS), EBADF, NULL,
	 "inner= names no map; a map of maps needs one as the pattern of its inner maps"},
	{OP(CREATE), T(ARRAY_OF_MAPS) | T(HASH_OF_MAPS), EINVAL, NULL,
	 "$A needs value=4, inner= with a map that is not a map of maps itself, and entries of"
	 " at least 1 (key=4 for the array)"},
	{OP(CREATE), T(ARRAY_OF_MAPS) | T(HASH_OF_MAPS), ENOTSUPP, NULL,
	 "a map of the inner type cannot be inside another map"},
	{OP(CREATE), FD_ARRAYS, EINVAL, NULL, "$A needs key=4, value=4 and entries of at least 1"},
	{OP(CREATE), QUEUES, EINVAL, NULL,
	 "$A needs key=0, a value size and entries of at least 1"},
	{OP(CREATE), T(BLOOM_FILTER), EINVAL, NULL,
	 "a bloom_filter needs key=0, a value size, entries of at least 1 and extra= (number of"
	 " hash functions) of at most 15"},
	{OP(CREATE), RINGS, EINVAL, NULL,
	 "$A needs key=0, value=0 and entries (its size in bytes) that are a power of two and"
	 " a multiple of the page size"},
	{OP(CREATE), 1ull << MAP_TYPE_ARENA, EINVAL, NULL,
	 "an arena needs key=0, value=0, flags=mmapable and entries (pages) of at least 1"},
	{OP(CREATE), DEVMAPS | T(CPUMAP), EINVAL, NULL,
	 "$A needs key=4, value=4 or value=8 and entries of at least 1"},
	{OP(CREATE), T(CPUMAP), E2BIG, NULL, "a cpumap has at most as many entries as CPUs"},
	{OP(CREATE), T(STACK_TRACE), EINVAL, NULL,
	 "a stack_trace needs key=4 and a value that is a multiple of 8, up to 8 times"
	 " kernel.perf_event_max_stack"},
	{OP(CREATE), SOCKS, EINVAL, NULL,
	 "$A needs a 4-byte key (sockhash: 1 to 512 bytes), value=4 or 8 (xskmap: 4) and"
	 " entries of at least 1"},
	{OP(CREATE), CGROUP_STORAGES, EINVAL, NULL,
	 "$A needs key=8 or key=16, a value size and entries=0"},
	{OP(CREATE), STORAGES, EINVAL, NULL,
	 "$A needs key=4, entries=0, flags=no_prealloc and BTF of key and value"},
	{OP(CREATE), HASHES, EINVAL, NULL,
	 "$A needs a key size, a value size and entries of at least 1, only flags that it takes"
	 " (not rdonly and wronly at once), no extra=, and a NUMA node that is there"},
	{OP(CREATE), ANY_TYPE, EINVAL, NULL,
	 "the kernel knows no such type, or the type does not take these sizes, entries, flags,"
	 " extra or NUMA node"},
	{OP(CREATE), ANY_TYPE, E2BIG, NULL, "the sizes or entries are more than $A can have"},
	{OP(CREATE), ANY_TYPE, ENOMEM, NULL, "there is not enough memory for a map of this size"},
	{OP(CREATE), ANY_TYPE, ENOTSUPP, NULL, "$A map cannot have BTF or these flags"},
	{OP(CREATE), ANY_TYPE, EBADF, NULL, "btf= or inner= names no open object"},
	{OP(CREATE), ANY_TYPE, EOPNOTSUPP, NULL,
	 "the BTF of the value holds something that $A map cannot hold (a lock, timer or"
	 " pointer)"},

	/* full */
	{OP(UPDATE), INDEXED, E2BIG, NULL,
	 "key $K is beyond the last index: the map has max_entries=$M"},
	{OP(UPDATE), QUEUES, E2BIG, NULL, "the $T is full: max_entries=$M"},
	{OP(UPDATE), T(LPM_TRIE), ENOSPC, NULL, "the trie is full: max_entries=$M"},
	{OP(UPDATE), T(SOCKMAP) | T(SOCKHASH), ENOSPC, NULL, "the map is full"},
	{OP(UPDATE), ANY_TYPE, E2BIG, if_device_bound,
	 "the map on the device is full; devices may hold fewer elements than max_entries=$M"},
	{OP(UPDATE), ANY_TYPE, E2BIG, NULL, "the map is full: max_entries=$M"},

	/* there or not there */
	{OP(UPDATE), ARRAYS, EEXIST, NULL,
	 "every index of $A always exists, so it cannot be created (BPF_NOEXIST)"},
	{OP(UPDATE), T(DEVMAP) | T(CPUMAP), EEXIST, NULL,
	 "$A takes no BPF_NOEXIST, its slots count as existing"},
	{OP(UPDATE), ANY_TYPE, EEXIST, NULL,
	 "key $K exists already, and the update was to create it (BPF_NOEXIST)"},
	{OP(UPDATE), CGROUP_STORAGES, ENOENT, NULL,
	 "there is no storage for $K: it comes when a program is attached to the cgroup"},
	{OP(UPDATE), ANY_TYPE, ENOENT, if_exist,
	 "key $K is not there, and the update was to change it (BPF_EXIST)"},
	{OP(UPDATE), ANY_TYPE, EBUSY, NULL, "the element is in use: $K cannot be changed now"},
	{OP(LOOKUP) | OP(POP), T(BLOOM_FILTER), ENOENT, NULL, "the value was surely never pushed"},
	{OP(LOOKUP) | OP(POP), QUEUES, ENOENT, NULL, "the $T is empty"},
	{OP(LOOKUP), INDEXED, ENOENT, NULL,
	 "slot $K is empty, or beyond the last index: max_entries=$M"},
	{OP(LOOKUP) | OP(DELETE) | OP(POP), ANY_TYPE, ENOENT, NULL, "key $K is not there"},
	{OP(ITERATE), ANY_TYPE, ENOENT, NULL, "there is no further key"},

	/* types that cannot */
	{OP(DELETE), ARRAYS, EINVAL, NULL,
	 "elements of $A cannot be deleted; write a zero value instead (rmdir unpins the map)"},
	{OP(DELETE), INDEXED | T(STACK_TRACE), E2BIG, NULL,
	 "key $K is beyond the last index: the map has max_entries=$M"},
	{OP(DELETE), INDEXED, EINVAL, NULL,
	 "key $K is beyond the last index (max_entries=$M), or its slot is empty"},
	{OP(DELETE), QUEUES, EINVAL, NULL, "$A has no keys to delete; pop instead"},
	{OP(DELETE), CGROUP_STORAGES, EINVAL, NULL,
	 "the storage goes when the program is detached from the cgroup, not before"},
	{OP(ITERATE), QUEUES, EINVAL, NULL, "$A has no keys to list; pop or peek instead"},
	{OP(DELETE) | OP(ITERATE), T(BLOOM_FILTER), EOPNOTSUPP, NULL,
	 "a bloom filter can neither be listed nor forget; push and peek are all it does"},
	{ANY_OP, T(RINGBUF), ENOTSUPP, NULL, "$A has no elements; read its stream instead"},
	{ANY_OP, T(USER_RINGBUF), ENOTSUPP, NULL, "$A has no elements; push to it instead"},
	{ANY_OP, 1ull << MAP_TYPE_ARENA, EOPNOTSUPP, NULL, "an arena has no elements, only memory"},
	{ANY_OP, 1ull << MAP_TYPE_ARENA, EINVAL, NULL, "an arena has no elements, only memory"},
	{OP(LOOKUP), T(PERF_EVENT_ARRAY) | T(CGROUP_ARRAY), ENOTSUPP, NULL,
	 "what a slot of $A refers to cannot be read back; the kernel does not tell"},
	{OP(LOOKUP), T(XSKMAP), EOPNOTSUPP, NULL,
	 "the socket in a slot of an xskmap cannot be read back"},
	{OP(LOOKUP), T(SOCKMAP) | T(SOCKHASH) | T(REUSEPORT_SOCKARRAY), ENOSPC, NULL,
	 "sockets can be looked up (by cookie) only in a map with value=8"},
	{OP(ITERATE), STORAGES, ENOTSUPP, NULL,
	 "$A cannot be listed: each element belongs to an object, and the key is a descriptor of"
	 " it"},
	{OP(UPDATE), T(STACK_TRACE), EINVAL, NULL, "only programs put stacks into a stack_trace"},
	{OP(POP), ANY_TYPE, ENOTSUPP, NULL, "$A cannot look up and delete in one step"},

	/* values that do not fit */
	{OP(UPDATE), FD_ARRAYS, EINVAL, if_noexist, "$A takes no BPF_NOEXIST, only BPF_ANY"},
	{OP(UPDATE), FD_ARRAYS, EINVAL, if_exist, "$A takes no BPF_EXIST, only BPF_ANY"},
	{OP(UPDATE), T(PROG_ARRAY), EINVAL, NULL,
	 "not a program, or not of the type that this prog_array has taken on (see"
	 " owner_prog_type in info)"},
	{OP(UPDATE), T(ARRAY_OF_MAPS) | T(HASH_OF_MAPS), EINVAL, NULL,
	 "not a map, or not like the pattern of inner maps: type, sizes and flags must be the same"
	 " (for arrays max_entries too, unless the pattern has inner_map)"},
	{OP(UPDATE), FD_ARRAYS | T(HASH_OF_MAPS), EBADF, NULL,
	 "the value refers to no object of the kind that $A holds"},
	{OP(UPDATE), DEVMAPS, EINVAL, NULL,
	 "no such network device in this network namespace, or a program that is not loaded for"
	 " devmaps (expected attach type BPF_XDP_DEVMAP)"},
	{OP(UPDATE), T(CPUMAP), EOVERFLOW, NULL, "a cpumap queue has at most 16384 places"},
	{OP(UPDATE), T(CPUMAP), ENOMEM, NULL,
	 "no memory, or a program that is not loaded for cpumaps (expected attach type"
	 " BPF_XDP_CPUMAP)"},
	{OP(UPDATE), SOCKS, EOPNOTSUPP, NULL, "a socket of this kind or state cannot be in $A"},
	{OP(UPDATE), SOCKS, ENOTSOCK, NULL, "the value refers to no socket"},
	{OP(UPDATE), SOCKS, EBADF, NULL, "the value refers to no open socket"},
	{OP(UPDATE), CGROUP_STORAGES | QUEUES | T(BLOOM_FILTER), EINVAL, NULL,
	 "$A does not take this update flag"},
	{OP(UPDATE) | OP(DELETE), T(LPM_TRIE), EINVAL, NULL,
	 "the prefix length of $K is longer than the key"},
	{OP(UPDATE) | OP(LOOKUP) | OP(DELETE), STORAGES, EBADF, NULL,
	 "the key of $A is a descriptor of the object that owns the element, and $K is none"},
	{OP(UPDATE), HASHES | T(LPM_TRIE), ENOMEM, NULL, "no memory for another element"},

	/* nothing better known */
	{ANY_OP, ANY_TYPE, ENOTSUPP, NULL, "$A map does not have this operation"},
	{ANY_OP, ANY_TYPE, EOPNOTSUPP, NULL, "$A map does not have this operation"},
};

#undef T

static const struct row *row_find(enum map_operation operation, const struct question *question,
				  int error)
{
	uint32_t type = question->info ? question->info->type : 0;
	uint64_t bit = type && type < 64 ? 1ull << type : 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if ((row->operations & 1u << operation) && row->error == error &&
		    (row->types == ANY_TYPE || (row->types & bit)) &&
		    (!row->condition || row->condition(question)))
			return row;
	}
	return NULL;
}

/* As the names are spoken. */
static bool takes_an(const char *name)
{
	return strchr("aeiox", name[0]) || strncmp(name, "lru_", 4) == 0 ||
	       strncmp(name, "lpm_", 4) == 0 || strncmp(name, "sk_", 3) == 0;
}

static void word_append(struct buffer *out, char word, const struct map_info *info, const char *key)
{
	char name[24];

	switch (word) {
	case 'K':
		buffer_append_string(out, key ? key : "of this element");
		break;
	case 'T':
		buffer_append_string(out, info ? map_type_name(info->type, name) : "BPF");
		break;
	case 'A':
		map_type_name(info ? info->type : 0, name);
		buffer_append_string(out, takes_an(name) ? "an " : "a ");
		buffer_append_string(out, name);
		break;
	case 'N':
		buffer_append_string(out, info ? info->name : "");
		break;
	case 'M':
		buffer_append_u64(out, info ? info->max_entries : 0);
		break;
	}
}

static void sentence_append(struct buffer *out, const char *sentence, const struct map_info *info,
			    const char *key)
{
	for (; *sentence; sentence++) {
		if (*sentence == '$' && sentence[1])
			word_append(out, *++sentence, info, key);
		else
			buffer_append_char(out, *sentence);
	}
}

int explain_map_error(struct fault *fault, enum map_operation operation,
		      const struct map_info *info, const char *key, uint64_t update_flags,
		      int error)
{
	static const char *const verbs[] = {
		[MAP_OP_CREATE] = "create", [MAP_OP_LOOKUP] = "lookup",
		[MAP_OP_UPDATE] = "update", [MAP_OP_DELETE] = "delete",
		[MAP_OP_ITERATE] = "list",  [MAP_OP_POP] = "lookup and delete",
		[MAP_OP_FREEZE] = "freeze",
	};
	struct question question = {info, operation == MAP_OP_UPDATE ? update_flags : 0};
	int number = error < 0 ? -error : error;
	const struct row *row;
	struct buffer text = BUFFER_INIT;

	if (!fault || !error)
		return error;
	row = row_find(operation, &question, number);
	if (row) {
		sentence_append(&text, row->sentence, info, key);
	} else {
		buffer_append_format(&text, "cannot %s", verbs[operation]);
		sentence_append(&text, key ? " $K: " : ": ", info, key);
		buffer_append_string(&text, strerror(error_for_user(number)));
	}
	fault_set(fault, number, "%s", text.data ? text.data : strerror(error_for_user(number)));
	buffer_free(&text);
	return error;
}

int error_for_user(int error)
{
	if (error == ENOTSUPP)
		return EOPNOTSUPP;
	return error == -ENOTSUPP ? -EOPNOTSUPP : error;
}
