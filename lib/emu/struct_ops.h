/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel structs that struct_ops maps may hold; a real kernel has them in its BTF. */
#ifndef BPFUSE_EMU_STRUCT_OPS_H
#define BPFUSE_EMU_STRUCT_OPS_H

#include <stdint.h>

#define STRUCT_OPS_FUNCTIONS_MAX 64

struct struct_ops_type {
	struct struct_ops_type *next;
	uint32_t type_id; /* btf_vmlinux_value_type_id; not 0 */
	uint32_t size;	  /* of the whole value, bytes */
	/* Offsets in the value of its functions: 8 bytes, a program's fd in and its id out. */
	uint32_t functions[STRUCT_OPS_FUNCTIONS_MAX];
	uint32_t function_count;
};

#endif
