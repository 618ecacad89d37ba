/* SPDX-License-Identifier: BSD-2-Clause */
/* What criterion's tests of the emulated backend share. */
#ifndef EMU_TEST_H
#define EMU_TEST_H

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include "emu_world.h"

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
