// SPDX-License-Identifier: BSD-2-Clause
/* From a path of the system to a backend and a path in its tree. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "mount/mount.h"

/* statfs(2)'s f_type of any FUSE filesystem; linux/magic.h has it only since 6.x. */
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/* Cuts `path` (absolute, clean) down to the topmost directory on the same filesystem. */
static int mount_root(char *path)
{
	struct stat here, above;

	if (lstat(path, &here))
		return -errno;
	for (;;) {
		char copy[PATH_MAX];
		const char *parent;

		memcpy(copy, path, sizeof(copy));
		parent = dirname(copy);
		if (lstat(parent, &above))
			return -errno;
		if (above.st_dev != here.st_dev || !strcmp(parent, path))
			return 0;
		snprintf(path, PATH_MAX, "%s", parent);
	}
}

/* A bpffs has no dots in its names; the directory it is mounted on may. */
static char *name_of(const char *path)
{
	cleanup_free char *copy = strdup(path);
	char *name = copy ? strdup(basename(copy)) : NULL;

	for (char *at = name; at && *at; at++)
		if (*at == '.')
			*at = '_';
	if (name && !strcmp(name, "/"))
		strcpy(name, "_");
	return name;
}

/*
 * realpath(3) of all but the last component: a symlink on bpffs is an entry of its own, and a pin
 * may be named that is to be made.
 */
static int path_resolve(const char *path, char resolved[PATH_MAX], struct fault *fault)
{
	struct stat st;

	if (!*path)
		return fault_set(fault, ENOENT, "an empty name is no path");
	if (!lstat(path, &st) && S_ISLNK(st.st_mode) && path[strlen(path) - 1] != '/') {
		cleanup_free char *first = strdup(path), *second = strdup(path);
		char directory[PATH_MAX];

		if (!first || !second || !realpath(dirname(first), directory))
			return fault_set(fault, errno, "%s: %s", path, strerror(errno));
		if (snprintf(resolved, PATH_MAX, "%s/%s", directory, basename(second)) >= PATH_MAX)
			return fault_set(fault, ENAMETOOLONG, "%s: too long", path);
		return 0;
	}
	if (!realpath(path, resolved))
		return fault_set(fault, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* /proc/self/mountinfo writes white space and backslashes as \\ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned code;

		if (*from == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
			*to = (char)code;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* What bpfuse serves at the mount point; the last line counts where mounts are stacked. */
static bool mount_source(const char *root, char source[PATH_MAX])
{
	cleanup_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[3 * PATH_MAX], point[PATH_MAX], found[PATH_MAX];
	bool known = false;

	while (mounts && fgets(line, sizeof(line), mounts)) {
		const char *tail = strstr(line, " - fuse.bpfuse ");

		if (!tail || sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1 ||
		    sscanf(tail, " - %*s %4095s", found) != 1)
			continue;
		unescape(point);
		if (strcmp(point, root) != 0)
			continue;
		unescape(found);
		memcpy(source, found, sizeof(found));
		known = true;
	}
	return known;
}

/* What the mount serves is better read itself, where that is a bpffs and bpf(2) is allowed. */
static int source_open(const char *root, const char *source, struct backend **backend,
		       struct fault *fault)
{
	struct statfs fs;
	int error;

	if (*source == '/' && !statfs(source, &fs) && fs.f_type == BPF_FS_MAGIC &&
	    !backend_open(source, NULL, backend, NULL))
		return 0;
	error = mount_open(root, backend, fault);
	if (!error && !strncmp(source, "image:", strlen("image:")))
		(*backend)->origin = realpath(source + strlen("image:"), NULL);
	return error;
}

static int backend_find(const char *path, const char *root, struct backend **backend,
			struct fault *fault)
{
	char source[PATH_MAX];
	struct statfs fs;

	if (statfs(root, &fs))
		return fault_set(fault, errno, "%s: %s", root, strerror(errno));
	if (fs.f_type == BPF_FS_MAGIC)
		return backend_open(root, NULL, backend, fault);
	if (fs.f_type == FUSE_SUPER_MAGIC && mount_source(root, source))
		return source_open(root, source, backend, fault);
	return fault_set(fault, EINVAL, "%s: is neither on a bpffs nor on a mount of bpfuse", path);
}

int snapshot_locate(const char *path, struct backend **backend, char **inside, char **name,
		    struct fault *fault)
{
	char resolved[PATH_MAX], root[PATH_MAX];
	int error = path_resolve(path, resolved, fault);

	if (error)
		return error;
	memcpy(root, resolved, sizeof(root));
	error = mount_root(root);
	if (error)
		return fault_set(fault, -error, "%s: %s", path, strerror(-error));
	error = backend_find(path, root, backend, fault);
	if (error)
		return error;
	*inside = strdup(resolved + strlen(root) + (resolved[strlen(root)] == '/'));
	*name = name_of(resolved);
	if (*inside && *name)
		return 0;
	free(*inside);
	free(*name);
	backend_close(*backend);
	return fault_set(fault, ENOMEM, "out of memory");
}
