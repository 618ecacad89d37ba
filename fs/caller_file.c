// SPDX-License-Identifier: BSD-2-Clause
#include "caller_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What /proc/PID/status says of the thread that asks. */
struct caller_status {
	int process;
	unsigned user; /* the one that it accesses files as, as FUSE tells it */
};

static bool status_read(pid_t thread, struct caller_status *status)
{
	char path[32], line[128];
	int found = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	while (found < 2 && fgets(line, sizeof(line), file))
		found += sscanf(line, "Tgid: %d", &status->process) == 1 ||
			 sscanf(line, "Uid: %*u %*u %*u %u", &status->user) == 1;
	fclose(file);
	return found == 2;
}

int caller_file(const struct request *request, int number)
{
	struct caller_status status;
	if (!status_read(request->pid, &status))
		return -EPERM;
	int process = (int)syscall(SYS_pidfd_open, status.process, 0);
	if (process < 0)
		return -EPERM;
	/* A caller that was killed may have left its number to somebody else's process by now. */
	int rc = -EPERM;
	if (status_read(request->pid, &status) && status.user == request->uid) {
		rc = (int)syscall(SYS_pidfd_getfd, process, number, 0);
		if (rc < 0)
			rc = errno == EBADF ? -EBADF : -EPERM;
	}
	close(process);
	return rc;
}
