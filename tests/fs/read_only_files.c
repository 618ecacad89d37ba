// SPDX-License-Identifier: BSD-2-Clause
#include "read_only_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT "as it was\n"

static char scratch[] = "/tmp/bpfuse-read-only-XXXXXX";
static int held = -1; /* the file, open to be read */
static struct stat file_before, directory_before;

bool files_make(void)
{
	int fd;

	if (!mkdtemp(scratch) || chdir(scratch) || mkdir("directory", 0700))
		return false;
	fd = open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, TEXT, strlen(TEXT)) < 0 || close(fd) || symlink("file", "link"))
		return false;
	held = open("file", O_RDONLY | O_CLOEXEC);
	return held >= 0 && fstat(held, &file_before) == 0 && stat(".", &directory_before) == 0;
}

/* --- opening --- */

static long by_openat(const char *path, int flags)
{
	return syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static long by_open(const char *path, int flags)
{
#ifdef SYS_open
	return syscall(SYS_open, path, flags, 0600);
#else
	return by_openat(path, flags);
#endif
}

/* Refused as a call that this kernel does not have. */
static long by_openat2(const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)flags, .mode = flags & O_CREAT ? 0600 : 0};
	long result = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (result < 0 && errno == ENOSYS)
		errno = EPERM;
	return result;
}

static const struct {
	const char *name;
	long (*open)(const char *path, int flags);
} ways[] = {{"openat", by_openat}, {"open", by_open}, {"openat2", by_openat2}};

static const struct {
	const char *name;
	int flags;
} modes[] = {
	{"O_WRONLY", O_WRONLY},
	{"O_RDWR", O_RDWR},
	{"O_ACCMODE", O_ACCMODE},
	{"O_WRONLY|O_APPEND", O_WRONLY | O_APPEND},
	{"O_RDWR|O_NONBLOCK|O_NOFOLLOW", O_RDWR | O_NONBLOCK | O_NOFOLLOW},
	{"O_RDONLY|O_CREAT", O_RDONLY | O_CREAT},
	{"O_RDONLY|O_TRUNC", O_RDONLY | O_TRUNC},
	{"O_WRONLY|O_CREAT|O_EXCL", O_WRONLY | O_CREAT | O_EXCL},
	{"O_RDWR|O_TMPFILE", O_RDWR | O_TMPFILE},
};

/* Each of these the process may open so before, if it is root. */
static void try_opening(const char *path)
{
	char title[128];

	for (size_t i = 0; i < COUNT(ways); i++)
		for (size_t j = 0; j < COUNT(modes); j++) {
			snprintf(title, sizeof(title), "%s of %s, %s", ways[i].name, path,
				 modes[j].name);
			expect_refused(title, ways[i].open(path, modes[j].flags));
		}
}

/* --- changing --- */

static void try_names(void)
{
	expect_refused("creat", creat("new", 0600));
	expect_refused("truncate", truncate("file", 0));
	expect_refused("unlink", unlink("file"));
	expect_refused("rmdir", rmdir("directory"));
	expect_refused("unlinkat", unlinkat(AT_FDCWD, "directory", AT_REMOVEDIR));
	expect_refused("rename", rename("file", "new"));
	expect_refused("renameat", renameat(AT_FDCWD, "file", AT_FDCWD, "new"));
	expect_refused("renameat2", renameat2(AT_FDCWD, "file", AT_FDCWD, "link", RENAME_EXCHANGE));
	expect_refused("link", link("file", "new"));
	expect_refused("linkat", linkat(held, "", AT_FDCWD, "new", AT_EMPTY_PATH));
	expect_refused("symlink", symlink("file", "new"));
	expect_refused("mkdir", mkdir("new", 0700));
	expect_refused("mkdirat", mkdirat(AT_FDCWD, "new", 0700));
	expect_refused("mknod", mknod("new", S_IFIFO | 0600, 0));
	expect_refused("chmod", chmod("file", 0666));
	expect_refused("chown", chown("file", 1, 1));
	expect_refused("utimensat", utimensat(AT_FDCWD, "file", NULL, 0));
	expect_refused("setxattr", setxattr("file", "user.x", "", 0, 0));
}

/* By a descriptor that was opened to be read. */
static void try_descriptor(void)
{
	struct {
		struct file_handle handle;
		char room[MAX_HANDLE_SZ];
	} place = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount;

	expect_refused("ftruncate", ftruncate(held, 0));
	expect_refused("fallocate", fallocate(held, 0, 0, 4096));
	expect_refused("fchmod", fchmod(held, 0666));
	expect_refused("fchown", fchown(held, 1, 1));
	expect_refused("futimens", futimens(held, NULL));
	expect_refused("fsetxattr", fsetxattr(held, "user.x", "", 0, 0));
	expect_refused("copy_file_range", copy_file_range(held, NULL, held, NULL, 1, 0));
	expect_refused("sendfile", sendfile(held, held, NULL, 1));
	expect_refused("name_to_handle_at",
		       name_to_handle_at(AT_FDCWD, "file", &place.handle, &mount, 0));
	expect_refused("open_by_handle_at", open_by_handle_at(held, &place.handle, O_RDWR));
	expect_refused("an owner for signals", fcntl(held, F_SETOWN, getppid()));
	expect_refused("a lease", fcntl(held, F_SETLEASE, F_RDLCK));
}

void files_try(void)
{
	static const char *const paths[] = {"file",	      "new",	   "link",     ".",
					    "/proc/self/mem", "/dev/null", "/dev/fuse"};
	char text[sizeof(TEXT)] = "", again[32];

	for (size_t i = 0; i < COUNT(paths); i++)
		try_opening(paths[i]);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", held);
	try_opening(again);
	try_names();
	try_descriptor();
	int fd = open("link", O_RDONLY | O_CLOEXEC);
	report(fd >= 0 && read(fd, text, sizeof(text)) == (ssize_t)strlen(TEXT) &&
		       strcmp(text, TEXT) == 0,
	       "a file can be read, and is as it was", "");
}

/* --- after --- */

/* A change of any kind moves the time of the status. */
static bool is_unchanged(const char *path, const struct stat *before)
{
	struct stat now;

	return lstat(path, &now) == 0 && now.st_ino == before->st_ino &&
	       now.st_size == before->st_size && now.st_mode == before->st_mode &&
	       now.st_nlink == before->st_nlink && now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

bool files_unchanged(void)
{
	bool good = is_unchanged("file", &file_before) && is_unchanged(".", &directory_before);

	unlink("file");
	unlink("link");
	unlink("new");
	rmdir("new");
	rmdir("directory");
	return rmdir(scratch) == 0 && good;
}
