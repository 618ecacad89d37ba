/* SPDX-License-Identifier: BSD-2-Clause */
/* .map/: what a map is, and its elements in bulk (INTERFACE.md, section 3). */
#ifndef FS_MAP_ATTRIBUTES_H
#define FS_MAP_ATTRIBUTES_H

#include "node.h"
#include "object.h"

extern const struct node_kind kind_map_attributes;

/* Shared with programs and links: "PID COMM" lines. */
int render_holders(struct request *request, struct node *node, struct object *object,
		   struct buffer *text);
int render_id(struct request *request, struct node *node, struct object *object,
	      struct buffer *text);
/* Pin paths of the object, a line each, relative to the root of the mount. */
int render_pins(struct request *request, struct node *node, struct object *object,
		struct buffer *text);

#endif
