/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A type of control map: one file with one table, and a line in types.c.
 *
 * A type reads all of its elements at once (read_all), in any order; lookup, iteration and
 * batches are made of that unless the type has something quicker. It describes
 * keys and values in BTF, which only ever grows at its end: new members go behind the last.
 *
 * Errors: what the parent backend answers; -EPERM for what the type does not let users write.
 */
#ifndef CONTROL_TYPE_H
#define CONTROL_TYPE_H

#include <bpf/btf.h>
#include <bpfuse/backend.h>
#include <bpfuse/control.h>

/* Why an update failed; a table of them is ended by error 0. */
struct control_reason {
	int error;
	const char *sentence;
};

struct control_switch {
	const char *name;
	int (*get)(struct backend *parent, bool *on);
	int (*set)(struct backend *parent, bool on);
};

/* Elements one after the other: a key, then its value. */
struct control_type {
	const char *name;
	uint32_t key_size, value_size;
	/* Adds the types of key and value and gives their ids. */
	void (*describe)(struct btf *btf, uint32_t *key_id, uint32_t *value_id);
	int (*read_all)(struct backend *parent, struct buffer *elements);
	/* NULL: found among read_all()'s. */
	int (*lookup)(struct backend *parent, const void *key, void *value);
	/* NULL: -EPERM. flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
	int (*update)(struct backend *parent, const void *key, const void *value, uint64_t flags);
	int (*delete)(struct backend *parent, const void *key);
	/* Words that mean a value; NULL, or -ENOSYS: there are none, or these are not. */
	int (*parse_value)(struct backend *parent, const char *text, size_t length, void *value,
			   struct fault *fault);
	const struct control_reason *reasons;  /* NULL: there are none */
	const struct control_switch *switches; /* ended by a NULL name; NULL: none */
};

extern const struct control_type xdp_type;
extern const struct control_type prog_stats_type;
extern const struct control_type sock_type;

/* index from 0; NULL behind the last. Ids of maps and BTF are index + 1. */
const struct control_type *control_type_at(unsigned index);
/* The type behind a handle, and the backend that its attributes are of. */
const struct control_type *control_type_of(const struct handle *map);
struct backend *control_parent(const struct handle *map);

/* element.c: the table's element operations */
int control_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags);
int control_map_update(struct handle *map, const void *key, const void *value, uint64_t flags);
const char *control_map_update_reason(struct handle *map, int error);
int control_map_delete(struct handle *map, const void *key);
int control_map_next_key(struct handle *map, const void *key, void *next);
int control_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys,
			     void *values, uint32_t *count, uint64_t elem_flags);

/* For describe(): what libbpf needs more than one call for. */
int control_btf_chars(struct btf *btf, uint32_t length);

#endif
