// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a process can still do behind privilege_drop(). Each case runs in a child, which tells by
 * its exit status, for the drop cannot be taken back.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include "privilege.h"
#include "unmounter.h"

static const struct privilege_needs needs_emulated = {.writing = true};
static const struct privilege_needs needs_nothing = {.writing = false};
static const struct privilege_needs needs_reading = {.kernel = true};
static const struct privilege_needs needs_kernel = {.kernel = true, .writing = true};

/* Runs `look` behind the drop; 0 if all is as expected, else the line of the fault modulo 256. */
static int behind_drop(const struct privilege_needs *needs, int (*look)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(privilege_drop(needs, NULL) == 0 ? look() : 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "the child died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

#define EXPECT_BEHIND_DROP(needs, look)                                                            \
	do {                                                                                       \
		int line_ = behind_drop(needs, look);                                              \
		cr_expect_eq(line_, 0, "line %d (modulo 256) of this file", line_);                \
	} while (0)

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ & 0xff;                                                    \
	} while (0)

static long bpf_command(int command)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	return syscall(SYS_bpf, command, &attr, sizeof(attr));
}

static bool refused(long result)
{
	return result < 0 && errno == EPERM;
}

static void *thread_body(void *argument)
{
	return malloc(1) ? argument : NULL;
}

static int look_serving(void)
{
	pthread_t thread;
	void *result = NULL;
	struct rlimit core;
	struct stat st;
	int fd;

	EXPECT(pthread_create(&thread, NULL, thread_body, &core) == 0);
	EXPECT(pthread_join(thread, &result) == 0 && result == &core);
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	EXPECT(fd >= 0 && fstat(fd, &st) == 0 && close(fd) == 0);
	fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(fd >= 0 && close(fd) == 0);
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	EXPECT(fd >= 0 && close(fd) == 0);
	return 0;
}

/* The permitted set, as /proc tells: capget(2) is not among the calls that are left. */
static uint64_t capabilities_now(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long permitted = ~0ULL;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "CapPrm: %llx", &permitted);
	if (status)
		fclose(status);
	return permitted;
}

static int look_emulated(void)
{
	EXPECT(capabilities_now() == 0);
	EXPECT(refused(bpf_command(BPF_MAP_GET_NEXT_ID)));
	EXPECT(refused(socket(AF_INET, SOCK_STREAM, 0)));
	EXPECT(refused(open("/tmp/bpfuse-test-created", O_CREAT | O_WRONLY, 0600)));
	EXPECT(refused(open("/tmp", O_TMPFILE | O_WRONLY, 0600)));
	EXPECT(refused(unlink("/tmp/bpfuse-test-none")));
	EXPECT(refused(execl("/bin/true", "true", (char *)NULL)));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
	/* The sanitizers' own run-time forks and kills, so a build with them allows it. */
	EXPECT(refused(fork()));
	EXPECT(refused(kill(1, 0)));
#endif
	return 0;
}

/* Also what belongs to nobody but the user: a daemon without root has these rights, too. */
static int look_not_writing(void)
{
	EXPECT(refused(open("/dev/null", O_WRONLY | O_CLOEXEC)));
	EXPECT(refused(open("/dev/null", O_RDWR | O_CLOEXEC)));
	EXPECT(refused(open("/proc/self/mem", O_RDWR | O_CLOEXEC)));
	EXPECT(syscall(SYS_openat2, AT_FDCWD, "/dev/null", NULL, 0) < 0 && errno == ENOSYS);
	return 0;
}

/* A module's BTF goes through a file of its own (btf_read.c). */
static int look_anonymous_file(void)
{
	char path[32], byte = 0;
	int made = memfd_create("btf", MFD_CLOEXEC), fd;

	EXPECT(made >= 0 && write(made, "x", 1) == 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 'x');
	return 0;
}

static int look_reading(void)
{
	EXPECT(!(capabilities_now() & (1ULL << CAP_NET_ADMIN | 1ULL << CAP_CHOWN)));
	/* Refused by the filter, not by the map, which does not exist either. */
	EXPECT(refused(bpf_command(BPF_MAP_CREATE)));
	EXPECT(refused(bpf_command(BPF_MAP_UPDATE_ELEM)));
	EXPECT(refused(bpf_command(BPF_MAP_DELETE_ELEM)));
	EXPECT(refused(bpf_command(BPF_MAP_FREEZE)));
	EXPECT(refused(bpf_command(BPF_OBJ_PIN)));
	EXPECT(refused(mkdir("/tmp/bpfuse-test-none/x", 0700)));
	errno = 0;
	EXPECT(!refused(bpf_command(BPF_MAP_LOOKUP_ELEM)));
	return 0;
}

static int look_kernel(void)
{
	errno = 0;
	EXPECT(!refused(bpf_command(BPF_MAP_UPDATE_ELEM)));
	EXPECT(mkdir("/tmp/bpfuse-test-none/x", 0700) < 0 && errno == ENOENT);
	EXPECT(refused(socket(AF_INET, SOCK_STREAM, 0)));
	EXPECT(refused(execl("/bin/true", "true", (char *)NULL)));
	return 0;
}

Test(privilege, serving_goes_on)
{
	EXPECT_BEHIND_DROP(&needs_emulated, look_serving);
	EXPECT_BEHIND_DROP(&needs_nothing, look_serving);
	EXPECT_BEHIND_DROP(&needs_reading, look_serving);
	EXPECT_BEHIND_DROP(&needs_kernel, look_serving);
}

Test(privilege, emulated_needs_nothing)
{
	EXPECT_BEHIND_DROP(&needs_emulated, look_emulated);
}

Test(privilege, read_only_opens_nothing_to_write)
{
	EXPECT_BEHIND_DROP(&needs_nothing, look_not_writing);
	EXPECT_BEHIND_DROP(&needs_reading, look_not_writing);
}

Test(privilege, btf_of_modules_is_read)
{
	EXPECT_BEHIND_DROP(&needs_reading, look_anonymous_file);
	EXPECT_BEHIND_DROP(&needs_kernel, look_anonymous_file);
}

Test(privilege, read_only_gives_up_the_ability_to_write)
{
	if (geteuid() != 0)
		cr_skip_test("who has no capability cannot keep any");
	EXPECT_BEHIND_DROP(&needs_reading, look_reading);
}

Test(privilege, kernel_keeps_what_it_needs)
{
	if (geteuid() != 0)
		cr_skip_test("who has no capability cannot keep any");
	EXPECT_BEHIND_DROP(&needs_kernel, look_kernel);
}

Test(unmounter, ends_with_its_daemon)
{
	struct unmounter unmounter;
	pid_t pid;

	cr_assert_eq(unmounter_start(&unmounter, "/nonexistent"), 0);
	pid = unmounter.pid;
	unmounter_finish(&unmounter, 0);
	cr_expect_eq(kill(pid, 0), -1);
	cr_expect_eq(errno, ESRCH);
	/* Once more is harmless, and so is an order that cannot be followed. */
	unmounter_finish(&unmounter, 1);
	cr_assert_eq(unmounter_start(&unmounter, "/nonexistent"), 0);
	unmounter_finish(&unmounter, 1);
}
