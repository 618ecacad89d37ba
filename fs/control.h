/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.control/: control maps, each a map directory (bpfuse(8), CONTROL MAPS), and what they add
 * to .map/: a file for each switch.
 */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include "node.h"

extern const struct node_kind kind_maps_control;

/* Of .map/: the switches of a control map; nothing for other maps. */
int control_switch_lookup(struct request *request, struct node *dir, const char *name,
			  struct node **child, struct stat *st);
int control_switch_list(struct request *request, struct node *dir, struct listing *listing);

#endif
