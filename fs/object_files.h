/* SPDX-License-Identifier: BSD-2-Clause */
/* What the directories of maps, programs and links have in common: id, pins, holders, info. */
#ifndef FS_OBJECT_FILES_H
#define FS_OBJECT_FILES_H

#include <jansson.h>
#include "node.h"
#include "object.h"

extern const struct node_kind kind_object_id;
extern const struct node_kind kind_object_holders; /* "PID COMM" lines */
extern const struct node_kind
	kind_object_pins; /* paths relative to the mount's root, a line each */

/* A type's name as libbpf has it, or "type-N" where it has none (NULL). */
void object_type_append(struct buffer *text, const char *name, uint32_t type);
/* The same paths as the member "pins" of an info. */
int object_add_pins(struct object *object, json_t *info);
/* Appends an info, which is taken over, as one line. NULL: -ENOMEM. */
int object_json_append(struct buffer *text, json_t *info);

#endif
