// SPDX-License-Identifier: BSD-2-Clause
/* BPF_OBJ_PIN and BPF_OBJ_GET, which take paths only; /proc/self/fd/N leads them to the place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "identity.h"
#include "place.h"

#define PIN_MODE 0600

static int place_pin(const struct place *place, int fd)
{
	char directory[PROC_FD_PATH_MAX], path[PATH_MAX];
	union bpf_attr attr = {.pathname = pointer_u64(path), .bpf_fd = (uint32_t)fd};
	int length = snprintf(path, sizeof(path), "%s/%s",
			      proc_fd_path(place->directory, directory), place->name);

	if (length >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return kernel_bpf(BPF_OBJ_PIN, &attr, ATTR_SIZE(bpf_fd));
}

/*
 * bpf_obj_do_pin() masks the mode with the umask of the process, which all threads share; so that
 * of the caller is applied after it. It can only take from the caller's own bits.
 */
static int place_mask(const struct place *place, mode_t umask)
{
	if (!(umask & PIN_MODE))
		return 0;
	if (fchmodat(place->directory, place->name, PIN_MODE & ~umask, 0))
		return -errno;
	return 0;
}

int kernel_pin(struct handle *handle, const struct caller *caller, const char *path)
{
	cleanup_with(place_closep) struct place place = PLACE_INIT;
	struct identity saved;
	int error;

	if (!*path)
		return -EEXIST;
	error = identity_enter(caller, &saved);
	if (error)
		return error;
	error = place_open(handle->backend, path, &place);
	if (!error)
		error = place_pin(&place, handle->fd);
	if (!error && caller)
		error = place_mask(&place, caller->umask);
	identity_leave(&saved);
	return error;
}

/* bpf_get_file_flag(), which bpf_obj_get_user() asks before it looks at the path. */
static bool access_flags_valid(uint32_t flags)
{
	return flags == 0 || flags == BPF_F_RDONLY || flags == BPF_F_WRONLY;
}

int kernel_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
		    struct handle **handle)
{
	cleanup_close int entry =
		access_flags_valid(open_flags) ? entry_open(backend, path, O_PATH) : -EINVAL;
	char proc_path[PROC_FD_PATH_MAX];
	union bpf_attr attr = {.file_flags = open_flags};
	enum object_kind kind;
	int fd, error;

	if (entry < 0)
		return entry;
	/* The very inode: a symlink found here is not followed, it answers EACCES. */
	attr.pathname = pointer_u64(proc_fd_path(entry, proc_path));
	fd = kernel_bpf(BPF_OBJ_GET, &attr, ATTR_SIZE(file_flags));
	if (fd < 0)
		return fd;
	error = kernel_fd_kind(fd, &kind);
	if (error) {
		close(fd);
		return error;
	}
	return kernel_handle_new(backend, kind, fd, handle);
}
