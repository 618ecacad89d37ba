// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "place.h"

/*
 * One component after the other, none followed if it is a symlink. openat2(2) could do it in one
 * call, but a seccomp filter cannot see its flags, and so could not forbid creating files.
 */
static int component_open(int directory, const char *name, size_t length, int flags)
{
	char component[NAME_MAX + 1];
	int fd;

	if (length >= sizeof(component))
		return -ENAMETOOLONG;
	if (length)
		snprintf(component, sizeof(component), "%.*s", (int)length, name);
	else
		memcpy(component, ".", sizeof("."));
	fd = openat(directory, component, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens the first `length` characters of path. */
static int path_open(struct backend *backend, const char *path, size_t length, int flags)
{
	cleanup_close int held = -1;
	int directory = kernel_backend(backend)->root_fd;
	const char *slash;

	while ((slash = memchr(path, '/', length))) {
		int next = component_open(directory, path, (size_t)(slash - path),
					  O_PATH | O_DIRECTORY);

		if (next < 0)
			return next;
		if (held >= 0)
			close(held);
		directory = held = next;
		length -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	return component_open(directory, path, length, flags);
}

int entry_open(struct backend *backend, const char *path, int flags)
{
	return path_open(backend, path, strlen(path), flags);
}

int place_open(struct backend *backend, const char *path, struct place *place)
{
	const char *slash = strrchr(path, '/');
	int fd;

	if (!*path)
		return -EBUSY;
	fd = path_open(backend, path, slash ? (size_t)(slash - path) : 0, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	*place = (struct place){fd, slash ? slash + 1 : path};
	return 0;
}

void place_closep(struct place *place)
{
	if (place->directory >= 0)
		close(place->directory);
}

const char *proc_fd_path(int fd, char path[PROC_FD_PATH_MAX])
{
	snprintf(path, PROC_FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return path;
}
