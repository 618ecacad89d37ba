// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "image/message.h"
#include "image/spool.h"

int spool_init(struct spool *spool, int directory, size_t memory_max)
{
	*spool = (struct spool){.directory = directory, .fd = -1, .memory_max = memory_max};
	spool->memory = malloc(memory_max);
	return spool->memory ? 0 : -ENOMEM;
}

void spool_free(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->memory);
	spool->memory = NULL;
	spool->fd = -1;
}

/* A file without a name, also where the file system has no O_TMPFILE. */
static int nameless_file(int directory)
{
	static const char name[] = "spool.tmp";
	int fd = openat(directory, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(directory, name, 0);
	return fd;
}

static int spool_write(struct spool *spool, const unsigned char *bytes, size_t length)
{
	if (spool->fd < 0)
		spool->fd = nameless_file(spool->directory);
	if (spool->fd < 0)
		return -errno;
	while (length) {
		ssize_t done = pwrite(spool->fd, bytes, length, (off_t)spool->filed);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		length -= (size_t)done;
		spool->filed += (uint64_t)done;
	}
	return 0;
}

int spool_add(struct spool *spool, const void *bytes, size_t length)
{
	int error;

	if (!length)
		return 0;
	if (spool->used + length > spool->memory_max) {
		error = spool_write(spool, spool->memory, spool->used);
		if (error)
			return error;
		spool->used = 0;
	}
	if (length > spool->memory_max)
		return spool_write(spool, bytes, length);
	memcpy(spool->memory + spool->used, bytes, length);
	spool->used += length;
	return 0;
}

int spool_reset(struct spool *spool)
{
	spool->used = 0;
	if (!spool->filed)
		return 0;
	spool->filed = 0;
	return ftruncate(spool->fd, 0) ? -errno : 0;
}

static int spool_pour_file(struct spool *spool, struct sealed_file *file)
{
	size_t step = 256u << 10;
	unsigned char *chunk = malloc(step);
	int error = chunk ? 0 : -ENOMEM;

	for (uint64_t at = 0; !error && at < spool->filed; at += step) {
		size_t length = spool->filed - at < step ? (size_t)(spool->filed - at) : step;

		error = message_read_at(spool->fd, "spool", chunk, length, at, NULL);
		if (!error)
			sealed_file_write(file, chunk, length);
	}
	free(chunk);
	return error;
}

int spool_pour(struct spool *spool, struct sealed_file *file)
{
	int error = spool->filed ? spool_pour_file(spool, file) : 0;

	if (error)
		return error;
	sealed_file_write(file, spool->memory, spool->used);
	error = spool_reset(spool);
	return error ? error : sealed_file_error(file);
}
