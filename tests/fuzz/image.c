// SPDX-License-Identifier: BSD-2-Clause
/*
 * The whole reader of snapshots, and what works on an image that it let through.
 *
 * An input is a directory: records of a byte (which file), three bytes (length, big-endian) and
 * the content. A first byte of 1 has SHA256SUMS made for whatever there is, so that the sums do
 * not keep the fuzzer out.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/buffer.h>
#include <bpfuse/snapshot.h>
#include "emu/emu.h"
#include "image/checksum.h"
#include "image/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {IMAGE_MANIFEST,    IMAGE_INVENTORY, IMAGE_BPFMAP_FILE,
				    IMAGE_BPFMAP_DATA, IMAGE_FILES,	IMAGE_SUMS};
enum { FILES = sizeof(files) / sizeof(files[0]) };

static char directory[64];
static int directory_fd = -1;

static void directory_remove(void)
{
	for (int i = 0; i < FILES; i++)
		unlinkat(directory_fd, files[i], 0);
	rmdir(directory);
}

static void directory_prepare(void)
{
	if (directory_fd < 0) {
		snprintf(directory, sizeof(directory), "%s/fuzz-image-XXXXXX",
			 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		if (!mkdtemp(directory))
			abort();
		directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(directory_remove);
	}
	for (int i = 0; i < FILES; i++)
		unlinkat(directory_fd, files[i], 0);
}

static void file_put(const char *name, const void *bytes, size_t length)
{
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		abort();
	close(fd);
}

static void records_put(const uint8_t *data, size_t size)
{
	while (size >= 4) {
		size_t length = (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
		const char *name = files[data[0] % FILES];

		data += 4;
		size -= 4;
		length = length < size ? length : size;
		file_put(name, data, length);
		data += length;
		size -= length;
	}
}

static void seal(void)
{
	struct buffer sums = BUFFER_INIT;
	char sum[SUM_TEXT_SIZE];

	for (int i = 0; i < FILES - 1; i++)
		if (!checksum_file(directory_fd, files[i], NULL, sum, NULL))
			buffer_append_format(&sums, "%s  %s\n", sum, files[i]);
	if (sums.length)
		file_put(IMAGE_SUMS, sums.data, sums.length);
	buffer_free(&sums);
}

static int line_ignore(void *context, const char *line)
{
	return 0;
}

static void image_use(struct image *image)
{
	static const struct snapshot_restore_options restore = {.partial = true, .as_root = true};
	static const struct snapshot_diff_options diff = {.print = line_ignore};
	snapshot_report *report = NULL;
	struct backend *world;
	FILE *out = fopen("/dev/null", "w");
	bool different;

	json_decref(snapshot_describe(image));
	snapshot_export(image, SNAPSHOT_EXPORT_OURS, NULL, out, NULL);
	snapshot_export(image, SNAPSHOT_EXPORT_BPFTOOL, NULL, out, NULL);
	fclose(out);
	snapshot_diff(image, image, &diff, &different, NULL);
	if (emu_open(NULL, &world, NULL))
		abort();
	snapshot_restore(image, world, "", &restore, &report, NULL);
	json_decref(report);
	backend_close(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;

	if (!size)
		return 0;
	directory_prepare();
	records_put(data + 1, size - 1);
	if (data[0] == 1)
		seal();
	if (!snapshot_open(directory, NULL, SNAPSHOT_ELEMENTS, NULL, &image, NULL)) {
		image_use(image);
		snapshot_close(image);
	}
	return 0;
}
