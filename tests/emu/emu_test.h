/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the emulated backend share. */
#ifndef EMU_TEST_H
#define EMU_TEST_H

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <bpfuse/backend.h>
#include <bpfuse/cleanup.h>
#include "emu/emu.h"

/* An empty world, closed at the end of its scope. */
static inline struct backend *world_open(void)
{
	struct backend *world;

	cr_assert_eq(emu_open(NULL, &world, NULL), 0);
	return world;
}

static inline void world_close(struct backend **world)
{
	backend_close(*world);
}

#define WORLD(name) cleanup_with(world_close) struct backend *name = world_open()
#define HANDLE(name) cleanup_with(handle_closep) struct handle *name = NULL

static inline int create(struct backend *world, uint32_t type, uint32_t key, uint32_t value,
			 uint32_t entries, uint32_t flags, struct handle **map)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = key;
	spec.value_size = value;
	spec.max_entries = entries;
	spec.map_flags = flags;
	return map_create(world, &spec, map);
}

static const struct caller root_caller = {0};

/* Numbers as keys and values. */
static inline int put(struct handle *map, uint32_t key, uint64_t value, uint64_t flags)
{
	return map_update(map, &key, &value, flags);
}

static inline int get(struct handle *map, uint32_t key, uint64_t *value)
{
	return map_lookup(map, &key, value, 0);
}

static inline int del(struct handle *map, uint32_t key)
{
	return map_delete(map, &key);
}

#endif
