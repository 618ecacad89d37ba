// SPDX-License-Identifier: BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/message.h"
#include "image/output.h"
#include "image/state.h"
#include "directory.h"
#include "owner.h"

/* All that a snapshot or the temporary directory of one may hold. */
static const char *const known_files[] = {
	IMAGE_SUMS,  IMAGE_INVENTORY, IMAGE_BPFMAP_FILE, IMAGE_BPFMAP_DATA,
	IMAGE_FILES, "spool.tmp",     IMAGE_MANIFEST,	 NULL,
};

/*
 * SHA256SUMS goes first: from then on it is no snapshot any more. The manifest goes last: images
 * without both are CRIU's. Anything else stays.
 */
static int opened_remove(int parent, const char *name, int directory)
{
	for (size_t i = 0; known_files[i]; i++)
		unlinkat(directory, known_files[i], 0);
	return unlinkat(parent, name, AT_REMOVEDIR) ? -errno : 0;
}

int output_remove(int parent, const char *name)
{
	cleanup_close int directory =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return directory < 0 ? -errno : opened_remove(parent, name, directory);
}

void output_temporary_prefix(const char *name, char prefix[NAME_MAX])
{
	snprintf(prefix, NAME_MAX, ".%.150s.bpfsnap-", name);
}

static int stale_remove(void *context, int parent, const char *name)
{
	output_remove(parent, name);
	return 0;
}

/* Directories of dumps to the same name that were killed, and theirs that were complete. */
static void collect_stale(int parent, const char *name)
{
	char prefix[NAME_MAX + 1] = ".";

	output_temporary_prefix(name, prefix + 1);
	state_visit_stale(parent, prefix + 1, stale_remove, NULL);
	state_visit_stale(parent, prefix, stale_remove, NULL);
}

static int directory_holds(int parent, const char *name, bool *known_only)
{
	DIR *listing = directory_take(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	int count = 0;

	*known_only = true;
	if (!listing)
		return -errno;
	while (errno = 0, (entry = readdir(listing))) {
		bool known = false;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		for (size_t i = 0; known_files[i]; i++)
			known |= !strcmp(entry->d_name, known_files[i]);
		*known_only &= known;
		count++;
	}
	if (errno)
		count = -errno;
	closedir(listing);
	return count;
}

/* The wanted name must be free, an empty directory, or a snapshot that may be replaced. */
static int wanted_check(const struct output *output, const char *given, struct fault *fault)
{
	bool known_only;
	int count = directory_holds(output->parent, output->name, &known_only);

	if (count == -ENOENT)
		return 0;
	if (count < 0)
		return fault_set(fault, -count, "%s: cannot be written: %s", given,
				 strerror(-count));
	if (!count)
		return 0;
	if (!output->replace)
		return fault_set(fault, EEXIST,
				 "%s: exists and is not empty; name a new directory, or say "
				 "--replace to replace a snapshot",
				 given);
	if (!known_only)
		return fault_set(fault, EEXIST,
				 "%s: holds other files than those of a snapshot; not replaced",
				 given);
	return 0;
}

int output_split(const char *given, int *parent, char **name)
{
	cleanup_free char *resolved = realpath(given, NULL);
	cleanup_free char *first = strdup(resolved ? resolved : given);
	cleanup_free char *second = strdup(resolved ? resolved : given);

	*name = first ? strdup(basename(first)) : NULL;
	if (!second || !*name)
		return -ENOMEM;
	*parent = open(dirname(second), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *parent < 0 ? -errno : 0;
}

static int wanted_split(struct output *output, const char *given, struct fault *fault)
{
	int error;

	if (!*given)
		return fault_set(fault, ENOENT, "no directory to write to");
	error = output_split(given, &output->parent, &output->name);
	if (error)
		return fault_set(fault, -error, "%s: its directory cannot be opened: %s", given,
				 strerror(-error));
	return 0;
}

static int temporary_create(struct output *output, const char *given, struct fault *fault)
{
	char prefix[NAME_MAX], owner[OWNER_TEXT_SIZE];
	struct stat st;

	output_temporary_prefix(output->name, prefix);
	owner_print(owner);
	if (asprintf(&output->temporary, "%s%s", prefix, owner) < 0)
		return fault_set(fault, ENOMEM, "out of memory");
	output_remove(output->parent, output->temporary);
	if (mkdirat(output->parent, output->temporary, 0700))
		return fault_set(fault, errno, "%s: cannot be made: %s", given, strerror(errno));
	output->fd = openat(output->parent, output->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->fd < 0)
		return fault_set(fault, errno, "%s: cannot be opened: %s", given, strerror(errno));
	if (!fstatat(output->parent, output->name, &st, 0) && fchmod(output->fd, st.st_mode))
		return fault_set(fault, errno, "%s: %s", given, strerror(errno));
	return 0;
}

int output_beside(const char *directory, char **path, struct fault *fault)
{
	struct output output = {.parent = -1, .fd = -1};
	cleanup_free char *resolved = realpath(directory, NULL), *copy = NULL;
	char prefix[NAME_MAX], owner[OWNER_TEXT_SIZE];
	int error = wanted_split(&output, directory, fault);

	copy = strdup(resolved ? resolved : directory);
	if (!error) {
		output_temporary_prefix(output.name, prefix);
		owner_print(owner);
		if (!copy || asprintf(path, "%s/%s%s-full", dirname(copy), prefix, owner) < 0)
			error = fault_set(fault, ENOMEM, "out of memory");
		else
			collect_stale(output.parent, output.name);
	}
	output_close(&output);
	return error;
}

int output_open(const char *directory, bool replace, struct output *output, struct fault *fault)
{
	int error;

	*output = (struct output){.parent = -1, .fd = -1, .replace = replace};
	error = wanted_split(output, directory, fault);
	if (!error)
		error = wanted_check(output, directory, fault);
	if (error)
		return error;
	collect_stale(output->parent, output->name);
	return temporary_create(output, directory, fault);
}

void output_close(struct output *output)
{
	if (output->fd >= 0 && !output->committed)
		opened_remove(output->parent, output->temporary, output->fd);
	else if (output->temporary && !output->committed)
		unlinkat(output->parent, output->temporary, AT_REMOVEDIR);
	if (output->fd >= 0)
		close(output->fd);
	if (output->parent >= 0)
		close(output->parent);
	free(output->temporary);
	free(output->name);
}

int output_place(int parent, const char *temporary, const char *name, bool exchange)
{
	unsigned flags = exchange ? RENAME_EXCHANGE : 0;
	int error;

	if (renameat2(parent, temporary, parent, name, flags))
		return -errno;
	if (!fsync(parent))
		return 0;
	error = -errno;
	/* if it cannot be taken back it is there, complete */
	return renameat2(parent, name, parent, temporary, flags) ? 0 : error;
}

/* A new name, an empty directory, or (replace) a snapshot: in one step each. */
int output_commit(struct output *output, struct fault *fault)
{
	int error = fsync(output->fd) ? -errno : 0;

	if (!error)
		error = output_place(output->parent, output->temporary, output->name, false);
	if ((error == -ENOTEMPTY || error == -EEXIST) && output->replace)
		error = output_place(output->parent, output->temporary, output->name, true);
	if (error)
		return fault_set(fault, -error, "%s: cannot be put in place: %s", output->name,
				 strerror(-error));
	output->committed = true;
	output_remove(output->parent, output->temporary);
	return 0;
}
