/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of the emulation: what all types share, and the table that a type fills.
 *
 * A type is one file with one table, as in kernel/bpf/. map_create.c, map_element.c and
 * map_batch.c do what kernel/bpf/syscall.c does before and after the type's own function:
 * access modes, frozen maps, flags, key sizes. So the functions of a table may rely on
 *   - update flags without BPF_F_LOCK unless the value has a bpf_spin_lock;
 *   - lookup flags 0 or BPF_F_LOCK, likewise;
 *   - keys of key_size bytes, NULL for types without keys;
 *   - values of map_value_bytes().
 * A function left out answers ENOTSUPP.
 *
 * Threads: element operations are called concurrently; each type has its own locks, and none
 * for the whole map where the kernel has none. A value that goes in or out under a lock is whole.
 */
#ifndef BPFUSE_EMU_MAP_H
#define BPFUSE_EMU_MAP_H

#include <linux/bpf.h>
#include "emu/btf.h"
#include "emu/object.h"
#include "emu/record_queue.h"
#include "emu/state.h"

/* Newer than some headers. */
#define EMU_F_NO_USER_CONV (1u << 18)
#define EMU_F_SEGV_ON_FAULT (1u << 17)
#define EMU_F_VTYPE_BTF_OBJ_FD (1u << 15)
#define EMU_F_TOKEN_FD (1u << 16)

#define KMALLOC_MAX ((uint64_t)4 << 20) /* KMALLOC_MAX_SIZE, bytes */
#define PERCPU_VALUE_MAX 32768		/* PCPU_MIN_UNIT_SIZE, bytes of one CPU's value */

#define MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

static inline uint64_t round_up_8(uint64_t bytes)
{
	return (bytes + 7) / 8 * 8;
}

/* roundup_pow_of_two(): how many buckets the kernel's tables have. */
static inline uint64_t round_up_power_of_two(uint64_t number)
{
	uint64_t power = 1;

	while (power < number)
		power *= 2;
	return power;
}

/* bpf_map_attr_numa_node(): -1 with the flag is as no flag. */
static inline bool map_has_numa_node(const struct map_spec *spec)
{
	return (spec->map_flags & BPF_F_NUMA_NODE) && spec->numa_node != UINT32_MAX;
}

struct emu_map;

/* The program properties that all programs using or sitting in a map must share. */
struct map_owner {
	pthread_mutex_t lock;
	bool set, jited, xdp_has_frags;
	uint32_t prog_type, attach_type;
};

struct emu_map_ops {
	/* enum emu_capability bits that creating needs, all of them; 0: EMU_CAP_BPF alone. */
	unsigned capabilities;

	/* Sizes and flags, before capabilities are asked for. */
	int (*alloc_check)(struct emu *emu, const struct map_spec *spec);
	/* Allocates the type's own structure, zeroed, and calls map_init() on it. */
	int (*alloc)(struct emu *emu, const struct map_spec *spec, struct emu_map **map);
	/* Frees the elements and the structure (map_destroy() before free()). */
	void (*free)(struct emu_map *map);
	/* The last handle and pin have gone. */
	void (*last_user_gone)(struct emu_map *map);
	/* A handle is being closed. */
	void (*handle_gone)(struct emu_map *map, const struct emu_handle *handle);
	/* After the general BTF rules; key type NULL: none was given. NULL here: see map_create. */
	int (*check_btf)(const struct emu_map *map, const struct btf_types *types);
	/* May `inner` replace the template? bpf_map_ops.map_meta_equal; NULL: no inner maps. */
	bool (*meta_equal)(const struct emu_map *template, const struct emu_map *inner);
	/* Adds what only the type knows; -ENODEV of a map whose device is gone. */
	int (*fill_info)(struct emu_map *map, struct map_info *info);
	uint64_t (*memory_usage)(struct emu_map *map);

	int (*lookup)(struct emu_map *map, const void *key, void *value, uint64_t flags);
	int (*update)(struct emu_map *map, const void *key, const void *value, uint64_t flags);
	/* Instead of update, where it matters which handle it comes through. */
	int (*update_through)(struct emu_map *map, const struct emu_handle *handle, const void *key,
			      const void *value, uint64_t flags);
	int (*delete)(struct emu_map *map, const void *key);
	int (*next_key)(struct emu_map *map, const void *key, void *next);
	int (*lookup_and_delete)(struct emu_map *map, const void *key, void *value, uint64_t flags);
	/* Flags, count and *count = 0 are dealt with by the caller, as in map_batch.h. */
	int (*lookup_batch)(struct emu_map *map, const void *in, void *out, void *keys,
			    void *values, uint32_t *count, uint64_t flags);
	int (*lookup_and_delete_batch)(struct emu_map *map, const void *in, void *out, void *keys,
				       void *values, uint32_t *count, uint64_t flags);
	int (*update_batch)(struct emu_map *map, const void *keys, const void *values,
			    uint32_t *count, uint64_t flags);
	int (*delete_batch)(struct emu_map *map, const void *keys, uint32_t *count, uint64_t flags);
};

struct emu_map {
	struct emu_object object; /* the first member: an object pointer is a map pointer */
	const struct emu_map_ops *ops;
	uint32_t type, key_size, value_size, max_entries;
	uint32_t map_flags; /* without BPF_F_RDONLY and BPF_F_WRONLY, which are a handle's */
	uint32_t numa_node;
	uint64_t map_extra;
	char name[OBJECT_NAME_MAX];
	size_t value_bytes; /* map_value_bytes() */
	atomic_bool frozen;
	uint64_t reserved; /* bytes of emu->memory_reserved */

	struct emu_btf *btf; /* a reference, or NULL */
	uint32_t btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	struct btf_record record;     /* special fields of the value */
	struct record_queue *records; /* of ring buffers and perf event arrays; else NULL */
	struct map_owner owner;
};

static inline struct emu_map *map_of(struct handle *handle)
{
	return (struct emu_map *)emu_handle(handle)->object;
}

static inline struct emu *emu_of_map(const struct emu_map *map)
{
	return map->object.emu;
}

/* --- map.c --- */

/* NULL: this emulation has no such type. */
const struct emu_map_ops *map_ops_of_type(uint32_t type);

/*
 * Fills what all maps share and reserves `bytes` of memory: 0 or -ENOMEM. After success
 * map_destroy() is due before the memory is freed.
 */
int map_init(struct emu_map *map, struct emu *emu, const struct emu_map_ops *ops,
	     const struct map_spec *spec, uint64_t bytes);
void map_destroy(struct emu_map *map);
/* A living map of this backend by its number, a new reference; -EBADF, -EINVAL. */
int map_from_fd(struct emu *emu, int fd, struct emu_map **map);
void map_put(struct emu_map *map); /* NULL is allowed */

/* bpf_map_meta_equal(): all that a program may rely on is the same. */
bool map_meta_equal(const struct emu_map *template, const struct emu_map *inner);
/* map_check_no_btf() */
int map_check_no_btf(const struct emu_map *map, const struct btf_types *types);

/* bpf_map_flags_access_ok(): not both RDONLY_PROG and WRONLY_PROG. */
bool map_flags_access_ok(uint32_t flags);

/* Writes zeros over the special fields of a value that goes to user space. */
void map_hide_special_fields(const struct emu_map *map, void *value);

/* --- map_create.c, map_element.c, map_batch.c: entries of the backend's table --- */

int emu_map_create(struct backend *backend, const struct map_spec *spec, struct handle **map);
int emu_map_info(struct handle *map, struct map_info *info);
int emu_map_state(struct handle *map, struct map_state *state);
int emu_map_freeze(struct handle *map);

int emu_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags);
int emu_map_update(struct handle *map, const void *key, const void *value, uint64_t flags);
int emu_map_delete(struct handle *map, const void *key);
int emu_map_next_key(struct handle *map, const void *key, void *next);
int emu_map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags);

int emu_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t elem_flags);
int emu_map_lookup_and_delete_batch(struct handle *map, const void *in, void *out, void *keys,
				    void *values, uint32_t *count, uint64_t elem_flags);
int emu_map_update_batch(struct handle *map, const void *keys, const void *values, uint32_t *count,
			 uint64_t elem_flags);
int emu_map_delete_batch(struct handle *map, const void *keys, uint32_t *count,
			 uint64_t elem_flags);

/* map_get_sys_perms(): the handle's mode, and nothing is written to a frozen map. */
bool map_may_read(struct handle *handle);
bool map_may_write(struct handle *handle);
/* BPF_F_LOCK only where the value has a bpf_spin_lock. */
bool map_lock_flag_ok(const struct emu_map *map, uint64_t flags);

/* generic_map_*_batch() of syscall.c, for the tables of types. */
int generic_lookup_batch(struct emu_map *map, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t flags);
int generic_update_batch(struct emu_map *map, const void *keys, const void *values, uint32_t *count,
			 uint64_t flags);
int generic_delete_batch(struct emu_map *map, const void *keys, uint32_t *count, uint64_t flags);

/* --- the types, each in the file of its name --- */

extern const struct emu_map_ops map_hash_ops;
extern const struct emu_map_ops map_array_ops;
extern const struct emu_map_ops map_percpu_hash_ops;
extern const struct emu_map_ops map_percpu_array_ops;
extern const struct emu_map_ops map_lru_hash_ops;
extern const struct emu_map_ops map_lru_percpu_hash_ops;
extern const struct emu_map_ops map_lpm_trie_ops;
extern const struct emu_map_ops map_array_of_maps_ops;
extern const struct emu_map_ops map_hash_of_maps_ops;
extern const struct emu_map_ops map_prog_array_ops;
extern const struct emu_map_ops map_perf_event_array_ops;
extern const struct emu_map_ops map_cgroup_array_ops;
extern const struct emu_map_ops map_stack_trace_ops;
extern const struct emu_map_ops map_devmap_ops;
extern const struct emu_map_ops map_devmap_hash_ops;
extern const struct emu_map_ops map_cpumap_ops;
extern const struct emu_map_ops map_xskmap_ops;
extern const struct emu_map_ops map_sockmap_ops;
extern const struct emu_map_ops map_sockhash_ops;
extern const struct emu_map_ops map_reuseport_sockarray_ops;
extern const struct emu_map_ops map_cgroup_storage_ops;
extern const struct emu_map_ops map_percpu_cgroup_storage_ops;
extern const struct emu_map_ops map_queue_ops;
extern const struct emu_map_ops map_stack_ops;
extern const struct emu_map_ops map_bloom_filter_ops;
extern const struct emu_map_ops map_ringbuf_ops;
extern const struct emu_map_ops map_user_ringbuf_ops;
extern const struct emu_map_ops map_sk_storage_ops;
extern const struct emu_map_ops map_inode_storage_ops;
extern const struct emu_map_ops map_task_storage_ops;
extern const struct emu_map_ops map_cgrp_storage_ops;
extern const struct emu_map_ops map_struct_ops_ops;
extern const struct emu_map_ops map_arena_ops;

#endif
