// SPDX-License-Identifier: BSD-2-Clause
/* Opening the kernel as a backend, and its table. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <bpfuse/cleanup.h>
#include "internal.h"
#include "kernel.h"

static void kernel_close(struct backend *backend)
{
	struct kernel_backend *kernel = kernel_backend(backend);

	if (kernel->stats_fd >= 0)
		close(kernel->stats_fd);
	pthread_mutex_destroy(&kernel->stats_lock);
	close(kernel->root_fd);
	free(backend);
}

static const struct backend_ops kernel_ops = {
	.name = "kernel",
	.close = kernel_close,
	.map_create = kernel_map_create,
	.object_open = kernel_object_open,
	.object_next = kernel_object_next,
	.handle_close = kernel_handle_close,
	.map_info = kernel_map_info,
	.map_state = kernel_map_state,
	.prog_info = kernel_prog_info,
	.prog_xlated = kernel_prog_xlated,
	.link_info = kernel_link_info,
	.link_detach = kernel_link_detach,
	.btf_load = kernel_btf_load,
	.btf_bytes = kernel_btf_bytes,
	.object_holders = kernel_object_holders,
	.map_lookup = kernel_map_lookup,
	.map_update = kernel_map_update,
	.map_delete = kernel_map_delete,
	.map_next_key = kernel_map_next_key,
	.map_lookup_and_delete = kernel_map_lookup_and_delete,
	.map_lookup_batch = kernel_map_lookup_batch,
	.map_lookup_and_delete_batch = kernel_map_lookup_and_delete_batch,
	.map_update_batch = kernel_map_update_batch,
	.map_delete_batch = kernel_map_delete_batch,
	.map_freeze = kernel_map_freeze,
	.stream_open = kernel_stream_open,
	.stream_poll_fd = kernel_stream_poll_fd,
	.stream_read = kernel_stream_read,
	.stream_close = kernel_stream_close,
	.stream_push = kernel_stream_push,
	.device_list = kernel_device_list,
	.device_find = kernel_device_find,
	.device_by_ifindex = kernel_device_by_ifindex,
	.device_get = kernel_device_get,
	.xdp_info = kernel_xdp_info,
	.xdp_attach = kernel_xdp_attach,
	.stats_enable = kernel_stats_enable,
	.stats_enabled = kernel_stats_enabled,
	.socket_list = kernel_socket_list,
	.tree_stat = kernel_tree_stat,
	.tree_list = kernel_tree_list,
	.tree_readlink = kernel_tree_readlink,
	.tree_mkdir = kernel_tree_mkdir,
	.tree_symlink = kernel_tree_symlink,
	.tree_rmdir = kernel_tree_rmdir,
	.tree_unlink = kernel_tree_unlink,
	.tree_rename = kernel_tree_rename,
	.tree_chmod = kernel_tree_chmod,
	.tree_chown = kernel_tree_chown,
	.tree_utimens = kernel_tree_utimens,
	.tree_statfs = kernel_tree_statfs,
	.pin = kernel_pin,
	.pin_open = kernel_pin_open,
};

/* Does bpf(2) answer, with the capability that ids need? */
static int bpf_probe(struct fault *fault)
{
	union bpf_attr attr = {0};
	int error = kernel_bpf(BPF_MAP_GET_NEXT_ID, &attr, ATTR_SIZE(next_id));

	switch (error) {
	case -EPERM:
		return fault_set(fault, EPERM,
				 "bpf(2) is refused: the kernel's objects need CAP_SYS_ADMIN and "
				 "CAP_BPF; run this as root, or serve 'emu'");
	case -ENOSYS:
		return fault_set(fault, ENOSYS,
				 "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL); serve 'emu'");
	default:
		return 0; /* -ENOENT: no map at all, which is fine */
	}
}

/* A mount of our own of the directory, seen by nobody else; without leave for that, itself. */
static int root_open(const char *directory)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, directory,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int root_check(const char *directory, int fd, struct fault *fault)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return fault_set(fault, errno, "cannot look at %s: %s", directory, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fault_set(fault, ENOTDIR,
				 "%s is not a directory; expected one on a bpffs, emu, "
				 "emu:SCENARIO.json or image:DIR",
				 directory);
	if (fs.f_type != BPF_FS_MAGIC)
		return fault_set(fault, EINVAL,
				 "%s is not on a bpffs: mount one there with 'mount -t bpf bpf"
				 " %s', or serve 'emu'",
				 directory, directory);
	return 0;
}

int kernel_open(const char *directory, const struct backend_options *options,
		struct backend **backend, struct fault *fault)
{
	cleanup_free struct kernel_backend *kernel = calloc(1, sizeof(*kernel));
	cleanup_close int root_fd = root_open(directory);
	int cpus = libbpf_num_possible_cpus();
	int error;

	if (!kernel)
		return fault_set(fault, ENOMEM, "out of memory");
	if (root_fd < 0)
		return fault_set(fault, -root_fd,
				 "cannot open %s: %s; expected a directory on a bpffs, emu, "
				 "emu:SCENARIO.json or image:DIR",
				 directory, strerror(-root_fd));
	error = root_check(directory, root_fd, fault);
	if (!error)
		error = bpf_probe(fault);
	if (error)
		return error;
	if (cpus < 0)
		return fault_set(fault, -cpus, "cannot tell the number of possible CPUs: %s",
				 strerror(-cpus));
	kernel->base.ops = &kernel_ops;
	kernel->base.possible_cpus = (unsigned)cpus;
	kernel->base.takes_files = true;
	kernel->base.read_only = options && options->read_only;
	error = backend_add_root(&kernel->base, directory);
	if (error)
		return fault_set(fault, -error, "cannot resolve %s: %s", directory,
				 strerror(-error));
	kernel->stats_fd = -1;
	pthread_mutex_init(&kernel->stats_lock, NULL);
	kernel->root_fd = move_fd(root_fd);
	*backend = &move_ptr(kernel)->base;
	return 0;
}
