/* SPDX-License-Identifier: BSD-2-Clause */
/* The directories in .map/ that show the map's keys in another way: raw/, sum/, links/. */
#ifndef FS_KEY_VIEWS_H
#define FS_KEY_VIEWS_H

#include "node.h"

extern const struct node_kind kind_raw_dir, kind_sum_dir, kind_links_dir;

#endif
