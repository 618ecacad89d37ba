// SPDX-License-Identifier: BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "directory.h"
#include "owner.h"
#include "image/state.h"

/* What users other than root have for such things; /tmp where nothing is said. */
static char *state_of_user(uid_t uid)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path;

	if (runtime && *runtime == '/' && asprintf(&path, "%s/bpfsnap", runtime) >= 0)
		return path;
	return asprintf(&path, "/tmp/bpfsnap-state-%u", uid) >= 0 ? path : NULL;
}

char *state_path(const char *state)
{
	uid_t uid = geteuid();

	if (state)
		return strdup(state);
	return uid ? state_of_user(uid) : strdup(SNAPSHOT_STATE);
}

/* A symlink in /tmp is nobody's word for where the journals are. */
static int state_open_flags(const char *state)
{
	return O_RDONLY | O_DIRECTORY | O_CLOEXEC | (state ? 0 : O_NOFOLLOW);
}

int state_open(const char *said, struct fault *fault)
{
	cleanup_free char *state = state_path(said);
	cleanup_close int fd = -1;
	struct stat st;

	if (!state)
		return fault_set(fault, ENOMEM, "out of memory");
	if (mkdir(state, 0700) && errno != EEXIST)
		return fault_set(fault, errno, "%s: cannot be made for journals: %s", state,
				 strerror(errno));
	fd = open(state, state_open_flags(said));
	if (fd < 0 || fstat(fd, &st))
		return fault_set(fault, errno, "%s: cannot be opened: %s", state, strerror(errno));
	/* a journal is believed: nobody else may have written it */
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return fault_set(fault, EPERM,
				 "%s: is not a directory that only this user can write", state);
	return move_fd(fd);
}

void state_boot(char text[BOOT_TEXT_SIZE])
{
	cleanup_fclose FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	text[0] = '\0';
	if (file && fgets(text, BOOT_TEXT_SIZE, file))
		text[strcspn(text, "\n")] = '\0';
}

void state_world(const struct backend *backend, char text[WORLD_TEXT_SIZE])
{
	snprintf(text, WORLD_TEXT_SIZE, "%.8s:%" PRIx64, backend->ops->name, backend->instance);
}

void state_entry_name(const char *prefix, char name[96])
{
	static unsigned number;
	char owner[OWNER_TEXT_SIZE];

	owner_print(owner);
	snprintf(name, 96, "%.20s%s-%u", prefix, owner,
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
}

int state_visit_stale(int directory, const char *prefix,
		      int (*visit)(void *context, int directory, const char *name), void *context)
{
	DIR *listing = directory_take(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	int result = 0;

	if (!listing)
		return -errno;
	while (!result && (errno = 0, (entry = readdir(listing))))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) &&
		    !owner_alive(entry->d_name + strlen(prefix)))
			result = visit(context, directory, entry->d_name);
	if (!result)
		result = -errno;
	closedir(listing);
	return result;
}
