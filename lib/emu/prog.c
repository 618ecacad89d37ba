// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "emu/emu.h"
#include "emu/prog.h"

static void prog_object_free(struct emu_object *object)
{
	struct emu_prog *prog = (struct emu_prog *)object;

	offload_prog_release(prog);
	for (uint32_t i = 0; i < prog->map_count; i++)
		map_put(prog->maps[i]);
	free(prog->maps);
	free(prog->xlated);
	free(prog);
}

static const struct emu_object_ops prog_object_ops = {.free = prog_object_free};

static uint64_t nanoseconds_since_boot(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int copy_maps(struct emu_prog *prog, const struct emu_prog_spec *spec)
{
	struct emu_map *map;
	int error = 0;

	prog->maps = calloc(spec->map_count ? spec->map_count : 1, sizeof(struct emu_map *));
	if (!prog->maps)
		return -ENOMEM;
	for (uint32_t i = 0; !error && i < spec->map_count; i++) {
		error = map_from_fd(prog->object.emu, spec->map_fds[i], &map);
		if (error)
			break;
		prog->maps[prog->map_count++] = map;
		/* bpf_prog_check_tail_call(): a program fits the prog_array it jumps through. */
		if (map->type == BPF_MAP_TYPE_PROG_ARRAY && !prog_fits_map(map, prog))
			error = -EINVAL;
		else
			error = offload_prog_check_map(prog, map, spec->log);
	}
	return error;
}

static int copy_xlated(struct emu_prog *prog, const struct emu_prog_spec *spec)
{
	if (!spec->xlated_length)
		return 0;
	prog->xlated = malloc(spec->xlated_length);
	if (!prog->xlated)
		return -ENOMEM;
	memcpy(prog->xlated, spec->xlated, spec->xlated_length);
	prog->xlated_length = spec->xlated_length;
	return 0;
}

int emu_prog_load(struct backend *backend, const struct emu_prog_spec *spec, struct handle **handle)
{
	struct emu_prog *prog;
	int error;

	if (!emu_capable(emu_of(backend), EMU_CAP_BPF))
		return -EPERM;
	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return -ENOMEM;
	object_init(&prog->object, emu_of(backend), OBJECT_PROG, &prog_object_ops);
	prog->type = spec->type;
	prog->expected_attach_type = spec->expected_attach_type;
	prog->ifindex = spec->ifindex;
	prog->created_by_uid = spec->created_by_uid;
	prog->gpl_compatible = spec->gpl_compatible;
	prog->jited = spec->jited;
	prog->xdp_has_frags = spec->xdp_has_frags;
	memcpy(prog->tag, spec->tag, sizeof(prog->tag));
	memcpy(prog->name, spec->name, sizeof(prog->name));
	prog->name[OBJECT_NAME_MAX - 1] = '\0';
	prog->run_time_ns = spec->run_time_ns;
	prog->run_cnt = spec->run_cnt;
	prog->load_time = nanoseconds_since_boot();
	error = prog->ifindex ? offload_prog_bind(prog) : 0;
	if (!error)
		error = copy_maps(prog, spec);
	if (!error)
		error = copy_xlated(prog, spec);
	if (!error)
		error = object_publish(&prog->object);
	if (error) {
		prog_put(prog);
		return error;
	}
	return handle_new(&prog->object, HANDLE_READ | HANDLE_WRITE, handle);
}

int prog_from_fd(struct emu *emu, int fd, struct emu_prog **prog)
{
	struct emu_object *object = NULL;
	int error = fd_object(emu, fd, OBJECT_PROG, &object);

	*prog = (struct emu_prog *)object;
	return error;
}

void prog_put(struct emu_prog *prog)
{
	if (prog)
		object_put(&prog->object);
}

bool prog_fits_map(struct emu_map *map, const struct emu_prog *prog)
{
	struct map_owner *owner = &map->owner;
	bool fits = true;

	if (prog->ifindex) /* bpf_prog_is_dev_bound() */
		return false;
	pthread_mutex_lock(&owner->lock);
	if (!owner->set) {
		owner->set = true;
		owner->prog_type = prog->type;
		owner->attach_type = prog->expected_attach_type;
		owner->jited = prog->jited;
		owner->xdp_has_frags = prog->xdp_has_frags;
	} else {
		fits = owner->prog_type == prog->type && owner->jited == prog->jited &&
		       owner->xdp_has_frags == prog->xdp_has_frags &&
		       (map->type != BPF_MAP_TYPE_PROG_ARRAY ||
			owner->attach_type == prog->expected_attach_type);
	}
	pthread_mutex_unlock(&owner->lock);
	return fits;
}

int prog_for_redirect(struct emu_map *map, int fd, uint32_t attach_type, struct emu_prog **prog)
{
	if (prog_from_fd(emu_of_map(map), fd, prog))
		return -EINVAL;
	if ((*prog)->type == BPF_PROG_TYPE_XDP && (*prog)->expected_attach_type == attach_type &&
	    prog_fits_map(map, *prog))
		return 0;
	prog_put(*prog);
	return -EINVAL;
}

int emu_prog_info(struct handle *handle, struct prog_info *info)
{
	struct emu_prog *prog = (struct emu_prog *)emu_handle(handle)->object;
	struct prog_info filled = {
		.type = prog->type,
		.id = prog->object.id,
		.ifindex = prog->ifindex,
		.created_by_uid = prog->created_by_uid,
		.xlated_len = prog->xlated_length,
		.load_time = prog->load_time,
		.run_time_ns = prog->run_time_ns,
		.run_cnt = prog->run_cnt,
		.gpl_compatible = prog->gpl_compatible,
		.map_count = prog->map_count,
	};
	int error = offload_prog_fill_info(prog, &filled);

	if (error)
		return error;
	memcpy(filled.tag, prog->tag, sizeof(filled.tag));
	memcpy(filled.name, prog->name, sizeof(filled.name));
	filled.map_ids = calloc(prog->map_count ? prog->map_count : 1, sizeof(uint32_t));
	if (!filled.map_ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < prog->map_count; i++)
		filled.map_ids[i] = prog->maps[i]->object.id;
	*info = filled;
	return 0;
}

int emu_prog_xlated(struct handle *handle, void **bytes, size_t *length)
{
	struct emu_prog *prog = (struct emu_prog *)emu_handle(handle)->object;

	*bytes = malloc(prog->xlated_length ? prog->xlated_length : 1);
	if (!*bytes)
		return -ENOMEM;
	if (prog->xlated_length)
		memcpy(*bytes, prog->xlated, prog->xlated_length);
	*length = prog->xlated_length;
	return 0;
}
