// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "image/message.h"
#include "image/spool.h"

int spool_init(struct spool *spool, int directory, size_t first_max, size_t halves_max)
{
	*spool = (struct spool){
		.directory = directory, .fd = -1, .first_max = first_max, .half = halves_max / 2};
	spool->first = malloc(first_max);
	spool->memory = malloc(2 * spool->half);
	spool->background = background_new();
	return spool->first && spool->memory && spool->background ? 0 : -ENOMEM;
}

void spool_free(struct spool *spool)
{
	background_free(spool->background);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->memory);
	free(spool->first);
	spool->first = NULL;
	spool->background = NULL;
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

static unsigned char *filling(const struct spool *spool)
{
	return spool->memory + (spool->second ? spool->half : 0);
}

static int spool_write(struct spool *spool, const unsigned char *bytes, size_t length)
{
	if (spool->fd < 0)
		spool->fd = nameless_file(spool->directory);
	if (spool->fd < 0)
		return -errno;
	spool->filed += length;
	return background_write(spool->background, spool->fd, bytes, length, spool->filed - length);
}

int spool_add(struct spool *spool, const void *bytes, size_t length)
{
	int error = 0;

	if (!length)
		return 0;
	if (!spool->filed && !spool->used && spool->first_used + length <= spool->first_max) {
		memcpy(spool->first + spool->first_used, bytes, length);
		spool->first_used += length;
		return 0;
	}
	if (spool->used + length > spool->half) {
		error = spool_write(spool, filling(spool), spool->used);
		spool->second = !spool->second;
		spool->used = 0;
	}
	if (error)
		return error;
	if (length > spool->half) { /* the caller's bytes are his own again when this returns */
		error = spool_write(spool, bytes, length);
		return error ? error : background_wait(spool->background);
	}
	memcpy(filling(spool) + spool->used, bytes, length);
	spool->used += length;
	return 0;
}

int spool_reset(struct spool *spool)
{
	int error = background_wait(spool->background);

	spool->first_used = spool->used = 0;
	if (error || !spool->filed)
		return error;
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
	int error = background_wait(spool->background);

	if (error)
		return error;
	sealed_file_write(file, spool->first, spool->first_used);
	if (spool->filed)
		error = spool_pour_file(spool, file);
	if (error)
		return error;
	sealed_file_write(file, filling(spool), spool->used);
	error = spool_reset(spool);
	return error ? error : sealed_file_error(file);
}
