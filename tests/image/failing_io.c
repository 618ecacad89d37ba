// SPDX-License-Identifier: BSD-2-Clause
/*
 * Preloaded into a program: one of its calls on files below a directory fails, or all from that one
 * on. io_faults.py says which:
 *
 *   FAIL_BELOW  the directory
 *   FAIL_WITH   EIO (any call), ENOSPC (calls that need room), SHORT (half of what is read or
 *               written is done), KILL (any call: it is the last)
 *   FAIL_AT     number of the call, from 0 on; with a + behind: those that follow, too
 *   FAIL_COUNT  a file to write the number of such calls to at the end
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call {
	CALL_ROOM, /* makes something: a name, or room for bytes */
	CALL_NAME, /* changes a name, or syncs */
	CALL_READ,
	CALL_WRITE,
};

static unsigned calls;

static bool is_met(enum call call)
{
	const char *with = getenv("FAIL_WITH");

	if (!strcmp(with, "ENOSPC"))
		return call == CALL_ROOM || call == CALL_WRITE;
	return strcmp(with, "SHORT") != 0 || call == CALL_READ || call == CALL_WRITE;
}

/* Whether this call of a file at `path` is to fail. */
static bool fails(const char *path, enum call call)
{
	const char *below = getenv("FAIL_BELOW"), *at = getenv("FAIL_AT");
	char *rest;
	unsigned number, wanted;

	if (!below || strncmp(path, below, strlen(below)) != 0 || !is_met(call))
		return false;
	number = __atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
	if (!at)
		return false;
	wanted = (unsigned)strtoul(at, &rest, 10);
	return *rest == '+' ? number >= wanted : number == wanted;
}

static int failure(void)
{
	if (!strcmp(getenv("FAIL_WITH"), "KILL"))
		raise(SIGKILL);
	errno = strcmp(getenv("FAIL_WITH"), "ENOSPC") ? EIO : ENOSPC;
	return -1;
}

static bool is_short(void)
{
	return !strcmp(getenv("FAIL_WITH"), "SHORT");
}

static bool fd_fails(int fd, enum call call)
{
	char link[48], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return fails(path, call);
}

static bool name_fails(int directory, const char *name, enum call call)
{
	char full[PATH_MAX];

	if (*name == '/')
		return fails(name, call);
	if (directory != AT_FDCWD)
		return fd_fails(directory, call);
	return getcwd(full, sizeof(full)) && fails(full, call);
}

__attribute__((destructor)) static void count_write(void)
{
	const char *file = getenv("FAIL_COUNT");
	char text[16];
	int fd = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600)
		      : -1;

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%u", calls);
	if (syscall(SYS_write, fd, text, strlen(text)) < 0)
		abort();
}

/* The C library's own, and its name for 64-bit offsets. */
#define REAL(type, name, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* What transfers bytes fails, or does half of them. */
static bool transfer_fails(int fd, enum call call, size_t *length)
{
	if (!fd_fails(fd, call))
		return false;
	if (!is_short())
		return true;
	*length = *length > 1 ? *length / 2 : *length;
	return false;
}

ssize_t read(int fd, void *bytes, size_t length)
{
	REAL(ssize_t, read, int, void *, size_t);
	return transfer_fails(fd, CALL_READ, &length) ? failure() : real(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	REAL(ssize_t, write, int, const void *, size_t);
	return transfer_fails(fd, CALL_WRITE, &length) ? failure() : real(fd, bytes, length);
}

#define PREAD(name, offset)                                                                        \
	ssize_t name(int fd, void *bytes, size_t length, offset at)                                \
	{                                                                                          \
		REAL(ssize_t, name, int, void *, size_t, offset);                                  \
		return transfer_fails(fd, CALL_READ, &length) ? failure()                          \
							      : real(fd, bytes, length, at);       \
	}
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PWRITE(name, offset)                                                                       \
	ssize_t name(int fd, const void *bytes, size_t length, offset at)                          \
	{                                                                                          \
		REAL(ssize_t, name, int, const void *, size_t, offset);                            \
		return transfer_fails(fd, CALL_WRITE, &length) ? failure()                         \
							       : real(fd, bytes, length, at);      \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset)                                                                     \
	int name(int fd, offset length)                                                            \
	{                                                                                          \
		REAL(int, name, int, offset);                                                      \
		return fd_fails(fd, CALL_ROOM) ? failure() : real(fd, length);                     \
	}
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define ALLOCATE(name, offset)                                                                     \
	int name(int fd, offset from, offset length)                                               \
	{                                                                                          \
		REAL(int, name, int, offset, offset);                                              \
		if (!fd_fails(fd, CALL_ROOM))                                                      \
			return real(fd, from, length);                                             \
		failure();                                                                         \
		return errno;                                                                      \
	}
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

int fsync(int fd)
{
	REAL(int, fsync, int);
	return fd_fails(fd, CALL_NAME) ? failure() : real(fd);
}

int mkdirat(int directory, const char *name, mode_t mode)
{
	REAL(int, mkdirat, int, const char *, mode_t);
	return name_fails(directory, name, CALL_ROOM) ? failure() : real(directory, name, mode);
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	REAL(int, renameat2, int, const char *, int, const char *, unsigned);
	return name_fails(to, new, CALL_NAME) ? failure() : real(from, old, to, new, flags);
}

int renameat(int from, const char *old, int to, const char *new)
{
	return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new)
{
	return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

static int open_any(int directory, const char *name, int flags, mode_t mode)
{
	REAL(int, openat, int, const char *, int, ...);
	bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

	/* directories that are there are in memory */
	if ((makes || !(flags & O_DIRECTORY)) &&
	    name_fails(directory, name, makes ? CALL_ROOM : CALL_NAME))
		return failure();
	return real(directory, name, flags, mode);
}

/* The last arguments: what is declared before the name. */
#define OPENS(function, directory, ...)                                                            \
	int function(__VA_ARGS__ const char *name, int flags, ...)                                 \
	{                                                                                          \
		mode_t mode;                                                                       \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, flags);                                                        \
		mode = va_arg(arguments, mode_t);                                                  \
		va_end(arguments);                                                                 \
		return open_any(directory, name, flags, mode);                                     \
	}
OPENS(open, AT_FDCWD, )
OPENS(open64, AT_FDCWD, )
OPENS(openat, directory, int directory, )
OPENS(openat64, directory, int directory, )
