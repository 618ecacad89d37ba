/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness for a service manager (sd_notify(3)'s protocol: a datagram to $NOTIFY_SOCKET).
 *
 * The socket is opened and connected before privilege_drop(), which leaves no way to make one;
 * the telling comes when the mount answers.
 */
#ifndef BPFUSE_NOTIFY_H
#define BPFUSE_NOTIFY_H

/* A connected socket, or -1: nobody asked to be told, or the socket is not there. */
int notify_open(void);
/* One assignment, "READY=1" or "STOPPING=1". Does nothing with -1. */
void notify_tell(int socket, const char *assignment);

#endif
