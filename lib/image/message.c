// SPDX-License-Identifier: BSD-2-Clause
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "image/message.h"

int message_read_at(int fd, const char *name, void *bytes, size_t length, uint64_t offset,
		    struct fault *fault)
{
	unsigned char *to = bytes;

	while (length) {
		ssize_t got = pread(fd, to, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(fault, errno, "%s: cannot read at byte %" PRIu64 ": %s",
					 name, offset, strerror(errno));
		if (!got)
			return fault_set(fault, EINVAL,
					 "%s: truncated: %zu more bytes expected at byte %" PRIu64,
					 name, length, offset);
		to += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

int message_write_at(int fd, const void *bytes, size_t length, uint64_t offset)
{
	const unsigned char *from = bytes;

	while (length) {
		ssize_t done = pwrite(fd, from, length, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		from += done;
		length -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

/* inventory.img has only its own magic; all others have the common one before it. */
static int message_check_magic(struct message_file *file, uint32_t magic, struct fault *fault)
{
	uint32_t found[2];
	size_t words = magic == IMAGE_MAGIC_INVENTORY ? 1 : 2;
	int error = message_read_at(file->fd, file->name, found, 4 * words, 0, fault);

	if (error)
		return error;
	file->at = 4 * words;
	if (found[0] == bswap_32(words == 1 ? magic : IMAGE_MAGIC_COMMON))
		return fault_set(fault, EINVAL, "%s: written on a machine of the other byte order",
				 file->name);
	if (found[words - 1] != magic || (words == 2 && found[0] != IMAGE_MAGIC_COMMON))
		return fault_set(fault, EINVAL, "%s: not such an image: wrong magic number",
				 file->name);
	return 0;
}

int message_file_open(int directory, const char *name, uint32_t magic, struct message_file *file,
		      struct fault *fault)
{
	struct stat st;
	int error;

	*file = (struct message_file){.fd = -1, .name = name};
	file->fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0 && errno == ENOENT)
		return 0;
	if (file->fd < 0 || fstat(file->fd, &st))
		return fault_set(fault, errno, "%s: cannot open: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		message_file_close(file);
		return fault_set(fault, EINVAL, "%s: not a regular file", name);
	}
	file->size = (uint64_t)st.st_size;
	error = message_check_magic(file, magic, fault);
	if (error) {
		message_file_close(file);
		return error;
	}
	return 1;
}

void message_file_close(struct message_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

int message_next(struct message_file *file, unsigned char **bytes, size_t *length,
		 struct fault *fault)
{
	unsigned char *grown;
	uint32_t size;
	int error;

	if (file->at == file->size)
		return 0;
	error = message_read_at(file->fd, file->name, &size, sizeof(size), file->at, fault);
	if (error)
		return error;
	if (size > IMAGE_MESSAGE_MAX)
		return fault_set(fault, EINVAL,
				 "%s: the entry at byte %" PRIu64 " claims %" PRIu32
				 " bytes of description; no such entry is that long",
				 file->name, file->at, size);
	grown = realloc(*bytes, size ? size : 1);
	if (!grown)
		return fault_set(fault, ENOMEM, "%s: out of memory", file->name);
	*bytes = grown;
	error = message_read_at(file->fd, file->name, grown, size, file->at + sizeof(size), fault);
	if (error)
		return error;
	file->at += sizeof(size) + size;
	*length = size;
	return 1;
}
