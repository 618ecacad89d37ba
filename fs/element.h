/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single elements, on behalf of the process that asks. Some numbers in keys and values are of open
 * files: a socket for a sockmap, a cgroup for a cgroup_array, a task's pidfd as the key of its
 * storage. bpf(2) means the caller's files, so here they are those of the process that reads or
 * writes: its file is borrowed (pidfd_getfd(2)) for the time of the call. A number that is not open
 * there gets what bpf(2) says to a closed one.
 *
 * All return what lib's map_ function of the same name does; -EPERM and a sentence where files
 * of that process may not be borrowed.
 */
#ifndef FS_ELEMENT_H
#define FS_ELEMENT_H

#include "object.h"

int element_lookup(struct request *request, struct object *map, const void *key, void *value,
		   uint64_t flags);
int element_update(struct request *request, struct object *map, const void *key, const void *value,
		   uint64_t flags);
/* *done as map_update_many() counts it. */
int element_update_many(struct request *request, struct object *map, const void *keys,
			const void *values, uint32_t count, uint64_t flags, uint32_t *done);
int element_delete(struct request *request, struct object *map, const void *key);

#endif
