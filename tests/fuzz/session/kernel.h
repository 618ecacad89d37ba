/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's end of a FUSE connection, as far as a fuzzer needs it: what it was told (nodes, open
 * files, names), what it waits for, and what it would do with each reply.
 *
 * A filesystem may trust the kernel in what its protocol guarantees, and this end keeps to it:
 *   - nodeids are those of earlier replies, with lookups that have not been forgotten, and more
 *     are never forgotten than there were;
 *   - file handles are those of earlier replies to OPEN, CREATE and OPENDIR, used with the nodeid
 *     and for the kind of thing they were opened for, released once and not while a request on
 *     them is unanswered;
 *   - a request is as long as its opcode says; names and targets end in a NUL, are not empty and
 *     hold no slash; "." and ".." are never asked for;
 *   - offsets are not negative, and offset plus length is not beyond the greatest offset;
 *   - every request has a number of its own, and INIT comes first.
 * All else is at the fuzzer's will: which operation for which type of node, flags, modes, sizes,
 * bytes, the order.
 *
 * What it would refuse in a reply (fuse_dev_do_write() and the callers of fuse_simple_request() in
 * the kernel) is a finding: an error out of range, a wrong length, an answer to nobody, a second
 * answer, an invalid type, a nodeid that changed what it stands for, a name with a slash.
 */
#ifndef FUZZ_SESSION_KERNEL_H
#define FUZZ_SESSION_KERNEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <linux/fuse.h>

#define KERNEL_NODES 128
#define KERNEL_HANDLES 32
#define KERNEL_PENDING 16
#define KERNEL_NAMES 32
#define KERNEL_NAME_MAX 256

struct known_node {
	uint64_t id, generation, lookups; /* lookups 0: not known */
	uint32_t type;			  /* S_IFMT bits */
	unsigned opened;		  /* handles on it */
	char name[KERNEL_NAME_MAX];	  /* by which it was found last */
};

struct known_handle {
	uint64_t fh, nodeid;
	bool open, directory;
};

/* A request without an answer. */
struct pending {
	uint64_t unique; /* 0: free */
	uint32_t opcode;
	uint32_t size; /* of READ and READDIR: the most that may come back */
	uint32_t type; /* of MKNOD: what was asked for */
	uint64_t nodeid;
	struct known_handle *handle; /* that it is about, or NULL */
	bool interrupted;
	char name[KERNEL_NAME_MAX];
};

struct kernel {
	pthread_mutex_t lock; /* of all: replies may come from any thread */
	pthread_cond_t answered;
	uint64_t next_unique;
	struct known_node nodes[KERNEL_NODES]; /* 0: the root */
	unsigned node_count;
	struct known_handle handles[KERNEL_HANDLES];
	unsigned handle_count;
	struct pending pending[KERNEL_PENDING];
	char names[KERNEL_NAMES][KERNEL_NAME_MAX]; /* a ring of those that listings told */
	unsigned name_count;
	struct known_node *newest; /* that the last reply told of; NULL after a failed LOOKUP */
	bool trace;
};

void kernel_init(struct kernel *kernel);
void kernel_destroy(struct kernel *kernel);

/*
 * A number for a request, of which an answer is now expected. NULL: too many are unanswered.
 * Called by the thread that sends.
 */
struct pending *kernel_expect(struct kernel *kernel, uint32_t opcode, uint64_t nodeid,
			      struct known_handle *handle);
/* What the filesystem writes; aborts with a sentence where the kernel would refuse it. */
ssize_t kernel_receive(struct kernel *kernel, const struct iovec *iov, int count);

/* An unanswered request, on this handle or (NULL) any; copied. false: none. */
bool kernel_unanswered(struct kernel *kernel, const struct known_handle *handle,
		       struct pending *pending);
/* Waits until the request has been answered; aborts if it takes longer than a few seconds. */
void kernel_await(struct kernel *kernel, uint64_t unique);
/*
 * The same for all but READs, which may wait for records: what asks a device is answered by another
 * thread, and what comes next is to find what it has made.
 */
void kernel_settle(struct kernel *kernel);

/* Whether there is room for one more handle: to be asked before OPEN, OPENDIR and CREATE. */
bool kernel_may_open(struct kernel *kernel);
/* Takes back `count` lookups of the node. */
void kernel_forget(struct kernel *kernel, struct known_node *node, uint64_t count);
void kernel_release(struct kernel *kernel, struct known_handle *handle);

#endif
