// SPDX-License-Identifier: BSD-2-Clause
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "notify.h"

/* Never returns. */
static void wait_for(pid_t child, int pipe_end)
{
	char byte;
	int status;
	ssize_t got;
	do
		got = read(pipe_end, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

int daemon_start(struct daemon *daemon, bool foreground)
{
	int ends[2];
	*daemon = (struct daemon){-1, -1, notify_open()};
	if (foreground)
		return 0;
	daemon->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (daemon->null < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	pid_t child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		close(ends[1]);
		wait_for(child, ends[0]);
	}
	close(ends[0]);
	daemon->parent = ends[1];
	setsid();
	return 0;
}

void daemon_ready(struct daemon *daemon)
{
	notify_tell(daemon->notify, "READY=1");
	if (daemon->parent < 0)
		return;
	/* The filter knows dup3(2) only. Whoever waits for the end of our output must get it. */
	for (int fd = 0; fd <= 2; fd++)
		dup3(daemon->null, fd, 0);
	(void)!write(daemon->parent, "", 1);
	close(daemon->parent);
	daemon->parent = -1;
}

void daemon_stopping(struct daemon *daemon)
{
	notify_tell(daemon->notify, "STOPPING=1");
}
