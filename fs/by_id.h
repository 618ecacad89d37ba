/* SPDX-License-Identifier: BSD-2-Clause */
/* maps.by-id/, progs.by-id/, links.by-id/ and maps.by-name/: for the mounting user only. */
#ifndef FS_BY_ID_H
#define FS_BY_ID_H

#include "node.h"

extern const struct node_kind kind_maps_by_id, kind_progs_by_id, kind_links_by_id;
extern const struct node_kind kind_maps_by_name;

#endif
