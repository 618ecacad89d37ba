// SPDX-License-Identifier: BSD-2-Clause
/* Where a snapshot comes from: a directory, or a stream that is unpacked first. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

int scratch_make(struct scratch *scratch)
{
	const char *temporary = getenv("TMPDIR");

	snprintf(scratch->path, sizeof(scratch->path), "%.4000s/bpfsnap-XXXXXX",
		 temporary && *temporary ? temporary : "/tmp");
	if (mkdtemp(scratch->path))
		return 0;
	complain("%s: cannot be made: %s", scratch->path, strerror(errno));
	return -errno;
}

void scratch_remove(struct scratch *scratch)
{
	DIR *listing = opendir(scratch->path);
	const struct dirent *entry;

	while (listing && (entry = readdir(listing)))
		unlinkat(dirfd(listing), entry->d_name, 0);
	if (listing)
		closedir(listing);
	rmdir(scratch->path);
}

static int stream_open_file(const char *path)
{
	return strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
}

/* The open snapshot keeps its files; their directory can go at once. */
static int stream_input(const struct input *input, enum snapshot_check check, struct image **image)
{
	cleanup_close int fd = stream_open_file(input->stream);
	struct fault fault = FAULT_INIT;
	struct scratch scratch;
	int error;

	if (fd < 0) {
		complain("%s: %s", input->stream, strerror(errno));
		return -errno;
	}
	if (scratch_make(&scratch))
		return -EIO;
	error = snapshot_unpack(fd, scratch.path, &fault);
	if (!error)
		error = snapshot_open(scratch.path, input->base, check, image, &fault);
	if (error)
		complain("%s", fault.text);
	scratch_remove(&scratch);
	return error;
}

int input_open(const struct input *input, enum snapshot_check check, struct image **image)
{
	struct fault fault = FAULT_INIT;
	int error;

	if (input->stream)
		return stream_input(input, check, image);
	error = snapshot_open(input->directory, input->base, check, image, &fault);
	if (error)
		complain("%s", fault.text);
	return error;
}
