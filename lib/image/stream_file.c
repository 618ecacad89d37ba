// SPDX-License-Identifier: BSD-2-Clause
/* A stream that becomes a file: complete under a name beside it, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/output.h"
#include "image/state.h"
#include "owner.h"

struct stream_file {
	const char *given;
	int parent;
	char *name, *temporary; /* in parent */
	int fd;
};

static int stale_remove(void *context, int directory, const char *name)
{
	unlinkat(directory, name, 0);
	return 0;
}

static int file_make(struct stream_file *file)
{
	char prefix[NAME_MAX], owner[OWNER_TEXT_SIZE];
	int error = output_split(file->given, &file->parent, &file->name);

	if (error)
		return error;
	output_temporary_prefix(file->name, prefix);
	owner_print(owner);
	if (asprintf(&file->temporary, "%s%s", prefix, owner) < 0) {
		file->temporary = NULL;
		return -ENOMEM;
	}
	state_visit_stale(file->parent, prefix, stale_remove, NULL);
	file->fd = openat(file->parent, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600);
	return file->fd < 0 ? -errno : 0;
}

static int file_open(struct stream_file *file, struct fault *fault)
{
	int error = file_make(file);

	if (error)
		return fault_set(fault, -error, "%s: cannot be written: %s", file->given,
				 strerror(-error));
	return 0;
}

/* What was there before is then what is called temporary. */
static int file_commit(struct stream_file *file, struct fault *fault)
{
	bool there = !faccessat(file->parent, file->name, F_OK, AT_SYMLINK_NOFOLLOW);
	int error = fsync(file->fd) ? -errno : 0;

	if (!error)
		error = output_place(file->parent, file->temporary, file->name, there);
	if (error == -EINVAL && there) /* a file system that cannot exchange */
		error = output_place(file->parent, file->temporary, file->name, false);
	if (error)
		return fault_set(fault, -error, "%s: cannot be written: %s", file->given,
				 strerror(-error));
	return 0;
}

int snapshot_pack_file(const char *directory, const char *path,
		       const struct snapshot_progress *progress, struct fault *fault)
{
	struct stream_file file = {.given = path, .parent = -1, .fd = -1};
	int error = file_open(&file, fault);

	if (!error)
		error = snapshot_pack(directory, file.fd, progress, fault);
	if (!error)
		error = file_commit(&file, fault);
	if (file.fd >= 0)
		unlinkat(file.parent, file.temporary, 0);
	if (file.fd >= 0)
		close(file.fd);
	if (file.parent >= 0)
		close(file.parent);
	free(file.temporary);
	free(file.name);
	return error;
}
