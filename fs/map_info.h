/* SPDX-License-Identifier: BSD-2-Clause */
/* .map/info: all that is known of a map, as one JSON object. */
#ifndef FS_MAP_INFO_H
#define FS_MAP_INFO_H

#include "node.h"
#include "object.h"

int map_info_json(struct request *request, struct node *node, struct object *map,
		  struct buffer *text);

#endif
