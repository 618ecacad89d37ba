// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs every file of the directories named on the command line through a fuzz target, so that
 * its corpus is a regression test in any build, with any compiler.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *stream = fopen(path, "rb");
	char *bytes = NULL;
	size_t length = 0;
	FILE *copy = open_memstream(&bytes, &length);
	char chunk[4096];
	size_t got;

	if (!stream || !copy) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((got = fread(chunk, 1, sizeof(chunk), stream)) > 0)
		fwrite(chunk, 1, got, copy);
	fclose(stream);
	fclose(copy);
	/* An allocation of exactly this size, so that a read behind the end is seen. */
	uint8_t *exact = malloc(length ? length : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
	free(bytes);
	return 0;
}

static int replay_directory(const char *path, size_t *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (!directory) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((entry = readdir(directory))) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		failed |= replay_file(file);
		(*count)++;
	}
	closedir(directory);
	return failed;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay_directory(argv[i], &count);
	printf("%zu inputs replayed\n", count);
	return failed || count == 0;
}
