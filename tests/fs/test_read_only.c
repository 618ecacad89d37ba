// SPDX-License-Identifier: BSD-2-Clause
/*
 * -o ro gives up the ability to write: a process that holds maps open for writing, gives up what
 * the daemon of a read-only mount gives up, and then tries whatever changes maps, files and the
 * system, by system calls of its own, past every check of bpfuse. Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel/attr.h"
#include "privilege.h"
#include "read_only_files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The sanitizers' own run-time signals and traces, so a build with them allows it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
#define SANITIZED
#endif
#define COMMANDS 64 /* more than any kernel has */
#define VALUE 42

static int hash = -1, array = -1, queue = -1;
static unsigned number, failed;

void report(bool good, const char *title, const char *what)
{
	failed += !good;
	printf("%sok %u - %s%s\n", good ? "" : "not ", ++number, title, what);
}

static long bpf(int command, union bpf_attr *attr, size_t size)
{
	return syscall(SYS_bpf, command, attr, size);
}

/* --- the maps, before --- */

static int map_create(enum bpf_map_type type, unsigned key_size, unsigned flags)
{
	union bpf_attr attr = {.map_type = type,
			       .key_size = key_size,
			       .value_size = 8,
			       .max_entries = 4,
			       .map_flags = flags};

	return (int)bpf(BPF_MAP_CREATE, &attr, ATTR_SIZE(map_flags));
}

static long element(int command, int fd, uint64_t *value)
{
	uint32_t key = 1;
	union bpf_attr attr = {.map_fd = (uint32_t)fd,
			       .key = fd == queue ? 0 : (uintptr_t)&key,
			       .value = (uintptr_t)value};

	return bpf(command, &attr, ATTR_SIZE(flags));
}

static bool maps_make(void)
{
	uint64_t value = VALUE;

	hash = map_create(BPF_MAP_TYPE_HASH, 4, 0);
	array = map_create(BPF_MAP_TYPE_ARRAY, 4, BPF_F_MMAPABLE);
	queue = map_create(BPF_MAP_TYPE_QUEUE, 0, 0);
	return hash >= 0 && array >= 0 && queue >= 0 &&
	       element(BPF_MAP_UPDATE_ELEM, hash, &value) == 0 &&
	       element(BPF_MAP_UPDATE_ELEM, array, &value) == 0 &&
	       element(BPF_MAP_UPDATE_ELEM, queue, &value) == 0;
}

/* --- bpf(2), after --- */

/* What reading takes. Everything else is refused, whether this kernel knows it or a later one. */
static const struct {
	int command;
	const char *name;
} reading[] = {
	{BPF_MAP_LOOKUP_ELEM, "BPF_MAP_LOOKUP_ELEM"},
	{BPF_MAP_GET_NEXT_KEY, "BPF_MAP_GET_NEXT_KEY"},
	{BPF_OBJ_GET, "BPF_OBJ_GET"},
	{BPF_PROG_GET_NEXT_ID, "BPF_PROG_GET_NEXT_ID"},
	{BPF_MAP_GET_NEXT_ID, "BPF_MAP_GET_NEXT_ID"},
	{BPF_PROG_GET_FD_BY_ID, "BPF_PROG_GET_FD_BY_ID"},
	{BPF_MAP_GET_FD_BY_ID, "BPF_MAP_GET_FD_BY_ID"},
	{BPF_OBJ_GET_INFO_BY_FD, "BPF_OBJ_GET_INFO_BY_FD"},
	{BPF_PROG_QUERY, "BPF_PROG_QUERY"},
	{BPF_BTF_GET_FD_BY_ID, "BPF_BTF_GET_FD_BY_ID"},
	{BPF_BTF_GET_NEXT_ID, "BPF_BTF_GET_NEXT_ID"},
	{BPF_TASK_FD_QUERY, "BPF_TASK_FD_QUERY"},
	{BPF_MAP_LOOKUP_BATCH, "BPF_MAP_LOOKUP_BATCH"},
	{BPF_LINK_GET_FD_BY_ID, "BPF_LINK_GET_FD_BY_ID"},
	{BPF_LINK_GET_NEXT_ID, "BPF_LINK_GET_NEXT_ID"},
};

static const char *reading_name(int command)
{
	for (size_t i = 0; i < COUNT(reading); i++)
		if (reading[i].command == command)
			return reading[i].name;
	return NULL;
}

/* Attributes of zeros: a command that came through is refused for them, or finds nothing. */
static void try_commands(void)
{
	for (int command = 0; command < COMMANDS; command++) {
		union bpf_attr attr;
		char what[32];

		memset(&attr, 0, sizeof(attr));
		errno = 0;
		bool refused = bpf(command, &attr, sizeof(attr)) < 0 && errno == EPERM;
		snprintf(what, sizeof(what), "bpf(2) command %d", command);
		if (reading_name(command))
			report(!refused, "is left: ", reading_name(command));
		else
			report(refused, "is refused: ", what);
	}
}

void expect_refused(const char *title, long result)
{
	char reason[64] = "";

	if (result >= 0)
		snprintf(reason, sizeof(reason), ": it succeeded");
	else if (errno != EPERM)
		snprintf(reason, sizeof(reason), ": errno %d", errno);
	report(!*reason, title, reason);
}

static void try_elements(void)
{
	uint64_t value = VALUE + 1;
	uint32_t key = 1;
	union bpf_attr batch = {.batch = {.keys = (uintptr_t)&key,
					  .values = (uintptr_t)&value,
					  .count = 1,
					  .map_fd = (uint32_t)hash}};
	union bpf_attr freeze = {.map_fd = (uint32_t)hash};
	union bpf_attr pin = {.pathname = (uintptr_t) "/sys/fs/bpf/bpfuse-test",
			      .bpf_fd = (uint32_t)hash};

	expect_refused("update", element(BPF_MAP_UPDATE_ELEM, hash, &value));
	expect_refused("update of an array", element(BPF_MAP_UPDATE_ELEM, array, &value));
	expect_refused("push", element(BPF_MAP_UPDATE_ELEM, queue, &value));
	expect_refused("pop", element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, queue, &value));
	expect_refused("lookup and delete", element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, hash, &value));
	expect_refused("delete", element(BPF_MAP_DELETE_ELEM, hash, NULL));
	expect_refused("update a batch",
		       bpf(BPF_MAP_UPDATE_BATCH, &batch, ATTR_SIZE(batch.map_fd)));
	expect_refused("delete a batch",
		       bpf(BPF_MAP_DELETE_BATCH, &batch, ATTR_SIZE(batch.map_fd)));
	expect_refused("take out a batch",
		       bpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &batch, ATTR_SIZE(batch.map_fd)));
	expect_refused("freeze", bpf(BPF_MAP_FREEZE, &freeze, ATTR_SIZE(map_fd)));
	expect_refused("pin", bpf(BPF_OBJ_PIN, &pin, ATTR_SIZE(bpf_fd)));
	expect_refused("create", map_create(BPF_MAP_TYPE_ARRAY, 4, 0));
	report(element(BPF_MAP_LOOKUP_ELEM, hash, &value) == 0 && value == VALUE,
	       "reading goes on, and finds what was there", "");
}

/* --- everything else --- */

static long mapping(int protection, int flags)
{
	void *place = mmap(NULL, 8, protection, flags, array, 0);

	return place == MAP_FAILED ? -1 : 0;
}

static void try_mappings(void)
{
	void *place;

	expect_refused("a writable mapping of an array",
		       mapping(PROT_READ | PROT_WRITE, MAP_SHARED));
	expect_refused("the same, by MAP_SHARED_VALIDATE",
		       mapping(PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE));
	place = mmap(NULL, 8, PROT_READ, MAP_SHARED, array, 0);
	report(place != MAP_FAILED, "a mapping to read", "");
	report(mprotect(place, 8, PROT_READ | PROT_WRITE) < 0, "cannot become writable", "");
}

static void try_system(void)
{
	char name[] = "true", *arguments[] = {name, NULL};

	expect_refused("execve", execve("/bin/true", arguments, NULL));
	expect_refused("mount", mount("none", "/proc/self", "tmpfs", 0, NULL));
	expect_refused("umount", umount2("/proc/self", MNT_DETACH));
	expect_refused("a namespace", unshare(CLONE_NEWUSER));
	expect_refused("another's namespace", setns(hash, 0));
	expect_refused("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	expect_refused("a connection", socket(AF_INET, SOCK_STREAM, 0));
	expect_refused("a datagram", socket(AF_INET, SOCK_DGRAM, 0));
	expect_refused("a local connection", socket(AF_UNIX, SOCK_STREAM, 0));
	expect_refused("a module", syscall(SYS_init_module, NULL, 0, ""));
	expect_refused("another process's memory",
		       syscall(SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0));
	expect_refused("another process's descriptors", syscall(SYS_pidfd_open, getppid(), 0));
#ifndef SANITIZED
	expect_refused("a signal", kill(getppid(), 0));
	expect_refused("a signal to a thread", tgkill(getppid(), getppid(), 0));
	expect_refused("ptrace", ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
#endif
}

static int behind_drop(void)
{
	const struct privilege_needs needs = {.kernel = true, .writing = false};
	struct fault fault = FAULT_INIT;

	if (privilege_drop(&needs, &fault)) {
		report(false, "privilege is dropped: ", fault.text);
		return 1;
	}
	try_commands();
	try_elements();
	try_mappings();
	files_try();
	try_system();
	printf("1..%u\n", number);
	fflush(stdout);
	return failed != 0;
}

/* The parent, which gave up nothing: the maps are as they were, and not frozen. */
static bool maps_unchanged(void)
{
	uint64_t value = 0;

	if (element(BPF_MAP_LOOKUP_ELEM, hash, &value) || value != VALUE ||
	    element(BPF_MAP_LOOKUP_ELEM, array, &value) || value != VALUE)
		return false;
	return element(BPF_MAP_UPDATE_ELEM, hash, &value) == 0 &&
	       element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, queue, &value) == 0 && value == VALUE &&
	       element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, queue, &value) < 0;
}

int main(void)
{
	int status;

	if (geteuid() != 0 || !maps_make()) {
		printf("1..0 # SKIP %s\n", geteuid() ? "needs root" : "bpf(2) is refused");
		return 0;
	}
	if (!files_make())
		return 1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(behind_drop());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	if (!maps_unchanged() || !files_unchanged()) {
		printf("Bail out! maps or files have changed\n");
		return 1;
	}
	return WEXITSTATUS(status);
}
