/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world to try BPF maps in: a backend, and the things that map values and keys refer to.
 *
 * There is the kernel's world and the emulated one. Tests ask for things by kind and get numbers
 * to put into values, so that one test runs in both. A kind that a world does not have answers
 * -EOPNOTSUPP, and what needs it is not tried there.
 *
 * Single-threaded. world_tidy() closes all things, after each case.
 */
#ifndef BPFUSE_TESTS_WORLD_H
#define BPFUSE_TESTS_WORLD_H

#include <bpfuse/backend.h>

enum thing {
	THING_NONE,   /* the value is plain bytes */
	THING_CLOSED, /* a number that is not open */
	THING_STDIN,  /* open, and nothing of BPF's */
	/* programs: type and expected attach type */
	THING_XDP,
	THING_XDP_DEVMAP,
	THING_XDP_DEVMAP_FRAGS,
	THING_XDP_CPUMAP,
	THING_SOCKET_FILTER,
	THING_SCHED_CLS,
	/* what else file descriptors can be */
	THING_MAP_HASH,	 /* a hash map of 4-byte keys and values, 8 entries */
	THING_MAP_ARRAY, /* an array of 4-byte values, 8 entries */
	THING_PERF_EVENT,
	THING_CGROUP,
	THING_TCP_LISTENING,
	THING_TCP_NEW, /* neither bound nor connected */
	THING_UDP_BOUND,
	THING_UDP_NEW,
	THING_REUSEPORT, /* UDP, bound, in a group with reuseport */
	THING_XSK,	 /* AF_XDP */
	THING_PIDFD,
	THING_FILE,
	/* not a descriptor but a number of its own */
	THING_DEVICE, /* ifindex of a network device */
	THING_QUEUE,  /* cpumap: a queue size */
};

struct world {
	const char *name;
	struct backend *backend;
	bool emulated;
	const char *lacking; /* what was last asked for in vain: "a bound UDP socket" */
	/* A new thing of the kind; 0 and its number, or -errno. */
	int (*make)(struct world *world, enum thing kind, int *number);
	/* The id of a map or program by its number. */
	int (*identify)(struct world *world, int number, uint32_t *id);
	/* Closes one thing before its time. */
	void (*drop)(struct world *world, int number);
	/* A device by name, for what follows it; removing makes what refers to it follow. */
	int (*device_add)(struct world *world, const char *name, uint32_t *ifindex);
	int (*device_remove)(struct world *world, const char *name);
	void (*tidy)(struct world *world);
};

/* Ends the process with a sentence if it cannot. */
struct world *world_kernel_open(void);
struct world *world_emu_open(void);
/* Why the kernel's world cannot be had here; NULL: it can. */
const char *world_kernel_missing(void);

const char *thing_name(enum thing kind);
/* "E2BIG", "ENOTSUPP", "ok". */
const char *error_name(int error);

#endif
