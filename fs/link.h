/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of links (bpfuse(8), PROGRAMS AND LINKS). */
#ifndef FS_LINK_H
#define FS_LINK_H

#include "node.h"

extern const struct node_kind *const link_dir_entries[];

#endif
