/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of programs and links (INTERFACE.md, section 5), and .map/progs/. */
#ifndef FS_PROGRAM_H
#define FS_PROGRAM_H

#include "node.h"

extern const struct node_kind *const prog_dir_entries[];
extern const struct node_kind *const link_dir_entries[];
extern const struct node_kind kind_map_progs;

#endif
