/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that open(O_CREAT) gave to somebody who has not written to them yet.
 *
 * Such a name does not exist: there is no element, no pin. But a server of files looks at what it
 * has just opened, by name (sftp-server does so for sshfs), and gives up if that is not there. So
 * the process that made a name finds it, an empty file, until it has written to it or closed one of
 * its descriptors; everybody else, and it after that, sees what the backend has.
 */
#ifndef FS_CREATED_H
#define FS_CREATED_H

#include "file.h"

/* The file was made by this process. pid: as the kernel gives it with a request. */
void created_add(struct file *file, pid_t pid);
/* It was written to, flushed or released. Harmless for files that were never added. */
void created_end(struct file *file);
/* Its maker wants to open it by name, for which there must be something: it finds it no more. */
void created_forget(const struct node *node, pid_t pid);
/* The node of such a name, referenced for the caller, or NULL. */
struct node *created_find(struct filesystem *fs, const struct node *dir, const char *name,
			  pid_t pid);

#endif
