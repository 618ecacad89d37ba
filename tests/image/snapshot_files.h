/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a snapshot as bytes, for tests that forge and damage them. */
#ifndef BPFUSE_TESTS_IMAGE_SNAPSHOT_FILES_H
#define BPFUSE_TESTS_IMAGE_SNAPSHOT_FILES_H

#include <stddef.h>
#include <bpfuse/fault.h>

enum { SNAPSHOT_FILES = 6 };
/* SHA256SUMS first. */
extern const char *const snapshot_files[SNAPSHOT_FILES];

struct content {
	unsigned char *bytes; /* malloc'ed, with 64 bytes more than there are; NULL: no such file */
	size_t length;
};

void content_read(const char *directory, const char *name, struct content *content);
/* bytes NULL: removes the file. */
void content_write(const char *directory, const char *name, const struct content *content);
void contents_read(const char *directory, struct content contents[SNAPSHOT_FILES]);
/* Into a directory that is made if it is not there. */
void contents_write(const char *directory, const struct content contents[SNAPSHOT_FILES]);
void contents_free(struct content contents[SNAPSHOT_FILES]);

/* New sums for whatever is there: what a forger would do. */
void snapshot_reseal(const char *directory);
/* Opens it with every check, and closes it: 0 or -errno. */
int snapshot_try(const char *directory, struct fault *fault);

/* The directory of a sample of data/. Valid until the next call. */
const char *sample_path(const char *name);

#endif
