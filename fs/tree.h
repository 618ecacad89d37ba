/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mirrored pin tree: directories and symlinks as bpffs has them, pinned objects as
 * directories. Nothing of it is remembered between requests but which object a pin's inode was
 * last seen to hold, so what others pin, rename and remove shows at once.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "node.h"

extern const struct node_kind kind_root;

#endif
