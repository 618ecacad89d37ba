// SPDX-License-Identifier: BSD-2-Clause
/* A snapshot as one tar file: ustar, and pax headers only for files of 8 GiB and more. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/message.h"
#include "image/report.h"

#define STREAM_BLOCK (256u << 10)

/* The sums come first: a reader that gets only a part of the stream knows what is missing. */
static const char *const stream_files[] = {
	IMAGE_SUMS,	   IMAGE_MANIFEST,    IMAGE_INVENTORY,
	IMAGE_BPFMAP_FILE, IMAGE_BPFMAP_DATA, IMAGE_FILES,
};
#define STREAM_FILES (sizeof(stream_files) / sizeof(stream_files[0]))

static int archive_fault(struct archive *archive, struct fault *fault)
{
	int error = archive_errno(archive);
	const char *why = archive_error_string(archive);

	return fault_set(fault, error > 0 ? error : EINVAL, "the stream: %s",
			 why ? why : "is no tar file");
}

/* The other end: libarchive's own functions for descriptors do not let a signal end what waits. */
struct stream {
	int fd;
	const struct snapshot_progress *progress;
	void *block; /* of what is read */
	bool none;   /* there was nothing to read */
};

static la_ssize_t stream_fail(struct archive *archive, int error)
{
	archive_set_error(archive, error, "%s",
			  error == ECANCELED ? "interrupted" : strerror(error));
	return -1;
}

static la_ssize_t stream_write(struct archive *archive, void *context, const void *block,
			       size_t length)
{
	struct stream *stream = context;
	ssize_t done;

	do {
		if (progress_report(stream->progress, "writing the stream", 0, 0))
			return stream_fail(archive, ECANCELED);
		done = write(stream->fd, block, length);
	} while (done < 0 && errno == EINTR);
	return done < 0 ? stream_fail(archive, errno) : done;
}

static la_ssize_t stream_read(struct archive *archive, void *context, const void **block)
{
	struct stream *stream = context;
	ssize_t got;

	*block = stream->block;
	do {
		if (progress_report(stream->progress, "reading the stream", 0, 0)) {
			stream->none = false;
			return stream_fail(archive, ECANCELED);
		}
		got = read(stream->fd, stream->block, STREAM_BLOCK);
	} while (got < 0 && errno == EINTR);
	stream->none = stream->none && got == 0;
	return got < 0 ? stream_fail(archive, errno) : got;
}

/* --- packing --- */

static int data_pack(struct archive *archive, int fd, const char *name, struct fault *fault)
{
	cleanup_free char *block = malloc(STREAM_BLOCK);

	if (!block)
		return fault_set(fault, ENOMEM, "out of memory");
	for (;;) {
		ssize_t got = read(fd, block, STREAM_BLOCK);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(fault, errno, "%s: %s", name, strerror(errno));
		if (!got)
			return 0;
		if (archive_write_data(archive, block, (size_t)got) < 0)
			return archive_fault(archive, fault);
	}
}

static int file_pack(struct archive *archive, int directory, const char *name, struct fault *fault)
{
	cleanup_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct archive_entry *entry;
	struct stat st;
	int error = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return fault_set(fault, errno, "%s: %s", name, strerror(errno));
	entry = archive_entry_new();
	if (!entry)
		return fault_set(fault, ENOMEM, "out of memory");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, st.st_size);
	archive_entry_set_mtime(entry, st.st_mtime, 0);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		error = archive_fault(archive, fault);
	archive_entry_free(entry);
	return error ? error : data_pack(archive, fd, name, fault);
}

int snapshot_pack(const char *directory, int fd, const struct snapshot_progress *progress,
		  struct fault *fault)
{
	struct stream stream = {.fd = fd, .progress = progress};
	cleanup_close int from = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct archive *archive;
	int error = 0;

	if (from < 0)
		return fault_set(fault, errno, "%s: %s", directory, strerror(errno));
	archive = archive_write_new();
	if (!archive)
		return fault_set(fault, ENOMEM, "out of memory");
	if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_open(archive, &stream, NULL, stream_write, NULL) != ARCHIVE_OK)
		error = archive_fault(archive, fault);
	for (size_t i = 0; !error && i < STREAM_FILES; i++)
		error = file_pack(archive, from, stream_files[i], fault);
	if (!error && archive_write_close(archive) != ARCHIVE_OK)
		error = archive_fault(archive, fault);
	archive_write_free(archive);
	return error;
}

/* --- unpacking --- */

static int data_unpack(struct archive *archive, int fd, const char *name, struct fault *fault)
{
	const void *block;
	size_t length;
	int64_t offset;
	int result;

	while ((result = archive_read_data_block(archive, &block, &length, &offset)) ==
	       ARCHIVE_OK) {
		int error = message_write_at(fd, block, length, (uint64_t)offset);

		if (error)
			return fault_set(fault, -error, "%s: %s", name, strerror(-error));
	}
	return result == ARCHIVE_EOF ? 0 : archive_fault(archive, fault);
}

/* "./NAME" is what `tar c .` makes of our files. */
static int entry_index(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (!name)
		return -1;
	if (!strncmp(name, "./", 2))
		name += 2;
	for (size_t i = 0; i < STREAM_FILES; i++)
		if (!strcmp(name, stream_files[i]))
			return (int)i;
	return -1;
}

static int entry_unpack(struct archive *archive, struct archive_entry *entry, int directory,
			struct fault *fault)
{
	int index = entry_index(entry);
	cleanup_close int fd = -1;

	if (archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (index < 0 || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return fault_set(fault, EINVAL,
				 "the stream: holds something that is no file of a snapshot");
	fd = openat(directory, stream_files[index], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(fault, errno, "the stream: %s: %s", stream_files[index],
				 errno == EEXIST ? "is there twice" : strerror(errno));
	return data_unpack(archive, fd, stream_files[index], fault);
}

static int entries_unpack(struct archive *archive, int directory, struct fault *fault)
{
	struct archive_entry *entry;
	unsigned count = 0;
	int result;

	while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		int error = entry_unpack(archive, entry, directory, fault);

		if (error)
			return error;
		count++;
	}
	if (result != ARCHIVE_EOF)
		return archive_fault(archive, fault);
	return count ? 0 : fault_set(fault, EINVAL, "the stream: is empty");
}

int snapshot_unpack(int fd, const char *directory, const struct snapshot_progress *progress,
		    struct fault *fault)
{
	cleanup_free void *block = malloc(STREAM_BLOCK);
	struct stream stream = {.fd = fd, .progress = progress, .block = block, .none = true};
	cleanup_close int into = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct archive *archive;
	int error = 0;

	if (into < 0)
		return fault_set(fault, errno, "%s: %s", directory, strerror(errno));
	archive = block ? archive_read_new() : NULL;
	if (!archive)
		return fault_set(fault, ENOMEM, "out of memory");
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_open(archive, &stream, NULL, stream_read, NULL) != ARCHIVE_OK)
		error = archive_fault(archive, fault);
	if (!error)
		error = entries_unpack(archive, into, fault);
	if (error && stream.none)
		error = fault_set(fault, EINVAL, "the stream: is empty");
	archive_read_free(archive);
	return error;
}
