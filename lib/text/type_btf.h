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

#include "text/btf_read.h"
#include "text/type.h"

/*
 * NULL when memory runs out; bytes for what has no sensible type, and for what is longer than
 * `most` bytes, the map's size, whatever BTF that nobody checked may claim.
 */
const struct type *type_from_btf(struct arena *arena, const struct btf *btf, uint32_t id,
				 bool is_value, uint32_t most);

#endif
