// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "in_place.h"
#include "world.h"

#define OPAQUE 3

static const struct snapshot_dump_options queues = {.queues = true, .replace = true};

static void assert_difference(const char *from, const char *to, bool different)
{
	cleanup_free char *lines = world_diff(from, to);

	cr_assert_eq(*lines != '\0', different, "%s", lines);
}

/* Every map that can change has changed: the case would test nothing otherwise. */
static void assert_all_mutated(const char *from, const char *to)
{
	static const char *const paths[] = {
		"app/hash",	    "app/full",		 "app/array",  "app/percpu_hash",
		"app/percpu_array", "app/lru",		 "app/lpm",    "app/lru_percpu",
		"app/typed",	    "app/queue",	 "app/stack",  "app/inner",
		"app/hash_of_maps", "app/array_of_maps", "app/devmap", "app/cpumap",
		"app/devmap_hash",  "app/progs",	 "app/empty",
	};
	cleanup_free char *lines = world_diff(from, to);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), " %s: ", paths[i]);
		cr_assert(strstr(lines, name), "%s is as it was:\n%s", paths[i], lines);
	}
}

void in_place_refills_every_type(struct backend *backend, struct handle *prog)
{
	static const struct snapshot_restore_options strict = {.in_place = true};
	static const struct snapshot_restore_options partial = {.in_place = true, .partial = true};
	cleanup_with(handle_closep) struct handle *held = NULL;
	struct map_info before, after;
	size_t omissions;

	world_build(backend, prog);
	world_dump(backend, "first", &queues, OPAQUE);
	cr_assert_eq(pin_open(backend, "app/hash", 0, &held), 0);
	cr_assert_eq(map_info(held, &before), 0);
	world_mutate(backend);
	world_dump(backend, "second", &queues, OPAQUE);
	assert_all_mutated(scratch_path("first"), scratch_path("second"));

	/* one map is frozen: refused before anything is done */
	cr_assert_eq(world_restore(scratch_path("first"), backend, "", &strict, &omissions),
		     -EOPNOTSUPP);
	cr_assert_eq(omissions, 1 + OPAQUE);
	world_dump(backend, "refused", &queues, OPAQUE);
	assert_difference(scratch_path("second"), scratch_path("refused"), false);

	cr_assert_eq(world_restore(scratch_path("first"), backend, "", &partial, &omissions), 0);
	cr_assert_eq(omissions, 1 + OPAQUE);
	world_dump(backend, "third", &queues, OPAQUE);
	assert_difference(scratch_path("first"), scratch_path("third"), false);
	handle_close(move_ptr(held));
	cr_assert_eq(pin_open(backend, "app/hash", 0, &held), 0);
	cr_assert_eq(map_info(held, &after), 0);
	cr_assert_eq(before.id, after.id, "the map was replaced");
}
