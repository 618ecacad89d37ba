/* SPDX-License-Identifier: BSD-2-Clause */
/* .map/: what a map is, and its elements in bulk (bpfuse(8), .map/). */
#ifndef FS_MAP_ATTRIBUTES_H
#define FS_MAP_ATTRIBUTES_H

#include "node.h"
#include "object.h"

extern const struct node_kind kind_map_attributes;

#endif
