/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF into libbpf's hands, and what is read from there without making types. */
#ifndef BPFUSE_TEXT_BTF_READ_H
#define BPFUSE_TEXT_BTF_READ_H

#include <stdbool.h>
#include <bpf/btf.h>
#include <bpfuse/backend.h>
#include "text/arena.h"

/* As deep as types may refer to types: MAX_RESOLVE_DEPTH in kernel/bpf/btf.c. */
#define BTF_DEPTH_MAX 32

/*
 * BTF that stands on its own, copied. -EINVAL if libbpf cannot read it. The caller's:
 * cleanup_with(btf_freep).
 */
int btf_parse(const void *bytes, size_t length, struct btf **btf);
/*
 * The BTF of an object of the backend; a module's gets the kernel's own for its base, else *base
 * is NULL. -EINVAL if it cannot be parsed. Both are the caller's: cleanup_with(btf_freep), the
 * base last.
 */
int btf_parse_object(struct backend *backend, uint32_t id, struct btf **btf, struct btf **base);
/* Keeps libbpf from writing to stderr; before any other call of it. */
void btf_be_quiet(void);
void btf_freep(struct btf **btf);

/* "u32", "struct flow_key", "char[16]"; NULL when memory runs out. */
const char *btf_type_words(struct arena *arena, const struct btf *btf, uint32_t id);
/* Does the type itself, a struct or a section, have a bpf_spin_lock for a member? */
bool btf_type_has_lock(const struct btf *btf, uint32_t id);
/* Modifiers and typedefs taken off. */
uint32_t btf_strip(const struct btf *btf, uint32_t id);
/* A name, never NULL. */
const char *btf_name(const struct btf *btf, uint32_t offset);

#endif
