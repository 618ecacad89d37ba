// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every call of a backend that changes or makes something, failing once: whatever the moment, the
 * tree is as it was, and what the next run leaves is complete.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "world.h"

#define OPAQUE 3

/* The emulated backend's own table, and how many calls are let through before one fails. */
static const struct backend_ops *real;
static struct backend_ops failing;
static int calls_left = -1, failure;

static int fails(void)
{
	if (calls_left < 0 || calls_left-- > 0)
		return 0;
	return failure;
}

#define FAILING(name, parameters, ...)                                                             \
	static int failing_##name parameters                                                       \
	{                                                                                          \
		int error = fails();                                                               \
                                                                                                   \
		return error ? error : real->name(__VA_ARGS__);                                    \
	}

FAILING(map_create, (struct backend * b, const struct map_spec *s, struct handle **m), b, s, m)
FAILING(btf_load, (struct backend * b, const void *bytes, size_t n, struct handle **h), b, bytes, n,
	h)
FAILING(map_update, (struct handle * m, const void *k, const void *v, uint64_t f), m, k, v, f)
FAILING(map_update_batch,
	(struct handle * m, const void *k, const void *v, uint32_t *c, uint64_t f), m, k, v, c, f)
FAILING(map_lookup_batch,
	(struct handle * m, const void *i, void *o, void *k, void *v, uint32_t *c, uint64_t f), m,
	i, o, k, v, c, f)
FAILING(map_lookup_and_delete_batch,
	(struct handle * m, const void *i, void *o, void *k, void *v, uint32_t *c, uint64_t f), m,
	i, o, k, v, c, f)
FAILING(map_lookup_and_delete, (struct handle * m, const void *k, void *v, uint64_t f), m, k, v, f)
FAILING(map_delete, (struct handle * m, const void *k), m, k)
FAILING(map_freeze, (struct handle * m), m)
FAILING(pin, (struct handle * h, const struct caller *c, const char *p), h, c, p)
FAILING(tree_mkdir, (struct backend * b, const struct caller *c, const char *p, mode_t m), b, c, p,
	m)
FAILING(tree_symlink, (struct backend * b, const struct caller *c, const char *t, const char *p), b,
	c, t, p)
FAILING(tree_chmod, (struct backend * b, const struct caller *c, const char *p, mode_t m), b, c, p,
	m)
FAILING(tree_chown, (struct backend * b, const struct caller *c, const char *p, uid_t u, gid_t g),
	b, c, p, u, g)
FAILING(tree_rename,
	(struct backend * b, const struct caller *c, const char *f, const char *t, unsigned g), b,
	c, f, t, g)

static void failing_install(struct backend *backend)
{
	real = backend->ops;
	failing = *real;
	failing.map_create = failing_map_create;
	failing.btf_load = failing_btf_load;
	failing.map_update = failing_map_update;
	failing.map_update_batch = failing_map_update_batch;
	failing.map_lookup_batch = failing_map_lookup_batch;
	failing.map_lookup_and_delete_batch = failing_map_lookup_and_delete_batch;
	failing.map_lookup_and_delete = failing_map_lookup_and_delete;
	failing.map_delete = failing_map_delete;
	failing.map_freeze = failing_map_freeze;
	failing.pin = failing_pin;
	failing.tree_mkdir = failing_tree_mkdir;
	failing.tree_symlink = failing_tree_symlink;
	failing.tree_chmod = failing_tree_chmod;
	failing.tree_chown = failing_tree_chown;
	failing.tree_rename = failing_tree_rename;
	backend->ops = &failing;
}

static int restore_quietly(struct image *image, struct backend *world, bool replace, bool in_place)
{
	struct snapshot_restore_options options = {.replace = replace,
						   .in_place = in_place,
						   .as_root = true,
						   .state = scratch_path("state")};
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	int error = snapshot_restore(image, world, "", &options, &report, &fault);

	cr_assert(!error || fault.text[0], "no sentence for %d", error);
	json_decref(report);
	return error;
}

/* Every map but those that are frozen. */
static int refill_quietly(struct image *image, struct backend *world, struct fault *fault)
{
	struct snapshot_restore_options options = {
		.in_place = true, .partial = true, .as_root = true, .state = scratch_path("state")};
	snapshot_report *report = NULL;
	int error = snapshot_restore(image, world, "", &options, &report, fault);

	cr_assert(!error || fault->text[0], "no sentence for %d", error);
	json_decref(report);
	return error;
}

/* Worlds of every type are large: each third call there. */
#define STEP 3

static const int failures[] = {-ENOSPC, -EIO, -E2BIG, -ENODEV, -ENOMEM, -EPERM};

/* True: the call that was to fail was made. */
static bool failure_was_met(void)
{
	bool met = calls_left < 0;

	calls_left = -1;
	return met;
}

static void target_build(struct backend *world)
{
	world_build_plain(world, 20, 5);
	cr_assert_eq(tree_mkdir(world, &test_root, "app/kept", 0700), 0);
	cr_assert_eq(tree_symlink(world, &test_root, "x", "app/kept/link"), 0);
	failing_install(world);
}

static void assert_complete(struct backend *world)
{
	cleanup_free char *tree = world_tree(world, "");

	cr_assert(strstr(tree, "app/kept/link") && strstr(tree, "app/plain") &&
			  strstr(tree, "app/hash_of_maps"),
		  "%s", tree);
}

/* Call number 0, 1, 2, ... fails, until the restore ends before it; some can be done without. */
Test(faults, a_restore_that_fails_changes_nothing)
{
	static const struct snapshot_dump_options queues = {.queues = true};
	struct backend *from = world_empty();
	struct image *image;
	unsigned failed = 0;
	bool met = true;

	world_build(from, NULL);
	image = world_open(world_dump(from, "first", &queues, OPAQUE));
	for (int nth = 0; met; nth++) {
		struct backend *to = world_empty();
		cleanup_free char *before = NULL, *after = NULL;
		int error;

		target_build(to);
		before = world_tree(to, "");
		calls_left = nth;
		failure = failures[(size_t)nth % (sizeof(failures) / sizeof(failures[0]))];
		error = restore_quietly(image, to, false, false);
		met = failure_was_met();
		after = world_tree(to, "");
		failed += error != 0;
		if (error)
			cr_assert_str_eq(after, before, "call %d: %s", nth, after);
		else
			assert_complete(to);
		backend_close(to);
	}
	cr_assert_gt(failed, 100, "%u", failed);
	snapshot_close(image);
	backend_close(from);
}

Test(faults, a_refill_that_fails_is_undone)
{
	struct backend *world = world_empty();
	cleanup_free char *first = NULL, *second = NULL;
	struct image *image;
	bool met = true;

	world_build_plain(world, 3000, 5);
	first = strdup(world_dump(world, "first", NULL, 0));
	world_build_plain(world, 3000, 7);
	second = strdup(world_dump(world, "second", NULL, 0));
	image = world_open(first);
	failing_install(world);
	for (int nth = 0; met; nth++) {
		static const struct snapshot_dump_options again = {.replace = true};
		cleanup_free char *lines = NULL;
		int error;

		calls_left = nth;
		failure = failures[(size_t)nth % (sizeof(failures) / sizeof(failures[0]))];
		error = restore_quietly(image, world, false, true);
		met = failure_was_met();
		world_dump(world, "now", &again, 0);
		lines = world_diff(error ? second : first, scratch_path("now"));
		cr_assert_str_eq(lines, "", "call %d: %.200s", nth, lines);
		world_build_plain(world, 3000, 7);
	}
	snapshot_close(image);
	backend_close(world);
}

/*
 * References, queues and all: as before, or (the call failed behind the decision) complete but for
 * what the next run puts in.
 */
Test(faults, a_refill_of_every_type_that_fails_is_undone)
{
	static const struct snapshot_dump_options again = {.queues = true, .replace = true};
	bool met = true;
	unsigned undone = 0, decided = 0;

	for (int nth = 0; met; nth += STEP) {
		struct backend *world = world_empty();
		cleanup_with(snapshot_closep) struct image *image = NULL;
		cleanup_free char *lines = NULL;
		struct fault fault = FAULT_INIT;
		int error;

		world_build(world, NULL);
		image = world_open(world_dump(world, "first", &again, OPAQUE));
		world_mutate(world);
		world_dump(world, "second", &again, OPAQUE);
		failing_install(world);
		calls_left = nth;
		failure = failures[(size_t)nth / STEP % (sizeof(failures) / sizeof(failures[0]))];
		error = refill_quietly(image, world, &fault);
		met = failure_was_met();
		world_dump(world, "now", &again, OPAQUE);
		if (error && strstr(fault.text, "the next run")) {
			decided++;
		} else {
			undone += error != 0;
			lines = world_diff(scratch_path(error ? "second" : "first"),
					   scratch_path("now"));
			cr_assert_str_eq(lines, "", "call %d, %s: %.300s", nth, fault.text, lines);
		}
		backend_close(world);
	}
	cr_assert_gt(undone, 20, "%u", undone);
	cr_assert_gt(decided, 0);
}

/* --- a device that goes away while a map on it is filled --- */

static int updates_left;

static int update_and_lose(struct handle *m, const void *k, const void *v, uint64_t f)
{
	if (!updates_left--)
		device_remove(m->backend, "nsim0");
	return real->map_update(m, k, v, f);
}

static struct backend *device_world(void)
{
	struct backend *world = world_empty();

	cr_assert_eq(tree_mkdir(world, &test_root, "app", 0755), 0);
	cr_assert_eq(device_add(world, "nsim0"), 0);
	return world;
}

static void bound_map_build(struct backend *world)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_spec spec = MAP_SPEC_INIT;
	struct device_info device;

	cr_assert_eq(device_find(world, "nsim0", &device), 0);
	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 2;
	spec.ifindex = device.ifindex;
	cr_assert_eq(map_create(world, &spec, &map), 0);
	cr_assert_eq(pin(map, &test_root, "app/bound"), 0);
	for (uint32_t key = 0; key < 2; key++)
		cr_assert_eq(map_update(map, &key, &key, BPF_ANY), 0);
}

Test(faults, a_device_that_goes_away_changes_nothing)
{
	struct backend *from = device_world();
	struct image *image;

	bound_map_build(from);
	image = world_open(world_dump(from, "bound", NULL, 0));
	for (int nth = 0; nth < 2; nth++) {
		struct backend *to = device_world();
		cleanup_free char *before = world_tree(to, ""), *after = NULL;

		real = to->ops;
		failing = *real;
		failing.map_update = update_and_lose;
		to->ops = &failing;
		updates_left = nth;
		cr_assert_eq(restore_quietly(image, to, false, false), -ENODEV);
		after = world_tree(to, "");
		cr_assert_str_eq(after, before);
		/* back again: the next run completes it */
		updates_left = 1000;
		cr_assert_eq(device_add(to, "nsim0"), 0);
		cr_assert_eq(restore_quietly(image, to, false, false), 0);
		backend_close(to);
	}
	snapshot_close(image);
	backend_close(from);
}

/* A queue that is being read, and a drain: everything is back, in order. */
Test(faults, a_dump_that_fails_puts_everything_back)
{
	struct snapshot_dump_options options = {.queues = true, .drain = true, .replace = true};
	static const struct snapshot_source source = {"app", "app"};
	static const struct snapshot_dump_options queues = {.queues = true, .replace = true};
	struct backend *world = world_empty();
	cleanup_free char *before = NULL;
	struct image *drained;
	bool met = true;

	world_build(world, NULL);
	before = strdup(world_dump(world, "before", &queues, OPAQUE));
	drained = world_open(before);
	options.state = scratch_path("state");
	failing_install(world);
	for (int nth = 0; met; nth++) {
		cleanup_free char *target = strdup(scratch_path("target")), *lines = NULL;
		struct fault fault = FAULT_INIT;
		snapshot_report *report = NULL;
		int error;

		calls_left = nth;
		failure = failures[(size_t)nth % (sizeof(failures) / sizeof(failures[0]))];
		error = snapshot_dump(world, &source, 1, target, &options, &report, &fault);
		met = failure_was_met();
		json_decref(report);
		if (!error) /* all is out; the rest needs it back */
			cr_assert_eq(restore_quietly(drained, world, true, false), 0);
		world_dump(world, "now", &queues, OPAQUE);
		lines = world_diff(before, scratch_path("now"));
		cr_assert_str_eq(lines, "", "call %d, %s: %s", nth, fault.text, lines);
	}
	snapshot_close(drained);
	backend_close(world);
}
