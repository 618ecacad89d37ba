// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unregisters devices while threads read, write, iterate, create, pin and close maps bound to
 * them, round after round.
 *
 *   device_storm [ROUNDS]     default 300; run it for thousands under TSan and ASan
 *
 * In every round: once unregister has returned, each thread's next call must be ENODEV, no bound
 * map may have an id, and the other device must answer as if nothing had happened.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpfuse/backend.h>
#include "emu/emu.h"

#define THREADS 4
#define MAPS 3

static struct backend *world;
static struct handle *maps[MAPS], *steady;
static atomic_bool gone, stop;
static atomic_uint violations;
static pthread_barrier_t begin, end;

static void violation(const char *what, int error)
{
	fprintf(stderr, "violation: %s: %d\n", what, error);
	atomic_fetch_add(&violations, 1);
}

static int try_update(struct handle *map)
{
	uint32_t key = (uint32_t)rand() % 3;
	uint64_t value = key;

	return map_update(map, &key, &value, BPF_ANY);
}

static int try_lookup(struct handle *map)
{
	uint32_t key = (uint32_t)rand() % 3;
	uint64_t value;

	return map_lookup(map, &key, &value, 0);
}

static int try_delete(struct handle *map)
{
	uint32_t key = (uint32_t)rand() % 3;

	return map_delete(map, &key);
}

static int try_walk(struct handle *map)
{
	uint32_t key;
	int error = map_next_key(map, NULL, &key);

	for (int step = 0; !error && step < 4; step++)
		error = map_next_key(map, &key, &key);
	return error;
}

static int try_info(struct handle *map)
{
	struct map_info info;

	return map_info(map, &info);
}

static int (*const tries[])(struct handle *) = {try_update, try_lookup, try_delete, try_walk,
						try_info};

#define TRIES (sizeof(tries) / sizeof(tries[0]))

static bool is_expected(int error)
{
	return !error || error == -ENOENT || error == -E2BIG || error == -ENODEV;
}

static void *worker(void *context)
{
	unsigned turn = (unsigned)(uintptr_t)context;

	for (;;) {
		bool was_gone;
		int error;

		pthread_barrier_wait(&begin);
		if (stop)
			return NULL;
		do {
			was_gone = gone;
			turn++;
			error = tries[turn % TRIES](maps[turn % MAPS]);
			if (was_gone ? error != -ENODEV : !is_expected(error))
				violation(was_gone ? "after unregister" : "before", error);
			error = try_update(steady);
			if (error && error != -E2BIG)
				violation("the other device", error);
		} while (!was_gone);
		pthread_barrier_wait(&end);
	}
}

static int bound_map(const char *device, struct handle **map)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct device_info info;
	int error = device_find(world, device, &info);

	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = 2;
	spec.ifindex = info.ifindex;
	return error ? error : map_create(world, &spec, map);
}

static void no_orphan_has_an_id(void)
{
	uint32_t id = 0, steady_id = 0;

	object_id(steady, &steady_id);
	while (!object_next(world, OBJECT_MAP, id, &id))
		if (id != steady_id)
			violation("a dead map has an id", (int)id);
}

static void setup_round(unsigned round)
{
	struct caller caller = {0};
	int error = device_add(world, "storm0");

	if (!error && round % 3 == 1) /* two ports: the maps move before they die */
		error = device_add(world, "storm1");
	if (!error && round % 3 == 1)
		error = device_set(world, "storm1", DEVICE_ASIC, "storm0", 6, NULL);
	if (!error && round % 3 == 2) /* asleep when the device goes */
		error = device_set(world, "storm0", DEVICE_LATENCY_US, "100", 3, NULL);
	for (int i = 0; !error && i < MAPS; i++)
		error = bound_map("storm0", &maps[i]);
	if (!error)
		error = pin(maps[0], &caller, "pinned");
	if (error)
		violation("setup", error);
}

static void run_round(unsigned round)
{
	struct caller caller = {0};

	setup_round(round);
	gone = false;
	pthread_barrier_wait(&begin);
	for (unsigned i = 0; i < round % 7; i++)
		try_lookup(steady);
	device_remove(world, "storm0");
	if (round % 3 == 1)
		device_remove(world, "storm1");
	gone = true;
	no_orphan_has_an_id();
	pthread_barrier_wait(&end);
	for (int i = 0; i < MAPS; i++)
		handle_close(maps[i]);
	tree_unlink(world, &caller, "pinned");
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 300;
	pthread_t threads[THREADS];

	if (emu_open(NULL, &world, NULL) || device_add(world, "steady") ||
	    bound_map("steady", &steady))
		return 1;
	pthread_barrier_init(&begin, NULL, THREADS + 1);
	pthread_barrier_init(&end, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, worker, (void *)i);
	for (unsigned round = 0; round < rounds && !violations; round++)
		run_round(round);
	stop = true;
	pthread_barrier_wait(&begin);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	handle_close(steady);
	backend_close(world);
	printf("%u rounds, %u violations\n", rounds, violations);
	return violations ? 1 : 0;
}
