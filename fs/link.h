/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of links (INTERFACE.md, section 5). */
#ifndef FS_LINK_H
#define FS_LINK_H

#include "node.h"

extern const struct node_kind *const link_dir_entries[];

#endif
