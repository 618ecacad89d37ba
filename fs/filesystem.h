/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mount and what belongs to it, and one request of the kernel's.
 *
 * A filesystem is made before the session starts and lives until it has ended; its
 * parts (nodes, objects, log, seen, formats) lock themselves. A request belongs to the thread
 * that serves it.
 */
#ifndef FS_FILESYSTEM_H
#define FS_FILESYSTEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include "options.h"

struct node_table;
struct object_cache;
struct lanes;
struct error_log;
struct seen;
struct formats;
struct fuse_req;
struct fuse_session;
struct daemon;

struct filesystem {
	struct options options;
	struct backend *backend;
	struct backend *control; /* its attributes as maps: maps.control/ */
	struct fuse_session *session;
	struct node_table *nodes;
	struct object_cache *objects;
	struct lanes *lanes;
	atomic_bool ending; /* the session's loop is over: who still waits is to give up */
	struct error_log *log;
	struct seen *seen;
	struct formats *formats;
	struct timespec started; /* the time of everything that has none of its own */
	uid_t uid;		 /* who mounted: owns what has no pin */
	gid_t gid;
	struct daemon *daemon; /* told when the mount answers */
	const char *source;    /* options.source as the mount table tells it; not owned */
};

/*
 * The backend that options->source names and what stands on it. `mountpoint` is absolute. No
 * thread is started: the process may still fork and give up privilege. -errno and a sentence;
 * filesystem_close() also after a failure.
 */
int filesystem_open(struct filesystem *fs, const struct options *options, const char *mountpoint,
		    struct fault *fault);
/* The threads of its own, before the first request. */
int filesystem_start(struct filesystem *fs, struct fault *fault);
/* When the session's loop has ended: what still waits is answered, with what is left of it. */
void filesystem_stop(struct filesystem *fs);
/* When the session has been destroyed. */
void filesystem_close(struct filesystem *fs);

#define CALLER_GROUPS_MAX 64

/* Whose lane (lane.h). */
struct lane_device {
	uint32_t ifindex; /* 0: none */
	uint64_t netns_ino;
};

struct request {
	struct filesystem *fs;
	struct fuse_req *req;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	bool identified; /* the directory's object was found to be there (object_acquire()) */
	struct lane_device needs; /* it has to wait for this device, and not here */
	struct fault fault;	  /* the sentence that goes with a refusal */
	gid_t groups[CALLER_GROUPS_MAX];
};

struct request request_begin(struct fuse_req *req);

/* A request that waits for something, in the eyes of who looks whether it still should. */
struct waiting {
	pid_t pid;	 /* the thread that asks */
	uint64_t looked; /* 0 at first */
};
/*
 * Whether its client was interrupted or killed, or the mount is ending. To be asked at least once a
 * second.
 */
bool request_given_up(struct fuse_req *req, struct waiting *waiting);
/* Who asks, with supplementary groups; points into the request. */
struct caller request_caller(struct request *request);

#endif
