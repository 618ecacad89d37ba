// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>
#include "place.h"

int entry_open(struct backend *backend, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, kernel_backend(backend)->root_fd, *path ? path : ".", &how,
			  sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int place_open(struct backend *backend, const char *path, struct place *place)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int fd;

	if (!*path)
		return -EBUSY;
	if (strlen(path) >= sizeof(parent))
		return -ENAMETOOLONG;
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
	fd = entry_open(backend, parent, O_PATH | O_DIRECTORY);
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
