/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Acting as somebody else on the filesystem, in this thread only.
 *
 * bpffs takes owner, group and permission from fsuid, fsgid and the supplementary groups. With an
 * fsuid other than 0 the kernel also takes CAP_DAC_OVERRIDE, CAP_FOWNER and their like away
 * (cap_fs_set), so that bpffs refuses what it would refuse the caller; CAP_BPF stays.
 */
#ifndef BPFUSE_KERNEL_IDENTITY_H
#define BPFUSE_KERNEL_IDENTITY_H

#include <bpfuse/backend.h>

struct identity {
	bool changed;
	uid_t uid;
	gid_t gid;
	int group_count;
	gid_t *groups;
};

/*
 * NULL: as oneself. -EPERM where the process may not act as the caller; then nothing changed.
 * Every success is followed by identity_leave() in the same thread.
 */
int identity_enter(const struct caller *caller, struct identity *saved);
/* Keeps errno. */
void identity_leave(struct identity *saved);

#endif
