/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types from BTF.
 *
 * Most kinds of BTF mean one thing only. The rest goes by these rules, each of which the user can
 * override with a format:
 *   typedefs __be16, __be32, __be64 (also with one or no underscore): numbers in network order;
 *   struct in_addr, typedef in_addr_t: an IPv4 address; struct in6_addr: an IPv6 address;
 *   struct ether_addr, and unsigned char[6] in a member, variable or typedef called h_dest or
 *     h_source or with one of the words mac, smac, dmac, macaddr, eth, ether, ethaddr, hwaddr,
 *     lladdr between its underscores ("src_mac", "eth0"): a MAC address;
 *   arrays of char (the type of that name, or BTF_INT_CHAR): text. char alone, signed char and
 *     unsigned char are numbers;
 *   in values, outside of unions: struct bpf_spin_lock, bpf_timer, bpf_list_head and the like, and
 *     pointers tagged "kptr": the kernel's own, see BTF_FIELDS in kernel/bpf/btf.c;
 *   an array without length at the end of a variable is as long as the variable has room.
 * A struct or union whose text would not tell its members apart is shown as bytes.
 */
#ifndef BPFUSE_TEXT_TYPE_BTF_H
#define BPFUSE_TEXT_TYPE_BTF_H

#include <bpf/btf.h>
#include <bpfuse/backend.h>
#include "text/type.h"

/*
 * Parses raw BTF; -EINVAL if it is none. The result is the caller's: btf__free() or
 * cleanup_with(btf_freep).
 */
int btf_parse_bytes(const void *bytes, size_t length, struct btf **btf);
/* The same of a BTF object of the backend; a module's gets the kernel's own for its base. */
int btf_parse_object(struct backend *backend, uint32_t id, struct btf **btf, struct btf **base);
/* Keeps libbpf from writing to stderr; before any other call of it. */
void btf_be_quiet(void);
void btf_freep(struct btf **btf);

/* NULL when memory runs out; bytes for what has no sensible type. */
const struct type *type_from_btf(struct arena *arena, const struct btf *btf, uint32_t id,
				 bool is_value);
/* "u32", "struct flow_key", "char[16]"; NULL when memory runs out. */
const char *btf_type_words(struct arena *arena, const struct btf *btf, uint32_t id);
/* Does the type itself, a struct or a section, have a bpf_spin_lock for a member? */
bool btf_type_has_lock(const struct btf *btf, uint32_t id);
/* Modifiers and typedefs taken off. */
uint32_t btf_strip(const struct btf *btf, uint32_t id);
/* A name, never NULL. */
const char *btf_name(const struct btf *btf, uint32_t offset);

#endif
