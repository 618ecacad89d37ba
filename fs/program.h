/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of programs (bpfuse(8), PROGRAMS AND LINKS), and .map/progs/. */
#ifndef FS_PROGRAM_H
#define FS_PROGRAM_H

#include <bpfuse/buffer.h>
#include "node.h"

extern const struct node_kind *const prog_dir_entries[];
extern const struct node_kind kind_map_progs;

/* enum bpf_prog_type as text: libbpf's name for it, or "type-N". */
void prog_type_print(struct buffer *text, uint32_t type);

#endif
