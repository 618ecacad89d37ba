// SPDX-License-Identifier: BSD-2-Clause
/* Where a snapshot comes from: a directory, or a stream that is unpacked first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

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
	struct snapshot_scratch scratch;
	int error;

	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", input->stream, strerror(errno));
	error = snapshot_scratch_make(&scratch, fault);
	if (error)
		return error;
	error = snapshot_unpack(fd, scratch.path, progress, fault);
	if (!error)
		error = snapshot_open(scratch.path, input->bases.items, check, progress, image,
				      fault);
	if (error)
		fault_rename(fault, error, scratch.path);
	snapshot_scratch_remove(&scratch);
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
		error = snapshot_open(input->directory, input->bases.items, check, &progress, image,
				      &fault);
	if (progress_stop() && !error)
		error = fault_set(&fault, ECANCELED, "interrupted");
	if (error)
		complain("%s", fault.text);
	return error;
}
