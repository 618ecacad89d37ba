/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A name in the mirrored tree that does not exist yet: open(O_CREAT) gives a file, and the SPEC
 * that is written to it makes or opens an object and pins it there. From then on the name is
 * that object's directory.
 */
#ifndef FS_PENDING_H
#define FS_PENDING_H

#include "node.h"

int pending_create(struct request *request, struct node *dir, const char *name, struct file *file,
		   struct node **child, struct stat *st);

#endif
