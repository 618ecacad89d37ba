/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a session with the kernel's FUSE is run: worker threads, what the connection asks for, flags
 * of open files, and how long the kernel may keep what it was told.
 *
 * These settings decide what a file operation costs, so they stand in one place: bpfuse and the
 * null filesystem of the benchmark (tests/bench/nullfs.c), which shows the limit of FUSE itself,
 * both include this header. What each one buys is measured in tests/bench/SPEED.md.
 *
 * Include after defining FUSE_USE_VERSION (312 or later).
 */
#ifndef BPFUSE_SESSION_H
#define BPFUSE_SESSION_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/fuse.h>
#include <fuse_lowlevel.h>

/*
 * Seconds that the kernel may keep a name, unless `-o timeout=` says otherwise. Values are never
 * cached, and a name that stands for something that is gone is found out by whatever is done with
 * it: the answer ESTALE makes the kernel look the name up again.
 */
#define SESSION_TIMEOUT 1.0
/* A name that was created exists once something is written to it. */
#define SESSION_TIMEOUT_CREATED 0.0
/*
 * The shortest attribute timeout that is not 0: one tick of the kernel. With 0 the kernel drops the
 * attributes it has just been given with the LOOKUP and asks for them again. Longer ones would show
 * old sizes.
 */
#define SESSION_TIMEOUT_MIN 1e-9

/*
 * Who is let in is checked by the kernel, by modes and owners: given to every mount but root's
 * own, where nobody else is let in and root passes every check, which would cost a GETATTR for
 * each directory on the way.
 */
static inline bool session_checks_modes(bool allow_other)
{
	return allow_other || geteuid() != 0;
}

/*
 * No worker waits for anything long (lane.h, stream.h); more than a few only fight for the
 * requests' queue.
 */
static inline unsigned session_default_threads(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 2)
		return 2;
	return cpus > 8 ? 8 : (unsigned)cpus;
}

/*
 * Runs the session until it ends: 0, -errno, or the number of the signal that ended it. With
 * `clone` each worker opens /dev/fuse read-write, for which a process that gave up writing has no
 * right.
 */
static inline int session_loop(struct fuse_session *session, unsigned max_threads, bool clone)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	if (!config)
		return -ENOMEM;
	/* A descriptor of its own for each worker: replies go back to the queue they came from. */
	fuse_loop_cfg_set_clone_fd(config, clone);
	/* Never the number of idle threads: workers that come and go cost 3 to 6 times a request.
	 */
	fuse_loop_cfg_set_max_threads(config,
				      max_threads ? max_threads : session_default_threads());
	result = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return result;
}

/*
 * The most that one WRITE carries. The kernel cuts a longer write(2) into requests without saying
 * so; one whose buffer does not begin at a page boundary has up to a page less room.
 */
#define SESSION_WRITE_MAX (1u << 20)
#define SESSION_PAGE 4096u

/* Whether a WRITE of this length may be a part of a write(2) that goes on in the next. */
static inline bool session_is_cut(size_t length)
{
	return length > SESSION_WRITE_MAX - SESSION_PAGE;
}

/*
 * Lookups and listings of one directory at the same time: without FUSE_PARALLEL_DIROPS the kernel
 * sends one after the other, and who waits for his turn there cannot be killed. libfuse before 3.17
 * takes it for agreed, but leaves it out of its answer to INIT (its pull request 861). So that is
 * completed on its way: it is the first thing that is written. For one session in a process.
 */
static inline ssize_t session_write(int fd, struct iovec *parts, int count, void *userdata)
{
	static atomic_bool answered;

	if (!atomic_load_explicit(&answered, memory_order_relaxed)) {
		answered = true;
		if (count > 1 && parts[1].iov_len >= offsetof(struct fuse_init_out, max_background))
			((struct fuse_init_out *)parts[1].iov_base)->flags |= FUSE_PARALLEL_DIROPS;
	}
	return writev(fd, parts, count);
}

static inline ssize_t session_read(int fd, void *bytes, size_t size, void *userdata)
{
	return read(fd, bytes, size);
}

/* Once it is mounted, before its loop. 0 or -errno. */
static inline int session_complete_init(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {.writev = session_write, .read = session_read};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

/* What is asked of the kernel in INIT; for the filesystem's init operation. */
static inline void session_negotiate(struct fuse_conn_info *connection)
{
	const unsigned unwanted =
		/* A page cache of values would show old ones. */
		FUSE_CAP_WRITEBACK_CACHE |
		/* A pipe pays off for payloads of many pages only. */
		FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE;
	/*
	 * READDIRPLUS only when the kernel sees that entries are looked up as they are listed
	 * (AUTO): `ls -l` is faster for it, while a plain listing makes no inodes.
	 */
	const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS |
				FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS |
				FUSE_CAP_READDIRPLUS_AUTO;

	if (connection->max_write > SESSION_WRITE_MAX)
		connection->max_write = SESSION_WRITE_MAX;
	connection->want &= ~unwanted;
	connection->want |= wanted & connection->capable;
}

/* An open key or attribute file: every read(2) and write(2) reaches the daemon. */
static inline void session_open_file(struct fuse_file_info *file)
{
	file->direct_io = 1;
	file->keep_cache = 0;
	/* Errors come from WRITE; without FLUSH a reader's close(2) waits for nobody. */
	file->noflush = (file->flags & O_ACCMODE) == O_RDONLY;
}

#endif
