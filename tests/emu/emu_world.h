/* SPDX-License-Identifier: BSD-2-Clause */
/* Worlds, handles and maps for tests of the emulated backend, those without criterion too. */
#ifndef EMU_WORLD_H
#define EMU_WORLD_H

#include <stdint.h>
#include <stdlib.h>
#include <bpfuse/backend.h>
#include <bpfuse/cleanup.h>
#include "emu/emu.h"

/* An empty world, closed at the end of its scope. */
static inline struct backend *world_open(void)
{
	struct backend *world;

	if (emu_open(NULL, &world, NULL))
		abort();
	return world;
}

static inline void world_close(struct backend **world)
{
	backend_close(*world);
}

#define WORLD(name) cleanup_with(world_close) struct backend *name = world_open()
#define HANDLE(name) cleanup_with(handle_closep) struct handle *name = NULL

static inline struct map_spec spec_of(uint32_t type, uint32_t key, uint32_t value, uint32_t entries,
				      uint32_t flags)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = key;
	spec.value_size = value;
	spec.max_entries = entries;
	spec.map_flags = flags;
	return spec;
}

static inline int create(struct backend *world, uint32_t type, uint32_t key, uint32_t value,
			 uint32_t entries, uint32_t flags, struct handle **map)
{
	struct map_spec spec = spec_of(type, key, value, entries, flags);

	return map_create(world, &spec, map);
}

#endif
