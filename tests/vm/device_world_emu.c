// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "device_rows.h"
#include "emu/emu.h"

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "device_rows: %s: %s\n", what, strerror(-error));
	exit(1);
}

static void port_name(char name[16], unsigned id, unsigned port)
{
	if (port == 1)
		snprintf(name, 16, "d%u", id);
	else
		snprintf(name, 16, "d%up%u", id, port);
}

static void set(struct device_world *world, const char *name, enum device_attribute attribute,
		const char *text)
{
	must(device_set(world->backend, name, attribute, text, strlen(text), NULL), name);
}

static void world_port_add(struct device_world *world, unsigned id, unsigned port)
{
	char name[16], asic[16];

	port_name(name, id, port);
	snprintf(asic, sizeof(asic), "asic%u", id);
	must(device_add(world->backend, name), name);
	set(world, name, DEVICE_ASIC, asic);
}

static void world_port_remove(struct device_world *world, unsigned id, unsigned port)
{
	char name[16];

	port_name(name, id, port);
	must(device_remove(world->backend, name), name);
}

static void world_device_add(struct device_world *world, unsigned id)
{
	world_port_add(world, id, 1);
}

/* All of its ports. */
static void world_device_remove(struct device_world *world, unsigned id)
{
	for (unsigned port = 1; port < 8; port++) {
		struct device_info info;
		char name[16];

		port_name(name, id, port);
		if (!device_find(world->backend, name, &info))
			must(device_remove(world->backend, name), name);
	}
}

static void world_accept(struct device_world *world, unsigned id, bool accept)
{
	char name[16];

	port_name(name, id, 1);
	set(world, name, DEVICE_ACCEPT, accept ? "1" : "0");
}

static void world_rename(struct device_world *world, const char *from, const char *to)
{
	must(device_rename(world->backend, from, to), from);
}

static void world_move(struct device_world *world, const char *name, bool away)
{
	set(world, name, DEVICE_NETNS, away ? "away" : "init");
}

static uint32_t world_ifindex(struct device_world *world, const char *name)
{
	struct device_info info = {0};

	must(device_find(world->backend, name, &info), name);
	return info.ifindex;
}

static int world_prog_load(struct device_world *world, uint32_t type, uint32_t ifindex,
			   struct handle *map, struct handle **prog, bool *mismatch)
{
	int fd = map ? handle_fd(map) : -1;
	struct fault log = FAULT_INIT;
	const struct emu_prog_spec spec = {
		.type = type,
		.ifindex = ifindex,
		.gpl_compatible = true,
		.map_fds = &fd,
		.map_count = map ? 1 : 0,
		.log = &log,
	};
	int error = emu_prog_load(world->backend, &spec, prog);

	*mismatch = strstr(log.text, "offload device mismatch between prog and map") != NULL;
	return error;
}

struct device_world *device_world_emu(void)
{
	static struct device_world world = {
		.name = "emu",
		.device_add = world_device_add,
		.device_remove = world_device_remove,
		.port_add = world_port_add,
		.port_remove = world_port_remove,
		.accept = world_accept,
		.rename = world_rename,
		.move = world_move,
		.ifindex = world_ifindex,
		.prog_load = world_prog_load,
	};

	must(emu_open(NULL, &world.backend, NULL), "the emulation");
	return &world;
}
