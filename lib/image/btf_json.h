/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed bytes as `bpftool -j map dump` prints them under "formatted": numbers in decimal,
 * bit-fields as hexadecimal strings, character arrays as text where they end in NUL. Only for
 * export: what bpfuse itself prints comes from the codec.
 */
#ifndef IMAGE_BTF_JSON_H
#define IMAGE_BTF_JSON_H

#include <stddef.h>
#include <bpf/btf.h>
#include <bpfuse/buffer.h>

/* False: the type cannot be printed, or does not fit into `size` bytes. */
bool btf_json_print(const struct btf *btf, uint32_t type_id, const void *bytes, size_t size,
		    struct buffer *out);

#endif
