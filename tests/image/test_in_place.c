// SPDX-License-Identifier: BSD-2-Clause
/* restore --in-place on the emulated backend. */
#include <errno.h>
#include <linux/bpf.h>
#include "in_place.h"
#include "world.h"

Test(in_place, reaches_holders_of_the_map)
{
	static const struct snapshot_restore_options in_place = {.in_place = true};
	WORLD(world);
	cleanup_with(handle_closep) struct handle *held = NULL;
	uint32_t key = 5;
	uint64_t value = 99;

	world_build_plain(world, 10, 2);
	world_dump(world, "old", NULL, 0);
	cr_assert_eq(pin_open(world, "app/plain", 0, &held), 0);
	cr_assert_eq(map_update(held, &key, &value, BPF_ANY), 0);
	key = 6;
	cr_assert_eq(map_delete(held, &key), 0);
	cr_assert_eq(world_restore(scratch_path("old"), world, "", &in_place, NULL), 0);
	cr_assert_eq(map_lookup(held, &key, &value, 0), 0);
	cr_assert_eq(value, 12);
	key = 5;
	cr_assert_eq(map_lookup(held, &key, &value, 0), 0);
	cr_assert_eq(value, 10);
}

Test(in_place, refills_every_type)
{
	WORLD(world);
	cleanup_with(handle_closep) struct handle *prog = world_tail_program(world);

	in_place_refills_every_type(world, prog);
}

/* Frozen in the snapshot, not here: it is refilled and then frozen, but not if that fails. */
Test(in_place, freezes_last)
{
	static const struct snapshot_restore_options in_place = {.in_place = true};
	WORLD(from);
	WORLD(to);
	cleanup_with(handle_closep) struct handle *map = NULL;
	cleanup_with(handle_closep) struct handle *here = NULL;
	struct map_state state;
	uint64_t value;

	world_build_plain(from, 10, 2);
	world_build_plain(to, 10, 3);
	cr_assert_eq(pin_open(from, "app/plain", 0, &map), 0);
	cr_assert_eq(map_freeze(map), 0);
	world_dump(from, "frozen", NULL, 0);
	cr_assert_eq(pin_open(to, "app/plain", 0, &here), 0);
	cr_assert_eq(world_restore(scratch_path("frozen"), to, "", &in_place, NULL), 0);
	cr_assert_eq(world_plain(to, "app/plain", 4, &value), 0);
	cr_assert_eq(value, 8);
	cr_assert_eq(map_state(here, &state), 0);
	cr_assert(state.frozen);
	/* a frozen map is refused with its reason */
	cr_assert_eq(world_restore(scratch_path("frozen"), to, "", &in_place, NULL), -EOPNOTSUPP);
}

Test(in_place, takes_other_cpus_by_the_rule)
{
	struct snapshot_restore_options options = {.in_place = true};
	WORLD(from);
	WORLD(to);
	uint64_t values[64] = {1, 2, 3, 4};
	uint32_t key = 0;

	from->possible_cpus = 4;
	to->possible_cpus = 2;
	for (int i = 0; i < 2; i++) {
		struct backend *world = i ? to : from;
		cleanup_with(handle_closep) struct handle *map = NULL;
		struct map_spec spec = MAP_SPEC_INIT;

		spec.type = BPF_MAP_TYPE_PERCPU_HASH;
		spec.key_size = spec.max_entries = 4;
		spec.value_size = 8;
		cr_assert_eq(tree_mkdir(world, &test_root, "app", 0755), 0);
		cr_assert_eq(map_create(world, &spec, &map), 0);
		cr_assert_eq(pin(map, &test_root, "app/plain"), 0);
		key = (uint32_t)i;
		cr_assert_eq(map_update(map, &key, values, BPF_ANY), 0);
	}
	world_dump(from, "cpus", NULL, 0);
	cr_assert_eq(world_restore(scratch_path("cpus"), to, "", &options, NULL), -EOPNOTSUPP);
	options.cpus = SNAPSHOT_CPUS_SUM;
	cr_assert_eq(world_restore(scratch_path("cpus"), to, "", &options, NULL), 0);
	cr_assert_eq(world_plain(to, "app/plain", 0, values), 0);
	cr_assert_eq(values[0], 10);
	cr_assert_eq(values[1], 0);
	cr_assert_eq(world_plain(to, "app/plain", 1, values), -ENOENT);
}
