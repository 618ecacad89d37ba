// SPDX-License-Identifier: BSD-2-Clause
/* Maps whose values are other objects: map-in-map, prog_array, sockets; and objects as such. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "cases.h"

static uint32_t id_of(struct handle *handle)
{
	uint32_t id = 0;

	object_id(handle, &id);
	return id;
}

static int outer_try(struct check *check, uint32_t type, struct handle *inner,
		     struct handle **outer)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 4;
	spec.inner_map_fd = handle_fd(inner);
	return map_create(check->world->backend, &spec, outer);
}

static struct handle *outer_create(struct check *check, uint32_t type, struct handle *inner)
{
	struct handle *outer = NULL;

	EXPECT(outer_try(check, type, inner, &outer), 0);
	if (!outer)
		longjmp(check->give_up, 1);
	return outer;
}

/* True if a map of this id can be opened. */
static bool map_lives(struct check *check, uint32_t id)
{
	struct handle *map = NULL;
	int error = object_open(check->world->backend, OBJECT_MAP, id, 0, &map);

	handle_close(map);
	return !error;
}

/* Objects go a moment after their last reference (RCU, work queues). */
static bool map_goes(struct check *check, uint32_t id)
{
	for (int i = 0; i < 200 && map_lives(check, id); i++)
		usleep(10000);
	return !map_lives(check, id);
}

static void inner_maps(struct check *check, uint32_t type)
{
	struct handle *inner = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 8, 0);
	struct handle *other = make_map(check, BPF_MAP_TYPE_HASH, 4, 8, 8, 0);
	struct handle *larger = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 80, 0);
	struct handle *outer = outer_create(check, type, inner);
	uint32_t id = id_of(larger);

	EXPECT(put(outer, 1, (uint32_t)handle_fd(inner), BPF_ANY), 0);
	EXPECT(get(outer, 1), id_of(inner));
	EXPECT(put(outer, 1, (uint32_t)handle_fd(other), BPF_ANY), -EINVAL);
	EXPECT(put(outer, 1, (uint32_t)make_thing(check, THING_CLOSED), BPF_ANY), -EBADF);
	EXPECT(put(outer, 1, (uint32_t)make_thing(check, THING_XDP), BPF_ANY), -EINVAL);
	EXPECT(get(outer, 1), id_of(inner));
	EXPECT(put(outer, 1, (uint32_t)handle_fd(larger), BPF_ANY), 0);
	handle_close(larger);
	EXPECT(map_lives(check, id), true);
	EXPECT(get(outer, 1), id);
	EXPECT(drop(outer, 1), 0);
	EXPECT(map_goes(check, id), true);
	EXPECT(get(outer, 1), -ENOENT);
	handle_close(inner);
	handle_close(other);
	handle_close(outer);
}

static void array_inner(struct check *check)
{
	inner_maps(check, BPF_MAP_TYPE_ARRAY_OF_MAPS);
}

static void hash_inner(struct check *check)
{
	inner_maps(check, BPF_MAP_TYPE_HASH_OF_MAPS);
}

static void inner_arrays(struct check *check)
{
	struct handle *four = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0);
	struct handle *five = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 5, 0);
	struct handle *loose = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_INNER_MAP);
	struct handle *loose_five = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 5, BPF_F_INNER_MAP);
	struct handle *strict_outer = outer_create(check, BPF_MAP_TYPE_ARRAY_OF_MAPS, four);
	struct handle *loose_outer = outer_create(check, BPF_MAP_TYPE_HASH_OF_MAPS, loose);

	EXPECT(put(strict_outer, 0, (uint32_t)handle_fd(four), BPF_ANY), 0);
	EXPECT(put(strict_outer, 0, (uint32_t)handle_fd(five), BPF_ANY), -EINVAL);
	EXPECT(put(strict_outer, 0, (uint32_t)handle_fd(loose), BPF_ANY), -EINVAL);
	EXPECT(put(loose_outer, 0, (uint32_t)handle_fd(loose_five), BPF_ANY), 0);
	EXPECT(put(loose_outer, 0, (uint32_t)handle_fd(five), BPF_ANY), -EINVAL);
	handle_close(four);
	handle_close(five);
	handle_close(loose);
	handle_close(loose_five);
	handle_close(strict_outer);
	handle_close(loose_outer);
}

static void inner_refused(struct check *check)
{
	struct handle *inner = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 4, 0);
	struct handle *progs = make_map(check, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	struct handle *outer = outer_create(check, BPF_MAP_TYPE_ARRAY_OF_MAPS, inner);
	struct handle *nested = NULL;

	EXPECT(outer_try(check, BPF_MAP_TYPE_HASH_OF_MAPS, outer, &nested), -EINVAL);
	EXPECT(outer_try(check, BPF_MAP_TYPE_HASH_OF_MAPS, progs, &nested), -ENOTSUPP);
	handle_close(inner);
	handle_close(progs);
	handle_close(outer);
}

static void prog_array_owner(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	int filter = make_thing(check, THING_SOCKET_FILTER);
	int other = make_thing(check, THING_SOCKET_FILTER);
	int cls = make_thing(check, THING_SCHED_CLS);
	struct map_state state;
	long long id;

	EXPECT(map_state(map, &state), 0);
	EXPECT(state.owned, false);
	EXPECT(put(map, 0, 0, BPF_ANY), -EINVAL);
	EXPECT(put(map, 0, (uint32_t)handle_fd(map), BPF_ANY), -EINVAL);
	EXPECT(put(map, 0, (uint32_t)make_thing(check, THING_CLOSED), BPF_ANY), -EBADF);
	EXPECT(put(map, 0, (uint32_t)filter, BPF_ANY), 0);
	id = get(map, 0);
	EXPECT(id > 0, true);
	EXPECT(put(map, 1, (uint32_t)cls, BPF_ANY), -EINVAL);
	EXPECT(drop(map, 0), 0);
	EXPECT(put(map, 1, (uint32_t)cls, BPF_ANY), -EINVAL);
	EXPECT(put(map, 1, (uint32_t)other, BPF_ANY), 0);
	EXPECT(get(map, 0), -ENOENT);
	EXPECT(map_state(map, &state), 0);
	EXPECT(state.owned, true);
	EXPECT(state.owner_prog_type, BPF_PROG_TYPE_SOCKET_FILTER);
	handle_close(map);
}

static void prog_stays(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0), *prog = NULL;
	int filter = make_thing(check, THING_SOCKET_FILTER);
	long long id;

	EXPECT(put(map, 2, (uint32_t)filter, BPF_ANY), 0);
	id = get(map, 2);
	drop_thing(check, filter);
	EXPECT(get(map, 2), id);
	EXPECT(object_open(check->world->backend, OBJECT_PROG, (uint32_t)id, 0, &prog), 0);
	handle_close(prog);
	handle_close(map);
}

/* prog_array_map_clear(), when neither a descriptor nor a pin is left */
static void prog_array_clears(struct check *check)
{
	static const struct caller root = {0};
	struct handle *map = make_map(check, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	struct handle *again = NULL;
	int filter = make_thing(check, THING_SOCKET_FILTER);
	struct backend *backend = check->world->backend;

	EXPECT(put(map, 0, (uint32_t)filter, BPF_ANY), 0);
	EXPECT(pin(map, &root, "progs"), 0);
	handle_close(map);
	EXPECT(pin_open(backend, "progs", 0, &again), 0);
	EXPECT(get(again, 0) > 0, true);
	EXPECT(tree_unlink(backend, &root, "progs"), 0);
	EXPECT(get(again, 0) > 0, true);
	handle_close(again);
}

static void sockets(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_SOCKMAP, 4, 8, 4, 0);
	int bound = make_thing(check, THING_UDP_BOUND);

	if (!check->missing) {
		EXPECT(put(map, 0, (uint32_t)bound, BPF_ANY), 0);
		EXPECT(put(map, 1, (uint32_t)make_thing(check, THING_TCP_LISTENING), BPF_ANY), 0);
		EXPECT(put(map, 2, (uint32_t)make_thing(check, THING_TCP_NEW), BPF_ANY),
		       -EOPNOTSUPP);
		EXPECT(put(map, 2, (uint32_t)make_thing(check, THING_UDP_NEW), BPF_ANY),
		       -EOPNOTSUPP);
		EXPECT(put(map, 2, (uint32_t)make_thing(check, THING_STDIN), BPF_ANY), -ENOTSOCK);
		EXPECT(put(map, 2, (uint32_t)make_thing(check, THING_CLOSED), BPF_ANY), -EBADF);
		EXPECT(get(map, 0) > 0, true);
		drop_thing(check, bound);
		EXPECT(get(map, 0), -ENOENT);
	}
	handle_close(map);
}

const struct test_case reference_cases[] = {
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, "inner maps by id, kept alive", array_inner},
	{BPF_MAP_TYPE_HASH_OF_MAPS, "inner maps by id, kept alive", hash_inner},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, "max_entries of inner arrays", inner_arrays},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, "what cannot be inside", inner_refused},
	{BPF_MAP_TYPE_PROG_ARRAY, "the first program decides the type", prog_array_owner},
	{BPF_MAP_TYPE_PROG_ARRAY, "programs stay alive", prog_stays},
	{BPF_MAP_TYPE_PROG_ARRAY, "a pin keeps the programs", prog_array_clears},
	{BPF_MAP_TYPE_SOCKMAP, "which sockets go in, and leave", sockets},
	{0},
};

/* --- handles, freezing, pins, ids --- */

static void pin_gives_all(struct check *check)
{
	static const struct caller root = {0};
	struct backend *backend = check->world->backend;
	struct handle *reader = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_RDONLY);
	struct handle *handle = NULL;
	struct map_info info;

	EXPECT(put(reader, 1, 1, BPF_ANY), -EPERM);
	EXPECT(map_info(reader, &info), 0);
	EXPECT(info.map_flags, 0);
	EXPECT(pin(reader, &root, "m"), 0);
	EXPECT(pin_open(backend, "m", BPF_F_RDONLY, &handle), 0);
	EXPECT(put(handle, 1, 1, BPF_ANY), -EPERM);
	handle_close(handle);
	EXPECT(pin_open(backend, "m", BPF_F_WRONLY, &handle), 0);
	EXPECT(put(handle, 1, 1, BPF_ANY), 0);
	EXPECT(get(handle, 1), -EPERM);
	handle_close(handle);
	EXPECT(pin_open(backend, "m", BPF_F_RDONLY | BPF_F_WRONLY, &handle), -EINVAL);
	EXPECT(pin_open(backend, "m", 1, &handle), -EINVAL);
	EXPECT(pin_open(backend, "m", 0, &handle), 0);
	EXPECT(put(handle, 1, 2, BPF_ANY), 0);
	EXPECT(tree_unlink(backend, &root, "m"), 0);
	EXPECT(pin_open(backend, "m", 0, &handle), -ENOENT);
	EXPECT(get(reader, 1), 2);
	handle_close(handle);
	handle_close(reader);
}

static void frozen_everywhere(struct check *check)
{
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 4, 0), *other = NULL;
	uint32_t key = 1, value, count = 1;

	EXPECT(put(map, 1, 5, BPF_ANY), 0);
	EXPECT(object_open(check->world->backend, OBJECT_MAP, id_of(map), 0, &other), 0);
	EXPECT(map_freeze(other), 0);
	EXPECT(put(map, 1, 6, BPF_ANY), -EPERM);
	EXPECT(drop(map, 1), -EPERM);
	EXPECT(map_lookup_and_delete(other, &key, &value, 0), -EPERM);
	EXPECT(map_update_batch(map, &key, &value, &count, 0), -EPERM);
	EXPECT(get(map, 1), 5);
	EXPECT(first_key(other), 1);
	handle_close(map);
	handle_close(other);
}

static void ids(struct check *check)
{
	struct backend *backend = check->world->backend;
	struct handle *map = make_map(check, BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0), *again = NULL;
	uint32_t id = id_of(map), next = 0;

	EXPECT(object_next(backend, OBJECT_MAP, id - 1, &next), 0);
	EXPECT(next, id);
	EXPECT(object_next(backend, OBJECT_MAP, 0x7fffffff, &next), -EINVAL);
	EXPECT(object_next(backend, OBJECT_MAP, 0x7ffffffe, &next), -ENOENT);
	EXPECT(object_open(backend, OBJECT_MAP, 0, 0, &again), -ENOENT);
	EXPECT(object_open(backend, OBJECT_MAP, id, BPF_F_RDONLY | BPF_F_WRONLY, &again), -EINVAL);
	EXPECT(object_open(backend, OBJECT_MAP, id, 1, &again), -EINVAL);
	EXPECT(object_open(backend, OBJECT_MAP, id, 0, &again), 0);
	handle_close(map);
	EXPECT(map_lives(check, id), true);
	handle_close(again);
	EXPECT(map_goes(check, id), true);
}

static void wrong_pins(struct check *check)
{
	static const struct caller root = {0};
	struct backend *backend = check->world->backend;
	struct handle *map = make_map(check, BPF_MAP_TYPE_HASH, 4, 4, 4, 0), *handle = NULL;

	EXPECT(pin(map, &root, "no/where"), -ENOENT);
	EXPECT(pin(map, &root, "dotted.name"), -EPERM);
	EXPECT(tree_mkdir(backend, &root, "d", 0755), 0);
	EXPECT(pin(map, &root, "d"), -EEXIST);
	EXPECT(pin_open(backend, "d", 0, &handle), -EACCES);
	EXPECT(pin(map, &root, "d/one"), 0);
	EXPECT(pin(map, &root, "d/one"), -EEXIST);
	EXPECT(pin(map, &root, "d/two"), 0);
	EXPECT(pin(map, &root, "d/one/below"), -ENOTDIR);
	EXPECT(tree_rmdir(backend, &root, "d"), -ENOTEMPTY);
	EXPECT(tree_unlink(backend, &root, "d/one"), 0);
	EXPECT(tree_unlink(backend, &root, "d/two"), 0);
	EXPECT(tree_rmdir(backend, &root, "d"), 0);
	handle_close(map);
}

const struct test_case object_cases[] = {
	{BPF_MAP_TYPE_HASH, "a pin gives more than the handle pinned", pin_gives_all},
	{BPF_MAP_TYPE_HASH, "frozen through every handle", frozen_everywhere},
	{BPF_MAP_TYPE_HASH, "where pins cannot be", wrong_pins},
	{BPF_MAP_TYPE_ARRAY, "ids are given and taken back", ids},
	{0},
};
