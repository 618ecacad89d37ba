/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps without keys: push, pop and peek of queues and stacks, push and peek of bloom filters. */
#ifndef FS_KEYLESS_H
#define FS_KEYLESS_H

#include "node.h"

extern const struct node_kind kind_push, kind_pop, kind_peek, kind_bloom_peek;

#endif
