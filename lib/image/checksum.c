// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <bpfuse/cleanup.h>
#include "image/background.h"
#include "image/checksum.h"
#include "image/message.h"
#include "image/report.h"

#define SEALED_BUFFER (256u << 10)
/* A few lines of 64 digits and a name. */
#define SUMS_MAX 4096

struct sealed_file {
	int fd;
	char *name;
	EVP_MD_CTX *hash;
	uint64_t size; /* given to us; of it `put` bytes are on their way into the file */
	uint64_t put;
	size_t used; /* of the buffer that is being filled; the other one may be being written */
	int error;
	struct background *background;
	unsigned char *buffer, buffers[2][SEALED_BUFFER];
};

static void sum_print(const unsigned char *sum, unsigned length, char text[SUM_TEXT_SIZE])
{
	for (unsigned i = 0; i < length && 2 * i + 2 < SUM_TEXT_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", sum[i]);
}

static EVP_MD_CTX *hash_start(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(hash);
		return NULL;
	}
	return hash;
}

static int hash_end(EVP_MD_CTX *hash, char text[SUM_TEXT_SIZE])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned length;

	if (EVP_DigestFinal_ex(hash, sum, &length) != 1)
		return -EIO;
	sum_print(sum, length, text);
	return 0;
}

int sealed_file_create(int directory, const char *name, struct sealed_file **file,
		       struct fault *fault)
{
	struct sealed_file *made = calloc(1, sizeof(*made));

	if (!made)
		return fault_set(fault, ENOMEM, "%s: out of memory", name);
	made->fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	made->error = made->fd < 0 ? errno : 0;
	made->name = strdup(name);
	made->hash = hash_start();
	made->background = background_new();
	made->buffer = made->buffers[0];
	if (made->error || !made->name || !made->hash || !made->background) {
		int error = made->error ? made->error : ENOMEM;

		sealed_file_close(made);
		return fault_set(fault, error, "%s: cannot create: %s", name, strerror(error));
	}
	*file = made;
	return 0;
}

/* The sum is made here while the piece before is being written. */
static void sealed_file_put(struct sealed_file *file, const void *bytes, size_t length)
{
	if (file->error || !length)
		return;
	if (EVP_DigestUpdate(file->hash, bytes, length) != 1)
		file->error = EIO;
	else
		file->error =
			-background_write(file->background, file->fd, bytes, length, file->put);
	file->put += length;
}

static void sealed_file_flush(struct sealed_file *file)
{
	sealed_file_put(file, file->buffer, file->used);
	file->buffer = file->buffers[file->buffer == file->buffers[0]];
	file->used = 0;
}

/* The caller's bytes are his own again when this returns. */
static void sealed_file_put_large(struct sealed_file *file, const unsigned char *bytes,
				  size_t length)
{
	int error;

	while (length) {
		size_t step = length < SEALED_BUFFER ? length : SEALED_BUFFER;

		sealed_file_put(file, bytes, step);
		bytes += step;
		length -= step;
	}
	error = -background_wait(file->background);
	file->error = file->error ? file->error : error;
}

void sealed_file_write(struct sealed_file *file, const void *bytes, size_t length)
{
	file->size += length;
	if (file->used + length > SEALED_BUFFER)
		sealed_file_flush(file);
	if (length > SEALED_BUFFER) {
		sealed_file_put_large(file, bytes, length);
		return;
	}
	if (length)
		memcpy(file->buffer + file->used, bytes, length);
	file->used += length;
}

int sealed_file_error(const struct sealed_file *file)
{
	return -file->error;
}

uint64_t sealed_file_size(const struct sealed_file *file)
{
	return file->size;
}

int sealed_file_finish(struct sealed_file *file, struct buffer *sums, struct fault *fault)
{
	char text[SUM_TEXT_SIZE];

	sealed_file_flush(file);
	if (!file->error)
		file->error = -background_wait(file->background);
	if (!file->error && hash_end(file->hash, text))
		file->error = EIO;
	if (file->error)
		return fault_set(fault, file->error, "%s: cannot write: %s", file->name,
				 strerror(file->error));
	if (sums)
		buffer_append_format(sums, "%s  %s\n", text, file->name);
	return 0;
}

void sealed_file_close(struct sealed_file *file)
{
	if (!file)
		return;
	background_free(file->background);
	if (file->fd >= 0)
		close(file->fd);
	EVP_MD_CTX_free(file->hash);
	free(file->name);
	free(file);
}

void sealed_file_closep(struct sealed_file **file)
{
	sealed_file_close(*file);
}

static int hash_fd(int fd, EVP_MD_CTX *hash, const struct snapshot_progress *progress)
{
	cleanup_free unsigned char *chunk = malloc(SEALED_BUFFER);

	if (!chunk)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, chunk, SEALED_BUFFER);

		if (progress_report(progress, "checking the sums", 0, 0))
			return -ECANCELED;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		if (EVP_DigestUpdate(hash, chunk, (size_t)got) != 1)
			return -EIO;
	}
}

int checksum_file(int directory, const char *name, const struct snapshot_progress *progress,
		  char sum[SUM_TEXT_SIZE], struct fault *fault)
{
	cleanup_close int fd =
		openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	EVP_MD_CTX *hash;
	int error;

	if (fd < 0)
		return fault_set(fault, errno, "%s: cannot open: %s", name, strerror(errno));
	hash = hash_start();
	error = hash ? hash_fd(fd, hash, progress) : -ENOMEM;
	if (!error)
		error = hash_end(hash, sum);
	EVP_MD_CTX_free(hash);
	if (error == -ECANCELED)
		return fault_set(fault, ECANCELED, "interrupted");
	if (error)
		return fault_set(fault, -error, "%s: cannot read: %s", name, strerror(-error));
	return 0;
}

static int sums_read(int directory, char text[SUMS_MAX + 1], struct fault *fault)
{
	cleanup_close int fd =
		openat(directory, IMAGE_SUMS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int error;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return fault_set(fault, errno, IMAGE_SUMS ": cannot open: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > SUMS_MAX)
		return fault_set(fault, EINVAL, IMAGE_SUMS ": not a list of sums of a snapshot");
	error = message_read_at(fd, IMAGE_SUMS, text, (size_t)st.st_size, 0, fault);
	if (error)
		return error;
	text[st.st_size] = '\0';
	if (strlen(text) != (size_t)st.st_size || !st.st_size || text[st.st_size - 1] != '\n')
		return fault_set(fault, EINVAL, IMAGE_SUMS ": truncated or not text");
	return 1;
}

static int sums_find(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

/* One line "SUM  NAME": the name must be one of ours, the sum that of the file. */
static int sums_check_line(int directory, const char *const *names, const char *line,
			   unsigned *seen, const struct snapshot_progress *progress,
			   struct fault *fault)
{
	char sum[SUM_TEXT_SIZE] = "";
	int index, error;

	if (strspn(line, "0123456789abcdef") != SUM_TEXT_SIZE - 1 ||
	    strncmp(line + SUM_TEXT_SIZE - 1, "  ", 2) != 0)
		return fault_set(fault, EINVAL, IMAGE_SUMS ": a line is not a sum and a name");
	index = sums_find(names, line + SUM_TEXT_SIZE + 1);
	if (index < 0)
		return fault_set(fault, EINVAL, IMAGE_SUMS ": names a file that no snapshot has");
	if (*seen & (1u << index))
		return fault_set(fault, EINVAL, IMAGE_SUMS ": names %s twice", names[index]);
	*seen |= 1u << index;
	error = checksum_file(directory, names[index], progress, sum, fault);
	if (error)
		return error;
	if (strncmp(sum, line, SUM_TEXT_SIZE - 1) != 0)
		return fault_set(fault, EINVAL, "%s: damaged: its SHA-256 sum is not the one in %s",
				 names[index], IMAGE_SUMS);
	return 0;
}

int checksum_verify(int directory, const char *const *names,
		    const struct snapshot_progress *progress, struct fault *fault)
{
	char text[SUMS_MAX + 1], *line = text, *end;
	unsigned seen = 0;
	int there = sums_read(directory, text, fault);

	if (there <= 0)
		return there;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		int error;

		*end = '\0';
		error = sums_check_line(directory, names, line, &seen, progress, fault);
		if (error)
			return error;
	}
	for (int i = 0; names[i]; i++)
		if (!(seen & (1u << i)) && !faccessat(directory, names[i], F_OK, 0))
			return fault_set(fault, EINVAL, "%s: is not listed in %s", names[i],
					 IMAGE_SUMS);
	return 1;
}
