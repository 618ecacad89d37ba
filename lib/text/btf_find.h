/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding things in BTF by name: types, and what a BPF object says of its maps. */
#ifndef BPFUSE_TEXT_BTF_FIND_H
#define BPFUSE_TEXT_BTF_FIND_H

#include <stdbool.h>
#include <bpf/btf.h>
#include <bpfuse/fault.h>

/*
 * Reads BTF from a file: raw, or the .BTF section of an ELF object. The path must be absolute and
 * name a regular file. -errno and a sentence.
 */
int btf_read_file(const char *path, struct btf **btf, struct fault *fault);

/* A definition in the section ".maps"; numbers it does not give are 0. */
struct map_definition {
	uint32_t type, key_size, value_size, max_entries, map_flags;
	uint32_t key_id, value_id;
};
bool btf_find_map(const struct btf *btf, const char *name, struct map_definition *definition);

/* "flow", "struct flow", "enum state", ".data": the id of the first such type; 0: none. */
uint32_t btf_find_type(const struct btf *btf, const char *name);
/* An integer type of that size and sign; 0: none. */
uint32_t btf_find_integer(const struct btf *btf, uint32_t size, bool is_signed);

#endif
