// SPDX-License-Identifier: BSD-2-Clause
#include "mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>

#define LAYERS_MAX 16 /* dead mounts on top of each other */

/* An absolute path without asking the mount point itself, which may be dead. */
static char *absolute_path(const char *path)
{
	cleanup_free char *copy = strdup(path);
	if (!copy)
		return NULL;
	size_t length = strlen(copy);
	while (length > 1 && copy[length - 1] == '/')
		copy[--length] = '\0';
	char *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;
	if (!strcmp(copy, "/") || !strcmp(name, ".") || !strcmp(name, ".."))
		return realpath(copy, NULL);
	if (slash)
		*slash = '\0';
	cleanup_free char *parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	char *result = NULL;
	if (parent && asprintf(&result, "%s/%s", strcmp(parent, "/") ? parent : "", name) < 0)
		return NULL;
	return result;
}

static void unmount_by_helper(const char *path)
{
	pid_t child = fork();
	if (child == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", path, (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* statfs(2) asks the daemon; stat(2) may still be answered by what the kernel remembers. */
static bool is_dead(const char *path)
{
	struct statfs st;
	return statfs(path, &st) && (errno == ENOTCONN || errno == ECONNABORTED);
}

static void unmount_dead(const char *path)
{
	for (int i = 0; i < LAYERS_MAX && is_dead(path); i++)
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
			unmount_by_helper(path);
}

static int check_directory(const char *path, struct fault *fault)
{
	struct stat st;
	if (stat(path, &st))
		return fault_set(fault, errno, "cannot mount at %s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fault_set(fault, ENOTDIR, "cannot mount at %s: it is not a directory", path);
	return 0;
}

/* mountinfo writes blanks and backslashes as octal numbers. */
static void unescape(char *text)
{
	char *out = text;
	for (; *text; text++, out++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				      (text[3] - '0'));
			text += 3;
		} else {
			*out = *text;
		}
	}
	*out = '\0';
}

/* The type of what is mounted on top at `path`: true if it is a bpfuse. */
static bool carries_bpfuse(const char *path)
{
	cleanup_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	bool found = false;
	while (mounts && getline(&line, &size, mounts) >= 0) {
		char place[4096], type[64];
		const char *rest = strstr(line, " - ");
		if (sscanf(line, "%*d %*d %*s %*s %4095s", place) != 1 || !rest ||
		    sscanf(rest, " - %63s", type) != 1)
			continue;
		unescape(place);
		if (strcmp(place, path) == 0)
			found = strcmp(type, "fuse.bpfuse") == 0;
	}
	return found;
}

/* Whether `path` is the source directory or lies below it, over whatever mounts. */
static int is_below(const char *path, const char *source)
{
	struct stat top, here, up;
	cleanup_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &here) || stat(source, &top))
		return 0;
	for (;;) {
		if (here.st_dev == top.st_dev && here.st_ino == top.st_ino)
			return 1;
		int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0 || fstat(parent, &up)) {
			if (parent >= 0)
				close(parent);
			return 0;
		}
		close(fd);
		fd = parent;
		if (up.st_dev == here.st_dev && up.st_ino == here.st_ino)
			return 0; /* "/" */
		here = up;
	}
}

int mountpoint_prepare(const char *mountpoint, const char *source, char **path, struct fault *fault)
{
	cleanup_free char *place = absolute_path(mountpoint);
	if (!place)
		return fault_set(fault, errno, "cannot mount at %s: %s", mountpoint,
				 strerror(errno));
	unmount_dead(place);
	int rc = check_directory(place, fault);
	if (rc)
		return rc;
	char *resolved = realpath(place, NULL);
	if (!resolved)
		return fault_set(fault, errno, "cannot mount at %s: %s", place, strerror(errno));
	/* nobody would meet the mount there, and to unmount it would take the whole tree away */
	if (!strcmp(resolved, "/"))
		rc = fault_set(fault, EINVAL, "cannot mount at /: name a directory below it");
	else if (carries_bpfuse(resolved))
		rc = fault_set(fault, EBUSY, "%s is busy: a bpfuse is mounted there (umount %s)",
			       resolved, resolved);
	else if (strcmp(source, "emu") != 0 && is_below(resolved, source)) /* no directory */
		rc = fault_set(fault, EINVAL,
			       "%s is in %s, which would be mirrored into itself: mount "
			       "elsewhere",
			       resolved, source);
	if (rc) {
		free(resolved);
		return rc;
	}
	*path = resolved;
	return 0;
}
