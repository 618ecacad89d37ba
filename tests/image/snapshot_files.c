// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/checksum.h"
#include "image/message.h"
#include "snapshot_files.h"

const char *const snapshot_files[SNAPSHOT_FILES] = {
	IMAGE_SUMS,	   IMAGE_MANIFEST,    IMAGE_INVENTORY,
	IMAGE_BPFMAP_FILE, IMAGE_BPFMAP_DATA, IMAGE_FILES,
};

void content_read(const char *directory, const char *name, struct content *content)
{
	char path[4096];
	struct stat st;
	cleanup_close int fd = -1;

	*content = (struct content){0};
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	cr_assert_eq(fstat(fd, &st), 0);
	content->length = (size_t)st.st_size;
	content->bytes = malloc(content->length + 64);
	cr_assert_eq(read(fd, content->bytes, content->length), st.st_size);
}

void content_write(const char *directory, const char *name, const struct content *content)
{
	char path[4096];
	cleanup_close int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	if (!content->bytes)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content->bytes, content->length), (ssize_t)content->length);
}

void contents_free(struct content contents[SNAPSHOT_FILES])
{
	for (int i = 0; i < SNAPSHOT_FILES; i++)
		free(contents[i].bytes);
}

void contents_read(const char *directory, struct content contents[SNAPSHOT_FILES])
{
	for (int i = 0; i < SNAPSHOT_FILES; i++)
		content_read(directory, snapshot_files[i], &contents[i]);
}

void contents_write(const char *directory, const struct content contents[SNAPSHOT_FILES])
{
	mkdir(directory, 0700);
	for (int i = 0; i < SNAPSHOT_FILES; i++)
		content_write(directory, snapshot_files[i], &contents[i]);
}

/* New sums for whatever is there: what a forger would do. */
void snapshot_reseal(const char *directory)
{
	struct buffer sums = BUFFER_INIT;
	cleanup_close int fd = open(directory, O_RDONLY | O_DIRECTORY);
	struct content content;
	char sum[SUM_TEXT_SIZE];

	for (int i = 1; i < SNAPSHOT_FILES; i++)
		if (!checksum_file(fd, snapshot_files[i], NULL, sum, NULL))
			buffer_append_format(&sums, "%s  %s\n", sum, snapshot_files[i]);
	content = (struct content){(unsigned char *)sums.data, sums.length};
	content_write(directory, IMAGE_SUMS, &content);
	buffer_free(&sums);
}

int snapshot_try(const char *directory, struct fault *fault)
{
	struct image *image;
	int error = snapshot_open(directory, NULL, SNAPSHOT_ELEMENTS, NULL, &image, fault);

	if (!error)
		snapshot_close(image);
	return error;
}

const char *sample_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("IMAGES"), name);
	return path;
}
