// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "emu/device.h"
#include "emu/emu.h"
#include "emu/file.h"
#include "emu/link.h"
#include "emu/map.h"
#include "emu/offload.h"
#include "emu/prog.h"
#include "emu/scenario.h"
#include "emu/state.h"
#include "emu/stream.h"
#include "emu/struct_ops.h"
#include "emu/xdp.h"

#define CPUS_MAX_DEFAULT 8192 /* what distributions build their kernels with */

bool emu_capable(struct emu *emu, unsigned capabilities)
{
	return emu->capabilities & (capabilities | EMU_CAP_SYS_ADMIN);
}

void emu_set_capabilities(struct backend *backend, unsigned capabilities)
{
	emu_of(backend)->capabilities = capabilities;
}

int emu_reserve(struct emu *emu, uint64_t bytes)
{
	if (atomic_fetch_add(&emu->memory_reserved, bytes) + bytes <= emu->memory_limit)
		return 0;
	emu_unreserve(emu, bytes);
	return -ENOMEM;
}

void emu_unreserve(struct emu *emu, uint64_t bytes)
{
	atomic_fetch_sub(&emu->memory_reserved, bytes);
}

/* Holders are processes, and no process but this one has handles of this backend. */
static int emu_object_holders(struct handle *handle, struct holder **holders, size_t *count)
{
	*holders = NULL;
	*count = 0;
	return 0;
}

/* Programs of the emulation never run, so the switch changes no count; it reads as it was set. */
static int emu_stats_enable(struct backend *backend, bool enable)
{
	if (!emu_capable(emu_of(backend), EMU_CAP_SYS_ADMIN))
		return -EPERM;
	emu_of(backend)->stats_enabled = enable;
	return 0;
}

static int emu_stats_enabled(struct backend *backend, bool *enabled)
{
	*enabled = emu_of(backend)->stats_enabled;
	return 0;
}

/* The emulated world has no sockets. */
static int emu_socket_list(struct backend *backend, struct socket_info **sockets, size_t *count)
{
	*sockets = NULL;
	*count = 0;
	return 0;
}

/* bpf_map_get_fd_by_id() and its sisters */
static int emu_object_open(struct backend *backend, enum object_kind kind, uint32_t id,
			   uint32_t open_flags, struct handle **handle)
{
	struct emu *emu = emu_of(backend);
	struct emu_object *object;
	unsigned mode = HANDLE_READ | HANDLE_WRITE;

	if (open_flags & ~(kind == OBJECT_MAP ? HANDLE_FLAGS : 0))
		return -EINVAL;
	if (!emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	if (handle_mode_from_flags(open_flags, &mode))
		return -EINVAL;
	object = id_table_get(&emu->ids[kind], id);
	return object ? handle_new(object, mode, handle) : -ENOENT;
}

/* bpf_obj_get_next_id() */
static int emu_object_next(struct backend *backend, enum object_kind kind, uint32_t after,
			   uint32_t *id)
{
	struct emu *emu = emu_of(backend);

	if (after >= INT_MAX)
		return -EINVAL;
	if (!emu_capable(emu, EMU_CAP_SYS_ADMIN))
		return -EPERM;
	*id = id_table_next(&emu->ids[kind], after);
	return *id ? 0 : -ENOENT;
}

static void emu_close(struct backend *backend)
{
	struct emu *emu = emu_of(backend);

	files_close_all(emu);
	tree_destroy(&emu->tree);
	offload_unregister_all(&emu->netdevs);
	xdp_detach_all(&emu->netdevs);
	fd_table_destroy(&emu->fds);
	netdev_table_destroy(&emu->netdevs);
	for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
		id_table_destroy(&emu->ids[kind]);
	while (emu->struct_ops) {
		struct struct_ops_type *type = emu->struct_ops;

		emu->struct_ops = type->next;
		free(type);
	}
	free(emu);
}

static const struct backend_ops emu_ops = {
	.name = "emu",
	.close = emu_close,
	.map_create = emu_map_create,
	.object_open = emu_object_open,
	.object_next = emu_object_next,
	.handle_close = emu_handle_close,
	.map_info = emu_map_info,
	.map_state = emu_map_state,
	.prog_info = emu_prog_info,
	.prog_xlated = emu_prog_xlated,
	.link_info = emu_link_info,
	.link_detach = emu_link_detach,
	.btf_load = emu_btf_load,
	.btf_bytes = emu_btf_bytes,
	.object_holders = emu_object_holders,
	.map_lookup = emu_map_lookup,
	.map_update = emu_map_update,
	.map_delete = emu_map_delete,
	.map_next_key = emu_map_next_key,
	.map_lookup_and_delete = emu_map_lookup_and_delete,
	.map_lookup_batch = emu_map_lookup_batch,
	.map_lookup_and_delete_batch = emu_map_lookup_and_delete_batch,
	.map_update_batch = emu_map_update_batch,
	.map_delete_batch = emu_map_delete_batch,
	.map_freeze = emu_map_freeze,
	.device_list = emu_device_list,
	.device_find = emu_device_find,
	.device_by_ifindex = emu_device_by_ifindex,
	.device_add = emu_device_add,
	.device_remove = emu_device_remove,
	.device_rename = emu_device_rename,
	.device_get = emu_device_get,
	.device_set = emu_device_set,
	.stream_open = emu_stream_open,
	.stream_poll_fd = emu_stream_poll_fd,
	.stream_read = emu_stream_read,
	.stream_close = emu_stream_close,
	.stream_push = emu_stream_push,
	.xdp_info = emu_xdp_info,
	.xdp_attach = emu_xdp_attach,
	.stats_enable = emu_stats_enable,
	.stats_enabled = emu_stats_enabled,
	.socket_list = emu_socket_list,
	.tree_stat = emu_tree_stat,
	.tree_list = emu_tree_list,
	.tree_readlink = emu_tree_readlink,
	.tree_mkdir = emu_tree_mkdir,
	.tree_symlink = emu_tree_symlink,
	.tree_rmdir = emu_tree_rmdir,
	.tree_unlink = emu_tree_unlink,
	.tree_rename = emu_tree_rename,
	.tree_chmod = emu_tree_chmod,
	.tree_chown = emu_tree_chown,
	.tree_utimens = emu_tree_utimens,
	.tree_statfs = emu_tree_statfs,
	.pin = emu_pin,
	.pin_open = emu_pin_open,
};

static unsigned machine_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus > 0 ? (unsigned)cpus : 1;
}

/* NR_CPUS of this machine's kernel, so that cpumap ends where the kernel's does. */
static unsigned machine_cpus_max(void)
{
	cleanup_fclose FILE *file = fopen("/sys/devices/system/cpu/kernel_max", "re");
	unsigned last;

	return file && fscanf(file, "%u", &last) == 1 ? last + 1 : CPUS_MAX_DEFAULT;
}

int emu_open(const char *scenario_path, struct backend **backend, struct fault *fault)
{
	struct emu *emu = calloc(1, sizeof(*emu));
	int error = emu ? netdev_table_init(&emu->netdevs) : -ENOMEM;

	if (error) {
		free(emu);
		return fault_set(fault, -error, "no memory for an emulated backend");
	}
	emu->backend.ops = &emu_ops;
	emu->backend.possible_cpus = machine_cpus();
	emu->capabilities = EMU_CAP_ALL;
	emu->cpus_max = machine_cpus_max();
	emu->memory_limit = EMU_MEMORY_DEFAULT;
	for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
		id_table_init(&emu->ids[kind]);
	fd_table_init(&emu->fds);
	error = tree_init(&emu->tree);
	if (!error && scenario_path)
		error = scenario_load(emu, scenario_path, fault);
	if (error) {
		emu_close(&emu->backend);
		return error;
	}
	*backend = &emu->backend;
	return 0;
}
