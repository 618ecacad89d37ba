// SPDX-License-Identifier: BSD-2-Clause
/* Directories in $TMPDIR for what is there in passing, and those that killed runs left there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/state.h"
#include "owner.h"

static void directory_empty(int directory)
{
	DIR *listing = fdopendir(directory);
	const struct dirent *entry;

	if (!listing) {
		close(directory);
		return;
	}
	while ((entry = readdir(listing)))
		unlinkat(dirfd(listing), entry->d_name, 0);
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

	if (place < 0)
		return;
	state_visit_stale(place, OWNER_TEMPORARY, stale_remove, NULL);
	/* and what was to become such a directory (output.h) */
	state_visit_stale(place, "." OWNER_TEMPORARY, stale_remove, NULL);
}

int snapshot_scratch_make(struct snapshot_scratch *scratch, struct fault *fault)
{
	stale_collect();
	owner_temporary(scratch->path);
	if (mkdtemp(scratch->path))
		return 0;
	return fault_set(fault, errno, "%s: cannot be made: %s", scratch->path, strerror(errno));
}

void snapshot_scratch_remove(const struct snapshot_scratch *scratch)
{
	int directory = open(scratch->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (directory >= 0)
		directory_empty(directory);
	rmdir(scratch->path);
}
