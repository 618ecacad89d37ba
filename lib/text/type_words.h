/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types in the user's words (bpfuse-formats(5)):
 *
 *   TYPE   = SCALAR | STRUCT | TYPE "[" COUNT "]"
 *   STRUCT = ["packed"] "{" NAME ":" TYPE { "," NAME ":" TYPE } "}"
 *   SCALAR = u8 u16 u32 u64 u128 s8 s16 s32 s64 s128 be16 be32 be64 f32 f64 bool
 *            ipv4 ipv6 mac lpm4 lpm6 | str[BYTES] | char[BYTES] | hex[BYTES]
 *
 * Members lie as in C, each aligned as its type; "packed" takes the alignment away from a struct,
 * and where only the packed layout has the map's size, that is what is meant. "str" and "hex"
 * alone are as long as the map's keys or values. u32[2][3] is, as in C, two times three.
 */
#ifndef BPFUSE_TEXT_TYPE_WORDS_H
#define BPFUSE_TEXT_TYPE_WORDS_H

#include <bpfuse/fault.h>
#include "text/type.h"

/*
 * size: bytes of the map's key or value; 0: not known, the words must say all. -EINVAL and a
 * sentence with the position, also where the sizes differ.
 */
int type_words_parse(struct arena *arena, const char *text, size_t length, uint32_t size,
		     const struct type **type, struct fault *fault);
/* False, and nothing of use in out, if words cannot say this very type. */
bool type_words_print(const struct type *type, struct buffer *out);

#endif
