// SPDX-License-Identifier: BSD-2-Clause
/* Objects of any kind: bpf(2) itself, handles, ids; and programs and BTF. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

/* One row per kind, by enum object_kind. */
static const struct {
	enum bpf_cmd open, next;
	const char *inode; /* what /proc/self/fd/N shows, without "anon_inode:" and brackets */
} kinds[] = {
	[OBJECT_MAP] = {BPF_MAP_GET_FD_BY_ID, BPF_MAP_GET_NEXT_ID, "bpf-map"},
	[OBJECT_PROG] = {BPF_PROG_GET_FD_BY_ID, BPF_PROG_GET_NEXT_ID, "bpf-prog"},
	[OBJECT_LINK] = {BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID, "bpf_link"},
	[OBJECT_BTF] = {BPF_BTF_GET_FD_BY_ID, BPF_BTF_GET_NEXT_ID, "btf"},
};

int kernel_bpf(enum bpf_cmd command, union bpf_attr *attr, size_t size)
{
	long result = syscall(SYS_bpf, command, attr, size);

	return result < 0 ? -errno : (int)result;
}

int kernel_handle_new(struct backend *backend, enum object_kind kind, int fd,
		      struct handle **handle)
{
	struct handle *made = malloc(sizeof(*made));

	if (!made) {
		close(fd);
		return -ENOMEM;
	}
	*made = (struct handle){backend, kind, fd};
	*handle = made;
	return 0;
}

void kernel_handle_close(struct handle *handle)
{
	close(handle->fd);
	free(handle);
}

const char *kernel_kind_inode(enum object_kind kind)
{
	return kinds[kind].inode;
}

int kernel_fd_kind(int fd, enum object_kind *kind)
{
	char path[64], target[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strstr(target, kinds[i].inode)) {
			*kind = (enum object_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

int kernel_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = {
		.info = {.bpf_fd = (uint32_t)fd,
			 .info_len = (uint32_t)size,
			 .info = pointer_u64(info)},
	};

	return kernel_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, ATTR_SIZE(info.info));
}

int kernel_object_open(struct backend *backend, enum object_kind kind, uint32_t id,
		       uint32_t open_flags, struct handle **handle)
{
	union bpf_attr attr = {.map_id = id, .open_flags = open_flags};
	int fd = kernel_bpf(kinds[kind].open, &attr, ATTR_SIZE(open_flags));

	return fd < 0 ? fd : kernel_handle_new(backend, kind, fd, handle);
}

int kernel_object_next(struct backend *backend, enum object_kind kind, uint32_t after, uint32_t *id)
{
	union bpf_attr attr = {.start_id = after};
	int error = kernel_bpf(kinds[kind].next, &attr, ATTR_SIZE(next_id));

	if (!error)
		*id = attr.next_id;
	return error;
}

int kernel_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf)
{
	union bpf_attr attr = {.btf = pointer_u64(bytes), .btf_size = (uint32_t)length};
	int fd;

	if (length > UINT32_MAX)
		return -E2BIG;
	fd = kernel_bpf(BPF_BTF_LOAD, &attr, ATTR_SIZE(btf_size));
	return fd < 0 ? fd : kernel_handle_new(backend, OBJECT_BTF, fd, btf);
}

int kernel_btf_bytes(struct handle *btf, void **bytes, size_t *length)
{
	struct bpf_btf_info info = {0};
	cleanup_free void *buffer = NULL;
	int error = kernel_info(btf->fd, &info, sizeof(info));

	if (error)
		return error;
	*length = info.btf_size;
	buffer = malloc(info.btf_size ? info.btf_size : 1);
	if (!buffer)
		return -ENOMEM;
	info = (struct bpf_btf_info){.btf = pointer_u64(buffer), .btf_size = info.btf_size};
	error = kernel_info(btf->fd, &info, sizeof(info));
	if (!error)
		*bytes = move_ptr(buffer);
	return error;
}

/* A second question brings the ids of the maps; a program's maps do not change in number. */
static int prog_map_ids(int fd, uint32_t room, uint32_t **ids, uint32_t *count)
{
	struct bpf_prog_info info = {0};
	cleanup_free uint32_t *buffer = calloc(room ? room : 1, sizeof(*buffer));
	int error;

	if (!buffer)
		return -ENOMEM;
	info.map_ids = room ? pointer_u64(buffer) : 0;
	info.nr_map_ids = room;
	error = kernel_info(fd, &info, sizeof(info));
	if (error)
		return error;
	*count = info.nr_map_ids < room ? info.nr_map_ids : room;
	*ids = move_ptr(buffer);
	return 0;
}

int kernel_prog_info(struct handle *prog, struct prog_info *info)
{
	struct bpf_prog_info from = {0};
	int error = kernel_info(prog->fd, &from, sizeof(from));

	if (error)
		return error;
	*info = (struct prog_info){
		.type = from.type,
		.id = from.id,
		.ifindex = from.ifindex,
		.btf_id = from.btf_id,
		.created_by_uid = from.created_by_uid,
		.xlated_len = from.xlated_prog_len,
		.jited_len = from.jited_prog_len,
		.verified_insns = from.verified_insns,
		.attach_btf_id = from.attach_btf_id,
		.attach_btf_obj_id = from.attach_btf_obj_id,
		.load_time = from.load_time,
		.run_time_ns = from.run_time_ns,
		.run_cnt = from.run_cnt,
		.recursion_misses = from.recursion_misses,
		.netns_dev = from.netns_dev,
		.netns_ino = from.netns_ino,
		.gpl_compatible = from.gpl_compatible,
	};
	memcpy(info->tag, from.tag, sizeof(info->tag));
	memcpy(info->name, from.name, sizeof(info->name));
	info->name[sizeof(info->name) - 1] = '\0';
	return prog_map_ids(prog->fd, from.nr_map_ids, &info->map_ids, &info->map_count);
}

int kernel_prog_xlated(struct handle *prog, void **bytes, size_t *length)
{
	struct bpf_prog_info info = {0};
	cleanup_free void *buffer = NULL;
	uint32_t size;
	int error = kernel_info(prog->fd, &info, sizeof(info));

	if (error)
		return error;
	size = info.xlated_prog_len;
	if (!size) /* bpf_prog_get_info_by_fd() hides lengths from who has no CAP_BPF */
		return -EPERM;
	buffer = malloc(size);
	if (!buffer)
		return -ENOMEM;
	info = (struct bpf_prog_info){
		.xlated_prog_insns = pointer_u64(buffer),
		.xlated_prog_len = size,
	};
	error = kernel_info(prog->fd, &info, sizeof(info));
	if (error)
		return error;
	if (!info.xlated_prog_insns) /* and a blinded program's instructions, see there */
		return -EPERM;
	*length = size;
	*bytes = move_ptr(buffer);
	return 0;
}
