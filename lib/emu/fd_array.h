/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of references, a file descriptor in and an id out: fd_array_map_*() of
 * kernel/bpf/arraymap.c. A slot holds a plain reference to its object, or nothing.
 */
#ifndef BPFUSE_EMU_FD_ARRAY_H
#define BPFUSE_EMU_FD_ARRAY_H

#include "emu/lock_stripes.h"
#include "emu/map.h"

struct fd_array {
	struct emu_map map;
	struct lock_stripes locks; /* by index */
	struct emu_object **slots;
	/* The handles that the slots were filled through; NULL: of no interest. */
	const struct emu_handle **through;
	/* The object that fd stands for, if it may be in this map: a new reference. */
	int (*accept_fd)(struct fd_array *array, int fd, struct emu_object **object);
	void *context; /* the type's; freed with the map */
};

static inline struct fd_array *fd_array_of(struct emu_map *map)
{
	return (struct fd_array *)map;
}

int fd_array_alloc_check(struct emu *emu, const struct map_spec *spec);
int fd_array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		   int (*accept_fd)(struct fd_array *array, int fd, struct emu_object **object),
		   struct emu_map **map);
void fd_array_free(struct emu_map *map);
/* Empties every slot. */
void fd_array_clear(struct emu_map *map);

/* The object's id. */
int fd_array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
int fd_array_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);
int fd_array_update_through(struct emu_map *map, const struct emu_handle *handle, const void *key,
			    const void *value, uint64_t flags);
/* Empties the slots that were filled through that handle. */
void fd_array_handle_gone(struct emu_map *map, const struct emu_handle *handle);
int fd_array_delete(struct emu_map *map, const void *key);

#endif
