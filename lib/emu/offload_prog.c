// SPDX-License-Identifier: BSD-2-Clause
/* Programs bound to a device: bpf_prog_dev_bound_init() and bpf_offload_prog_map_match(). */
#include <errno.h>
#include "emu/offload.h"
#include "emu/prog.h"

static struct netdev_table *table_of(struct emu_prog *prog)
{
	return &prog->object.emu->netdevs;
}

/* BPF_OFFLOAD_VERIFIER_PREP, and the tie to the device. */
static int bind_to_port(struct emu_prog *prog, struct offload_port *port)
{
	struct offload_asic *asic = offload_port_asic(table_of(prog), port);
	int error = asic ? port_call(port, OFFLOAD_BIND) : -EINVAL;

	if (!error && !port_accepts(port))
		error = -EOPNOTSUPP; /* netdevsim's bpf_bind_accept */
	if (!error)
		error = offload_bind(table_of(prog), &prog->binding, port, asic, &prog->object);
	offload_asic_put(asic);
	return error;
}

int offload_prog_bind(struct emu_prog *prog)
{
	struct offload_port *port;
	int error;

	if (prog->type != BPF_PROG_TYPE_XDP && prog->type != BPF_PROG_TYPE_SCHED_CLS)
		return -EINVAL;
	error = offload_target(table_of(prog), prog->ifindex, &port);
	if (!error)
		error = bind_to_port(prog, port);
	port_put(port);
	return error;
}

void offload_prog_release(struct emu_prog *prog)
{
	offload_unbind(table_of(prog), &prog->binding);
	offload_asic_put(prog->binding.asic);
}

/* Maps that a program on a device may use though they are the host's. */
static bool is_neutral(const struct emu_map *map)
{
	return map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY; /* bpf_map_offload_neutral() */
}

/* A dead map matches nothing: its device is no device any more. */
static bool map_is_alive(struct emu_map *map, struct offload_binding *binding)
{
	struct offload_port *port = offload_port_of(&emu_of_map(map)->netdevs, binding);

	port_put(port);
	return port != NULL;
}

int offload_prog_check_map(struct emu_prog *prog, struct emu_map *map, struct fault *fault)
{
	struct offload_binding *binding = offload_map_binding(map);
	bool match;

	if (!prog->ifindex && !binding)
		return 0;
	if (!binding)
		match = is_neutral(map);
	else
		match = prog->binding.asic == binding->asic && map_is_alive(map, binding);
	if (match)
		return 0;
	return fault_set(fault, EINVAL, "offload device mismatch between prog and map");
}

int offload_prog_fill_info(struct emu_prog *prog, struct prog_info *info)
{
	if (!prog->ifindex)
		return 0;
	return offload_where(table_of(prog), &prog->binding, &info->ifindex, &info->netns_dev,
			     &info->netns_ino);
}
