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

int scratch_make(struct scratch *scratch, struct fault *fault)
{
	const char *temporary = getenv("TMPDIR");

	snprintf(scratch->path, sizeof(scratch->path), "%.4000s/bpfsnap-XXXXXX",
		 temporary && *temporary ? temporary : "/tmp");
	if (mkdtemp(scratch->path))
		return 0;
	return fault_set(fault, errno, "%s: cannot be made: %s", scratch->path, strerror(errno));
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

/* Nobody knows the directory's name: what is wrong is in the stream. */
static void fault_rename(struct fault *fault, int error, const char *directory)
{
	size_t length = strlen(directory);
	struct fault told = *fault;

	if (!strncmp(told.text, directory, length))
		fault_set(fault, -error, "the stream%s", told.text + length);
}

/* The open snapshot keeps its files; their directory can go at once. */
static int stream_input(const struct input *input, enum snapshot_check check,
			const struct snapshot_progress *progress, struct image **image,
			struct fault *fault)
{
	cleanup_close int fd = stream_open_file(input->stream);
	struct scratch scratch;
	int error;

	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", input->stream, strerror(errno));
	error = scratch_make(&scratch, fault);
	if (error)
		return error;
	error = snapshot_unpack(fd, scratch.path, progress, fault);
	if (!error)
		error = snapshot_open(scratch.path, input->base, check, progress, image, fault);
	if (error)
		fault_rename(fault, error, scratch.path);
	scratch_remove(&scratch);
	return error;
}

int input_open(const struct input *input, enum snapshot_check check, bool quiet,
	       struct image **image)
{
	struct snapshot_progress progress = progress_start(quiet);
	struct fault fault = FAULT_INIT;
	int error;

	if (input->stream)
		error = stream_input(input, check, &progress, image, &fault);
	else
		error = snapshot_open(input->directory, input->base, check, &progress, image,
				      &fault);
	if (progress_stop() && !error)
		error = fault_set(&fault, ECANCELED, "interrupted");
	if (error)
		complain("%s", fault.text);
	return error;
}
