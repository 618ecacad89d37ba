// SPDX-License-Identifier: BSD-2-Clause
#include "unmounter.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "privilege.h"

extern char **environ;

/* As whoever mounted: root with umount2(2), others with the set-user-id fusermount3. */
static void unmount(const char *mountpoint)
{
	const char *command[] = {"fusermount3", "-u", "-q", "-z", "--", mountpoint, NULL};
	pid_t pid;

	if (umount2(mountpoint, MNT_DETACH) == 0 || geteuid() == 0)
		return;
	if (posix_spawnp(&pid, command[0], NULL, NULL, (char *const *)command, environ) == 0)
		waitpid(pid, NULL, 0);
}

static void unmounter_run(int socket, const char *mountpoint)
{
	char order;

	/* Out of the terminal's reach: an interrupt there is the daemon's affair. */
	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	dup2(socket, STDIN_FILENO);
	close_range(STDIN_FILENO + 1, ~0U, 0);
	/* If the kernel refuses, this process is as good as none: the daemon finds it gone. */
	if (privilege_drop_to_unmount(NULL))
		_exit(1);
	if (read(STDIN_FILENO, &order, 1) == 1)
		unmount(mountpoint);
	_exit(0);
}

int unmounter_start(struct unmounter *unmounter, const char *mountpoint)
{
	int pair[2];

	unmounter->socket = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	unmounter->pid = fork();
	if (unmounter->pid == 0)
		unmounter_run(pair[1], mountpoint);
	if (unmounter->pid < 0) {
		int error = errno;

		close(pair[0]);
		close(pair[1]);
		return -error;
	}
	close(pair[1]);
	unmounter->socket = pair[0];
	return 0;
}

void unmounter_finish(struct unmounter *unmounter, int unmount)
{
	if (unmounter->socket < 0)
		return;
	if (unmount && write(unmounter->socket, "u", 1) < 0)
		unmount = 0; /* it is gone already; so are its means */
	close(move_fd(unmounter->socket));
	while (waitpid(unmounter->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
