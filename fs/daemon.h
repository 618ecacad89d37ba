/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Going into the background, and telling when the mount answers.
 *
 * Without -f the process that the user started waits while its child opens the source, mounts and
 * serves; the child tells it through a pipe. So errors show on the user's stderr, and exit
 * status 0 means a mount that answers. A service manager is told the same way (notify.h).
 */
#ifndef FS_DAEMON_H
#define FS_DAEMON_H

#include <stdbool.h>

struct daemon {
	int parent; /* the pipe's end; -1: in the foreground */
	int null;   /* /dev/null, to take stdio's place */
	int notify; /* the service manager's socket, or -1 */
};

/*
 * In the background: forks, and returns in the child only. The parent exits, with 0 when it was
 * told, else with the child's status. -errno if that cannot be begun.
 */
int daemon_start(struct daemon *daemon, bool foreground);
/* The mount answers; called once. */
void daemon_ready(struct daemon *daemon);
void daemon_stopping(struct daemon *daemon);

#endif
