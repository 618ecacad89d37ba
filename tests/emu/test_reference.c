// SPDX-License-Identifier: BSD-2-Clause
/* Who keeps whom alive: maps in maps, programs in maps, sockets that close, devices that go. */
#include <string.h>
#include "emu_test.h"

static uint32_t id_of(struct handle *handle)
{
	uint32_t id;

	cr_assert_eq(object_id(handle, &id), 0);
	return id;
}

static bool is_alive(struct backend *world, enum object_kind kind, uint32_t id)
{
	HANDLE(handle);

	return object_open(world, kind, id, 0, &handle) == 0;
}

static void load_prog(struct backend *world, uint32_t type, uint32_t attach_type,
		      struct handle *map, struct handle **prog)
{
	int fd = map ? handle_fd(map) : -1;
	const struct emu_prog_spec spec = {
		.type = type,
		.expected_attach_type = attach_type,
		.jited = true,
		.map_fds = &fd,
		.map_count = map ? 1 : 0,
	};

	cr_assert_eq(emu_prog_load(world, &spec, prog), 0);
}

static int put_fd(struct handle *map, uint32_t key, int fd)
{
	return map_update(map, &key, &fd, 0);
}

Test(reference, a_prog_array_empties_with_its_last_user)
{
	WORLD(world);
	HANDLE(array);
	HANDLE(user);
	HANDLE(target);
	uint32_t array_id, target_id, id, key = 1;

	cr_assert_eq(create(world, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, &array), 0);
	load_prog(world, BPF_PROG_TYPE_XDP, 0, array, &user);
	load_prog(world, BPF_PROG_TYPE_XDP, 0, NULL, &target);
	cr_assert_eq(put_fd(array, 1, handle_fd(target)), 0);
	array_id = id_of(array);
	target_id = id_of(target);
	handle_close(target);
	target = NULL;
	cr_assert(is_alive(world, OBJECT_PROG, target_id));
	cr_assert_eq(map_lookup(array, &key, &id, 0), 0);
	cr_assert_eq(id, target_id);
	handle_close(array);
	array = NULL;
	cr_assert(!is_alive(world, OBJECT_PROG, target_id), "held by nothing but the array");
	cr_assert_eq(object_open(world, OBJECT_MAP, array_id, 0, &array), 0,
		     "the program holds the array");
	cr_assert_eq(map_lookup(array, &key, &id, 0), -ENOENT);
}

Test(reference, programs_of_a_prog_array_are_alike)
{
	WORLD(world);
	HANDLE(array);
	HANDLE(xdp);
	HANDLE(filter);
	struct map_state state;
	uint32_t key = 0;

	cr_assert_eq(create(world, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, &array), 0);
	load_prog(world, BPF_PROG_TYPE_XDP, 0, NULL, &xdp);
	load_prog(world, BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL, &filter);
	cr_assert_eq(put_fd(array, 0, handle_fd(array)), -EINVAL);
	cr_assert_eq(put_fd(array, 0, 999), -EBADF);
	cr_assert_eq(put_fd(array, 0, handle_fd(xdp)), 0);
	cr_assert_eq(put_fd(array, 1, handle_fd(filter)), -EINVAL);
	cr_assert_eq(map_delete(array, &key), 0);
	cr_assert_eq(put_fd(array, 1, handle_fd(filter)), -EINVAL, "the owner stays");
	cr_assert_eq(map_state(array, &state), 0);
	cr_assert(state.owned);
	cr_assert_eq(state.owner_prog_type, BPF_PROG_TYPE_XDP);
}

Test(reference, an_inner_map_lives_in_the_outer)
{
	WORLD(world);
	HANDLE(inner);
	HANDLE(outer);
	struct map_spec spec = MAP_SPEC_INIT;
	uint32_t inner_id, id, key = 0;

	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 4, 8, 4, 0, &inner), 0);
	spec.type = BPF_MAP_TYPE_HASH_OF_MAPS;
	spec.key_size = spec.value_size = spec.max_entries = 4;
	spec.inner_map_fd = handle_fd(inner);
	cr_assert_eq(map_create(world, &spec, &outer), 0);
	cr_assert_eq(put_fd(outer, 0, handle_fd(inner)), 0);
	inner_id = id_of(inner);
	handle_close(inner);
	inner = NULL;
	cr_assert_eq(map_lookup(outer, &key, &id, 0), 0);
	cr_assert_eq(id, inner_id);
	cr_assert(is_alive(world, OBJECT_MAP, inner_id));
	cr_assert_eq(create(world, BPF_MAP_TYPE_HASH, 8, 8, 4, 0, &inner), 0);
	cr_assert_eq(put_fd(outer, 0, handle_fd(inner)), -EINVAL, "not like the template");
	cr_assert_eq(map_delete(outer, &key), 0);
	cr_assert(!is_alive(world, OBJECT_MAP, inner_id));
}

Test(reference, a_chain_of_any_length_is_freed)
{
	WORLD(world);
	HANDLE(previous);
	struct handle *array, *prog;

	for (int i = 0; i < 100000; i++) {
		cr_assert_eq(create(world, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0, &array), 0);
		if (previous)
			cr_assert_eq(put_fd(array, 0, handle_fd(previous)), 0);
		load_prog(world, BPF_PROG_TYPE_XDP, 0, array, &prog);
		handle_close(previous);
		cr_assert_eq(pin(array, &root_caller, "keep"), 0);
		handle_close(array);
		cr_assert_eq(tree_unlink(world, &root_caller, "keep"), 0);
		previous = prog;
	}
}

Test(reference, closed_sockets_leave_their_maps)
{
	WORLD(world);
	HANDLE(hash);
	HANDLE(storage);
	uint32_t key = 7, next;
	uint64_t fd, cookie;
	int first = -1, second = -1;

	cr_assert_eq(create(world, BPF_MAP_TYPE_SOCKHASH, 4, 8, 1, 0, &hash), 0);
	cr_assert_eq(emu_file_open(world, EMU_FILE_UDP_BOUND, &first), 0);
	cr_assert_eq(emu_file_open(world, EMU_FILE_TCP_NEW, &second), 0);
	fd = (uint64_t)second;
	cr_assert_eq(put(hash, key, fd, 0), -EOPNOTSUPP);
	fd = (uint64_t)first;
	cr_assert_eq(put(hash, key, fd, 0), 0);
	cr_assert_eq(get(hash, key, &cookie), 0);
	cr_assert_neq(cookie, 0);
	cr_assert_eq(put(hash, 8, fd, 0), -E2BIG);
	cr_assert_eq(emu_file_close(world, first), 0);
	cr_assert_eq(emu_file_close(world, first), -EBADF);
	cr_assert_eq(get(hash, key, &cookie), -ENOENT);
	cr_assert_eq(map_next_key(hash, NULL, &next), -ENOENT);
	cr_assert_eq(put(hash, 8, fd, 0), -EBADF);
}

Test(reference, perf_events_go_with_the_handle_they_came_through)
{
	WORLD(world);
	HANDLE(array);
	HANDLE(again);
	uint32_t key = 0, other = 1;
	int event = -1;

	cr_assert_eq(create(world, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0, &array), 0);
	cr_assert_eq(object_open(world, OBJECT_MAP, id_of(array), 0, &again), 0);
	cr_assert_eq(emu_file_open(world, EMU_FILE_PERF_EVENT, &event), 0);
	cr_assert_eq(put_fd(array, 0, event), 0);
	cr_assert_eq(put_fd(again, 1, event), 0);
	handle_close(again);
	again = NULL;
	cr_assert_eq(map_delete(array, &other), -ENOENT);
	cr_assert_eq(map_delete(array, &key), 0);
}

Test(reference, devmap_entries_go_with_their_device)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH};
	struct bpf_devmap_val value = {0};
	struct device_info device;
	WORLD(world);
	HANDLE(prog);
	uint32_t prog_id;

	load_prog(world, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, NULL, &prog);
	prog_id = id_of(prog);
	for (size_t i = 0; i < 2; i++) {
		HANDLE(map);
		uint32_t key = 3, next;

		cr_assert_eq(create(world, types[i], 4, 8, 4, 0, &map), 0);
		cr_assert_eq(device_add(world, "nsim0"), 0);
		cr_assert_eq(device_find(world, "nsim0", &device), 0);
		value.ifindex = device.ifindex + 1000;
		cr_assert_eq(map_update(map, &key, &value, 0), -EINVAL);
		value.ifindex = device.ifindex;
		value.bpf_prog.fd = handle_fd(prog);
		cr_assert_eq(map_update(map, &key, &value, 0), 0);
		memset(&value, 0, sizeof(value));
		cr_assert_eq(map_lookup(map, &key, &value, 0), 0);
		cr_assert_eq(value.ifindex, device.ifindex);
		cr_assert_eq(value.bpf_prog.id, prog_id);
		cr_assert_eq(device_remove(world, "nsim0"), 0);
		cr_assert_eq(map_lookup(map, &key, &value, 0), -ENOENT);
		if (types[i] == BPF_MAP_TYPE_DEVMAP_HASH)
			cr_assert_eq(map_next_key(map, NULL, &next), -ENOENT);
	}
}
