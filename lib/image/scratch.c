// SPDX-License-Identifier: BSD-2-Clause
/* Directories in $TMPDIR for what is there in passing, and those that killed runs left there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/state.h"
#include "directory.h"
#include "owner.h"

#define INNER "/snapshot"

/* Takes the descriptor. */
static void directory_empty(int directory)
{
	DIR *listing = directory_take(directory);
	const struct dirent *entry;

	if (!listing)
		return;
	while ((entry = readdir(listing))) {
		const char *name = entry->d_name;
		int inner;

		if (!strcmp(name, ".") || !strcmp(name, "..") || !unlinkat(dirfd(listing), name, 0))
			continue;
		inner = openat(dirfd(listing), name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner >= 0)
			directory_empty(inner);
		unlinkat(dirfd(listing), name, AT_REMOVEDIR);
	}
	closedir(listing);
}

/* Others may write there too: only what is this user's own, and no symlink. */
static int stale_remove(void *context, int place, const char *name)
{
	cleanup_close int fd = openat(place, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int directory;

	if (fd < 0 || fstat(fd, &st) || st.st_uid != geteuid())
		return 0;
	if (S_ISREG(st.st_mode))
		unlinkat(place, name, 0);
	if (!S_ISDIR(st.st_mode))
		return 0;
	directory = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0)
		directory_empty(directory);
	unlinkat(place, name, AT_REMOVEDIR);
	return 0;
}

static void stale_collect(void)
{
	cleanup_close int place = open(owner_temporary_place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (place >= 0)
		state_visit_stale(place, OWNER_TEMPORARY, stale_remove, NULL);
}

int snapshot_scratch_make(struct snapshot_scratch *scratch, struct fault *fault)
{
	size_t length;
	int error;

	stale_collect();
	owner_temporary(scratch->path);
	if (!mkdtemp(scratch->path))
		return fault_set(fault, errno, "%s: cannot be made: %s", scratch->path,
				 strerror(errno));
	length = strlen(scratch->path);
	snprintf(scratch->path + length, sizeof(scratch->path) - length, INNER);
	if (!mkdir(scratch->path, 0700))
		return 0;
	error = errno;
	snapshot_scratch_remove(scratch);
	return fault_set(fault, error, "%s: cannot be made: %s", scratch->path, strerror(error));
}

void snapshot_scratch_remove(const struct snapshot_scratch *scratch)
{
	char path[PATH_MAX];
	int directory;

	snprintf(path, sizeof(path), "%.*s", (int)(strlen(scratch->path) - strlen(INNER)),
		 scratch->path);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory >= 0)
		directory_empty(directory);
	rmdir(path);
}
