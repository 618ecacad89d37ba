// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "identity.h"

/* glibc's setgroups() changes all threads; the system call changes this one. */
static int thread_setgroups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups, count, groups) ? -errno : 0;
}

/* setfsuid() and setfsgid() do not tell whether they did it; asking with -1 does. */
static bool thread_set_fsuid(uid_t uid)
{
	setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid;
}

static bool thread_set_fsgid(gid_t gid)
{
	setfsgid(gid);
	return (gid_t)setfsgid((gid_t)-1) == gid;
}

static int identity_save(struct identity *saved)
{
	saved->uid = (uid_t)setfsuid((uid_t)-1);
	saved->gid = (gid_t)setfsgid((gid_t)-1);
	saved->group_count = getgroups(0, NULL);
	if (saved->group_count < 0)
		return -errno;
	saved->groups = calloc((size_t)saved->group_count + 1, sizeof(*saved->groups));
	if (!saved->groups)
		return -ENOMEM;
	if (getgroups(saved->group_count, saved->groups) != saved->group_count) {
		free(saved->groups);
		return -EAGAIN;
	}
	saved->changed = true;
	return 0;
}

int identity_enter(const struct caller *caller, struct identity *saved)
{
	int error;

	*saved = (struct identity){0};
	if (!caller || (caller->uid == (uid_t)setfsuid((uid_t)-1) &&
			caller->gid == (gid_t)setfsgid((gid_t)-1)))
		return 0;
	error = identity_save(saved);
	if (error)
		return error;
	/* The user last: with it go the capabilities for nothing but files. */
	error = thread_setgroups(caller->group_count, caller->groups);
	if (!error && (!thread_set_fsgid(caller->gid) || !thread_set_fsuid(caller->uid)))
		error = -EPERM;
	if (error)
		identity_leave(saved);
	return error;
}

/*
 * None of these fails: one's own effective ids may always be taken back (__sys_setfsuid()), and
 * CAP_SETGID, with which the groups were changed, is not among those that go with the fsuid.
 */
void identity_leave(struct identity *saved)
{
	int error = errno;

	if (!saved->changed)
		return;
	thread_set_fsuid(saved->uid);
	thread_set_fsgid(saved->gid);
	thread_setgroups((size_t)saved->group_count, saved->groups);
	free(saved->groups);
	*saved = (struct identity){0};
	errno = error;
}
