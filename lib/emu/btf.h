/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF objects, and what creating a map asks of the types in them (map_check_btf() and
 * btf_parse_fields() of the kernel).
 */
#ifndef BPFUSE_EMU_BTF_H
#define BPFUSE_EMU_BTF_H

#include <bpf/btf.h>
#include "emu/object.h"

struct emu_btf {
	struct emu_object object; /* the first member */
	struct btf *btf;
	void *bytes;
	size_t length;
};

/* A map's types, modifiers and typedefs taken off. key is NULL where no id was given. */
struct btf_types {
	const struct btf *btf;
	const struct btf_type *key, *value;
	uint32_t key_size, value_size;
};

enum btf_field_kind {
	FIELD_SPIN_LOCK,
	FIELD_TIMER,
	FIELD_WORKQUEUE,
	FIELD_REFERENCE, /* kptr, list, tree, refcount: seen, never shown */
};

#define BTF_FIELDS_MAX 11 /* BTF_FIELDS_MAX of the kernel */

struct btf_record {
	unsigned count;
	struct btf_field {
		enum btf_field_kind kind;
		uint32_t offset, size;
	} fields[BTF_FIELDS_MAX];
};

static inline bool record_has(const struct btf_record *record, enum btf_field_kind kind)
{
	for (unsigned i = 0; i < record->count; i++)
		if (record->fields[i].kind == kind)
			return true;
	return false;
}

/* Resolves both ids (0: none); -EINVAL if one is no type of a size. */
int btf_types_resolve(const struct emu_btf *btf, uint32_t key_id, uint32_t value_id,
		      struct btf_types *types);
/* The special fields of the value type; -errno as btf_parse_fields(). */
int btf_record_parse(const struct btf_types *types, struct btf_record *record);
/* btf_type_is_i32(): a plain 32 bit integer. */
bool btf_is_int32(const struct btf_type *type);

int emu_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf);
int emu_btf_bytes(struct handle *btf, void **bytes, size_t *length);

#endif
