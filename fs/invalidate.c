// SPDX-License-Identifier: BSD-2-Clause
#include "invalidate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <linux/fuse.h>
#include <bpfuse/cleanup.h>
#include "node.h"
#include "session.h"

/* SESSION_TIMEOUT_MIN is rounded up to ticks of the slowest clock there is (HZ=100), in ms. */
#define TICKS 25

/* Of protocol 7.45 (linux 6.18): inodes by their numbers, several at once. */
#define NOTIFY_PRUNE 9
struct prune {
	uint32_t count;
	uint32_t padding;
	uint64_t spare;
};

/* libfuse 3.14 knows no such message. */
int invalidate_inodes(struct fuse_session *session, const uint64_t *nodeids, size_t count)
{
	struct prune body = {.count = (uint32_t)count};
	struct fuse_out_header header = {.error = NOTIFY_PRUNE};
	const struct iovec parts[] = {
		{&header, sizeof(header)},
		{&body, sizeof(body)},
		{(void *)(uintptr_t)nodeids, count * sizeof(nodeids[0])},
	};
	header.len = (uint32_t)(parts[0].iov_len + parts[1].iov_len + parts[2].iov_len);
	return writev(fuse_session_fd(session), parts, 3) < 0 ? -errno : 0;
}

/* Neither this nor the above waits for a lock of the VFS: a request may do it. */
static void forget_attributes(struct filesystem *fs)
{
	size_t count;
	uint64_t now = node_clock();
	cleanup_free uint64_t *ids = node_told_since(fs->nodes, now - TICKS, &count);
	for (size_t i = 0; i < count; i++)
		fuse_lowlevel_notify_inval_inode(fs->session, ids[i], -1, 0);
}

/* Names that the kernel may still believe without asking. */
static void forget_names(struct filesystem *fs)
{
	double seconds =
		fs->options.timeout == TIMEOUT_NOT_GIVEN ? SESSION_TIMEOUT : fs->options.timeout;
	uint64_t now = node_clock(),
		 kept = seconds < 1e6 ? (uint64_t)(seconds * 1000) + TICKS : now;
	size_t count;
	cleanup_free uint64_t *ids =
		node_told_since(fs->nodes, kept < now ? now - kept : 0, &count);
	for (size_t i = 0; i < count; i += INVALIDATE_MAX)
		if (invalidate_inodes(fs->session, ids + i,
				      count - i < INVALIDATE_MAX ? count - i : INVALIDATE_MAX))
			return;
}

void invalidate_names(struct filesystem *fs)
{
	forget_names(fs);
	forget_attributes(fs); /* of what is in use, or where there is nothing better */
}

void invalidate_sizes(struct filesystem *fs)
{
	/* Who gives a time wants sizes to be kept. */
	if (fs->options.timeout == TIMEOUT_NOT_GIVEN)
		forget_attributes(fs);
}
