/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of each map type without asking a backend: its name, its shape, its flags' names.
 *
 * One table (lib/map_type.c) that backends, codec, walk and tree all read. Numbers are those of
 * enum bpf_map_type in the kernel's uapi; types newer than the headers of this build are listed
 * with their numbers, and a type that is not in the table is called "type-N" and treated as
 * plain bytes.
 */
#ifndef BPFUSE_MAP_TYPE_H
#define BPFUSE_MAP_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

/* Not in libc: the kernel's own "operation not supported", which no tool can print. */
#define ENOTSUPP 524

/* Types of enum bpf_map_type that linux/bpf.h of this build may not have; the numbers are uapi. */
enum {
	MAP_TYPE_CGRP_STORAGE = 32,
	MAP_TYPE_ARENA = 33,
	MAP_TYPE_INSN_ARRAY = 34,
	MAP_TYPE_RHASH = 35,
};

/* How a user meets the elements. */
enum map_access {
	MAP_KEYED,     /* key files */
	MAP_QUEUE,     /* push, pop, peek: queue and stack */
	MAP_BLOOM,     /* push, peek */
	MAP_STREAM,    /* stream: ringbuf and perf event array */
	MAP_PUSH_ONLY, /* push: user_ringbuf */
	MAP_OPAQUE,    /* no element operation from user space: arena */
};

/* What a value says, beyond its bytes. */
enum map_value {
	VALUE_PLAIN,
	VALUE_MAP,    /* fd in, map id out */
	VALUE_PROG,   /* fd in, program id out */
	VALUE_DEVMAP, /* ifindex[, program fd in / id out] */
	VALUE_CPUMAP, /* qsize[, program fd in / id out] */
	VALUE_FD,     /* an fd in; what comes out depends on the type (sockets, cgroups, events) */
};

/* The kernel defines what a value means: a type that the user names for it is only its size. */
static inline bool map_value_is_defined(enum map_value value)
{
	return value != VALUE_PLAIN && value != VALUE_FD;
}

enum map_batch {
	BATCH_LOOKUP = 1,
	BATCH_LOOKUP_AND_DELETE = 2,
	BATCH_UPDATE = 4,
	BATCH_DELETE = 8,
};

struct map_type {
	uint32_t type;
	const char *name; /* as bpftool and libbpf spell it: "lru_percpu_hash" */
	enum map_access access;
	enum map_value value;
	bool percpu;	/* syscall values are a slot of round_up(value_size, 8) per possible CPU */
	bool indexed;	/* keys are 0 .. max_entries-1, always there to be asked for */
	bool iterable;	/* get-next-key works */
	bool key_is_fd; /* the local storages: a key is a file descriptor */
	unsigned batch; /* enum map_batch bits that the kernel offers for this type */
};

/* Never NULL: an unknown number gets a shared plain entry whose name is "type-N" by map_type_name.
 */
const struct map_type *map_type_get(uint32_t type);
/* Writes the name into `name` (at least 24 bytes) and returns it. */
const char *map_type_name(uint32_t type, char name[24]);
/* The number for a name or "type-N" or a bare number; -EINVAL and a sentence if it is none. */
int map_type_parse(const char *name, uint32_t *type, struct fault *fault);

/* "no_prealloc,mmapable", "0" for none, unknown bits as one hex number at the end. */
void map_flags_print(uint32_t flags, struct buffer *out);
/* The reverse; also takes any number in decimal or 0x. */
int map_flags_parse(const char *text, uint32_t *flags, struct fault *fault);

/* Bytes of one value as bpf(2) copies it: value_size, or all CPUs' slots for per-CPU types. */
size_t map_value_bytes(uint32_t type, uint32_t value_size, unsigned possible_cpus);

#pragma GCC visibility pop

#endif
