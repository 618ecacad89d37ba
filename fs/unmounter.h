/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small process that can still unmount after the daemon has given up its privilege.
 *
 * It is forked before privilege_drop(), holds nothing open but one end of a socket pair (not
 * /dev/fuse, so the connection dies with the daemon), and knows one order: unmount. It ends when
 * the daemon does; it does nothing then unless it was ordered to, since by that time the place
 * may already carry somebody else's mount.
 */
#ifndef BPFUSE_UNMOUNTER_H
#define BPFUSE_UNMOUNTER_H

#include <sys/types.h>

struct unmounter {
	int socket; /* -1: none */
	pid_t pid;
};

/* Forks it for this mount point, an absolute path that stays valid. 0 or -errno. */
int unmounter_start(struct unmounter *unmounter, const char *mountpoint);

/*
 * Ends it, after having it unmount if `unmount` is not 0, and waits for it. The caller looks
 * first whether the kernel has already unmounted (fuse_session's descriptor polls POLLERR).
 */
void unmounter_finish(struct unmounter *unmounter, int unmount);

#endif
