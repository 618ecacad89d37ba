/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with a SHA-256 sum, and the list of sums that seals a snapshot.
 *
 * A sealed_file is written from front to back; its sum grows as it is written. SHA256SUMS is
 * what sha256sum(1) writes and `sha256sum -c` checks. It is written last, so a directory without
 * it is no snapshot.
 */
#ifndef IMAGE_CHECKSUM_H
#define IMAGE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>

#define SUM_TEXT_SIZE 65

struct sealed_file;
struct snapshot_progress;

/* Makes the file; it must not exist. */
int sealed_file_create(int directory, const char *name, struct sealed_file **file,
		       struct fault *fault);
/* Errors are kept: sealed_file_finish() gives the first. */
void sealed_file_write(struct sealed_file *file, const void *bytes, size_t length);
/* 0, or the error that writing met so far. */
int sealed_file_error(const struct sealed_file *file);
/* Bytes written so far. */
uint64_t sealed_file_size(const struct sealed_file *file);
/* Writes what is left, appends the line to `sums`. The file is still to be synced and closed. */
int sealed_file_finish(struct sealed_file *file, struct buffer *sums, struct fault *fault);
/* NULL is allowed. */
void sealed_file_close(struct sealed_file *file);
void sealed_file_closep(struct sealed_file **file);

/* The sum of a whole file, read anew. `progress` may be NULL, below too. */
int checksum_file(int directory, const char *name, const struct snapshot_progress *progress,
		  char sum[SUM_TEXT_SIZE], struct fault *fault);

/*
 * Checks SHA256SUMS against the files of the directory. Every name in `names` (NULL at the end)
 * that exists must be listed, and nothing else may be. 1: all is as listed; 0: there is no
 * such file; -errno and a sentence: anything else.
 */
int checksum_verify(int directory, const char *const *names,
		    const struct snapshot_progress *progress, struct fault *fault);

#endif
