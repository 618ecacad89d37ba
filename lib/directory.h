/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading directories by descriptor. readdir(3) tells the end and an error alike: set errno to 0
 * before each call, and look at it at the end.
 */
#ifndef BPFUSE_DIRECTORY_H
#define BPFUSE_DIRECTORY_H

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* fdopendir(3) that takes fd over also where it fails (NULL and errno); -1 is allowed. */
static inline DIR *directory_take(int fd)
{
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (!directory && fd >= 0) {
		close(fd);
		errno = error;
	}
	return directory;
}

/* For cleanup_with(). */
static inline void directory_closep(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

#endif
