/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state directory: journals of what is half done, found by the next run after a kill. They
 * are about objects of the running kernel, so /run, which does not outlive it, is their place.
 */
#ifndef IMAGE_STATE_H
#define IMAGE_STATE_H

#include <stdbool.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>

#define BOOT_TEXT_SIZE 40
#define WORLD_TEXT_SIZE 32

/* Where it is: `state`, or NULL: the default one of this user. malloc'ed; NULL: no memory. */
char *state_path(const char *state);
/* Opens (and makes) it; NULL: the default one. The descriptor or -errno. */
int state_open(const char *state, struct fault *fault);
/* The running kernel's boot id, "" when it has none. */
void state_boot(char text[BOOT_TEXT_SIZE]);
/* Whose objects a journal is about: ids mean nothing on another mount. */
void state_world(const struct backend *backend, char text[WORLD_TEXT_SIZE]);
/* "PREFIX" and this process's owner text and a running number: a name nobody else has. */
void state_entry_name(const char *prefix, char name[96]);
/*
 * Calls visit for each entry whose name starts with the prefix and whose owner is gone; stops at
 * the first result that is not 0.
 */
int state_visit_stale(int directory, const char *prefix,
		      int (*visit)(void *context, int directory, const char *name), void *context);

#endif
