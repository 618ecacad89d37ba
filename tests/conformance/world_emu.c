// SPDX-License-Identifier: BSD-2-Clause
/* The emulated world: programs are opaque, devices are those of the emulation. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "emu/emu.h"
#include "world.h"

#define THINGS_MAX 4096
#define DEVICES_MAX 16

static struct handle *things[THINGS_MAX];
static size_t thing_count;
static int files[THINGS_MAX]; /* numbers of emu_file_open() */
static size_t file_count;
static char devices[DEVICES_MAX][DEVICE_NAME_MAX];
static size_t device_count;

static int program_make(struct backend *backend, enum thing kind, struct handle **handle)
{
	struct emu_prog_spec spec = {
		.gpl_compatible = true, .jited = true, .type = BPF_PROG_TYPE_XDP};

	switch (kind) {
	case THING_XDP:
		break;
	case THING_XDP_DEVMAP_FRAGS:
		spec.xdp_has_frags = true;
		/* fall through */
	case THING_XDP_DEVMAP:
		spec.expected_attach_type = BPF_XDP_DEVMAP;
		break;
	case THING_XDP_CPUMAP:
		spec.expected_attach_type = BPF_XDP_CPUMAP;
		break;
	case THING_SOCKET_FILTER:
		spec.type = BPF_PROG_TYPE_SOCKET_FILTER;
		break;
	case THING_SCHED_CLS:
		spec.type = BPF_PROG_TYPE_SCHED_CLS;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return emu_prog_load(backend, &spec, handle);
}

static int small_map(struct backend *backend, uint32_t type, struct handle **handle)
{
	struct map_spec spec = MAP_SPEC_INIT;

	spec.type = type;
	spec.key_size = spec.value_size = 4;
	spec.max_entries = 8;
	return map_create(backend, &spec, handle);
}

static int thing_make(struct backend *backend, enum thing kind, struct handle **handle)
{
	switch (kind) {
	case THING_MAP_HASH:
		return small_map(backend, BPF_MAP_TYPE_HASH, handle);
	case THING_MAP_ARRAY:
		return small_map(backend, BPF_MAP_TYPE_ARRAY, handle);
	default:
		return program_make(backend, kind, handle);
	}
}

/* What a thing is as a file; false if it is none. */
static bool file_kind(enum thing kind, enum emu_file_kind *file)
{
	static const struct {
		enum thing thing;
		enum emu_file_kind file;
	} kinds[] = {
		{THING_PERF_EVENT, EMU_FILE_PERF_EVENT},
		{THING_CGROUP, EMU_FILE_CGROUP},
		{THING_TCP_LISTENING, EMU_FILE_TCP_LISTENING},
		{THING_TCP_NEW, EMU_FILE_TCP_NEW},
		{THING_UDP_BOUND, EMU_FILE_UDP_BOUND},
		{THING_UDP_NEW, EMU_FILE_UDP_NEW},
		{THING_REUSEPORT, EMU_FILE_REUSEPORT},
		{THING_XSK, EMU_FILE_XSK},
		{THING_PIDFD, EMU_FILE_TASK},
		{THING_FILE, EMU_FILE_PLAIN},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (kinds[i].thing == kind) {
			*file = kinds[i].file;
			return true;
		}
	}
	return false;
}

static int file_make(struct backend *backend, enum emu_file_kind kind, int *number)
{
	int error;

	if (file_count == THINGS_MAX)
		return -ENFILE;
	*number = -1;
	error = emu_file_open(backend, kind, number);
	if (!error)
		files[file_count++] = *number;
	return error;
}

static int make(struct world *world, enum thing kind, int *number)
{
	enum emu_file_kind file;
	struct handle *handle;
	int error;

	switch (kind) {
	case THING_CLOSED:
		*number = 1000000;
		return 0;
	case THING_STDIN:
		*number = 0; /* see lib/emu/handle.h */
		return 0;
	case THING_DEVICE:
		*number = 1; /* lo */
		return 0;
	case THING_QUEUE:
		*number = 192;
		return 0;
	default:
		break;
	}
	if (file_kind(kind, &file))
		return file_make(world->backend, file, number);
	if (thing_count == THINGS_MAX)
		return -ENFILE;
	error = thing_make(world->backend, kind, &handle);
	world->lacking = error ? thing_name(kind) : world->lacking;
	if (error)
		return error;
	things[thing_count++] = handle;
	*number = handle_fd(handle);
	return 0;
}

static int identify(struct world *world, int number, uint32_t *id)
{
	for (size_t i = 0; i < thing_count; i++)
		if (handle_fd(things[i]) == number)
			return object_id(things[i], id);
	return -EBADF;
}

static void drop(struct world *world, int number)
{
	for (size_t i = 0; i < thing_count; i++) {
		if (handle_fd(things[i]) == number) {
			handle_close(things[i]);
			things[i] = things[--thing_count];
			return;
		}
	}
	for (size_t i = 0; i < file_count; i++) {
		if (files[i] == number) {
			emu_file_close(world->backend, number);
			files[i] = files[--file_count];
			return;
		}
	}
}

static int world_device_add(struct world *world, const char *name, uint32_t *ifindex)
{
	struct device_info info;
	int error = device_count == DEVICES_MAX ? -ENFILE : device_add(world->backend, name);

	if (!error)
		error = device_find(world->backend, name, &info);
	if (error)
		return error;
	snprintf(devices[device_count++], DEVICE_NAME_MAX, "%s", name);
	*ifindex = info.ifindex;
	return 0;
}

static int world_device_remove(struct world *world, const char *name)
{
	for (size_t i = 0; i < device_count; i++) {
		if (!strcmp(devices[i], name)) {
			memmove(devices[i], devices[--device_count], DEVICE_NAME_MAX);
			break;
		}
	}
	return device_remove(world->backend, name);
}

static void tidy(struct world *world)
{
	while (thing_count)
		handle_close(things[--thing_count]);
	while (file_count)
		emu_file_close(world->backend, files[--file_count]);
	while (device_count)
		device_remove(world->backend, devices[--device_count]);
}

struct world *world_emu_open(void)
{
	static struct world world = {
		.name = "emu",
		.emulated = true,
		.make = make,
		.identify = identify,
		.drop = drop,
		.device_add = world_device_add,
		.device_remove = world_device_remove,
		.tidy = tidy,
	};
	struct fault fault = FAULT_INIT;

	if (emu_open(NULL, &world.backend, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	return &world;
}
