// SPDX-License-Identifier: BSD-2-Clause
#include "syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/fuse.h>
#include <linux/sockios.h>
#include <seccomp.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What serving FUSE with threads, memory and time takes, whatever the backend. */
static const int calls_serving[] = {
	/* requests and replies */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(splice),
	SCMP_SYS(vmsplice),
	SCMP_SYS(tee),
	SCMP_SYS(pipe2),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(lseek),
	SCMP_SYS(eventfd2),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	/* threads; clone is restricted below */
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(futex),
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* signals; tgkill is restricted below */
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	/* time and identity */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	/* looking at files: /proc, the time zone; openat and fcntl are restricted below */
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(statx),
	SCMP_SYS(getdents64),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	/* the last words to unmounter.h's process, and its end */
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(shutdown),
	SCMP_SYS(wait4),
};

/*
 * The kernel backend, reading: bpffs, bpf(2) (below), network devices by name, a module's BTF (in a
 * memfd, libbpf reads it from a file).
 */
static const int calls_kernel[] = {
	SCMP_SYS(stat),	     SCMP_SYS(lstat),	     SCMP_SYS(statfs),	   SCMP_SYS(fstatfs),
	SCMP_SYS(bind),	     SCMP_SYS(getsockname),  SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
	SCMP_SYS(sendmsg),   SCMP_SYS(recvmsg),	     SCMP_SYS(setfsuid),   SCMP_SYS(setfsgid),
	SCMP_SYS(setgroups), SCMP_SYS(getgroups),    SCMP_SYS(umask),	   SCMP_SYS(capget),
	SCMP_SYS(capset),    SCMP_SYS(memfd_create),
};

/*
 * The kernel backend, writing: what bpffs can be asked to change, streams (whose records reading
 * takes away), descriptors of a caller to pin (caller_file.h), libbpf's RLIMIT_MEMLOCK for kernels
 * that count maps by it.
 */
static const int calls_kernel_writing[] = {
	SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),       SCMP_SYS(rmdir),
	SCMP_SYS(unlink),     SCMP_SYS(unlinkat),      SCMP_SYS(rename),
	SCMP_SYS(renameat),   SCMP_SYS(renameat2),     SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),  SCMP_SYS(chmod),	       SCMP_SYS(fchmodat),
	SCMP_SYS(chown),      SCMP_SYS(lchown),	       SCMP_SYS(fchownat),
	SCMP_SYS(utimensat),  SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),   SCMP_SYS(perf_event_open),
	SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),   SCMP_SYS(prlimit64),
};

/* With -o ro bpf(2) itself can only look: no create, update, delete, pin, freeze, attach. */
static const int commands_reading[] = {
	BPF_MAP_LOOKUP_ELEM,  BPF_MAP_GET_NEXT_KEY,  BPF_OBJ_GET,	   BPF_PROG_GET_NEXT_ID,
	BPF_MAP_GET_NEXT_ID,  BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD,
	BPF_PROG_QUERY,	      BPF_BTF_GET_FD_BY_ID,  BPF_BTF_GET_NEXT_ID,  BPF_TASK_FD_QUERY,
	BPF_MAP_LOOKUP_BATCH, BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID,
};

/* What the sanitizers' run-time does at the end of the process, in a build that has them. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER 1
#endif
static const int calls_sanitizer[] = {
#ifdef WITH_SANITIZER
	SCMP_SYS(ptrace),     SCMP_SYS(prctl),	  SCMP_SYS(process_vm_readv), SCMP_SYS(kill),
	SCMP_SYS(getppid),    SCMP_SYS(clone),	  SCMP_SYS(getrusage),	      SCMP_SYS(prlimit64),
	SCMP_SYS(ioctl),      SCMP_SYS(getdents), SCMP_SYS(tgkill),
#endif
	SCMP_SYS(exit_group),
};

/* The process that waits to unmount (unmounter.c). */
static const int calls_unmounting[] = {
	SCMP_SYS(read),		SCMP_SYS(umount2),	   SCMP_SYS(geteuid),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		/* An architecture that lacks the call (stat on arm64) needs no rule for it. */
		if (result == -EDOM || result == -EINVAL)
			result = calls[i] < 0 ? 0 : result;
	}
	return result;
}

/* Allows the call where the bits `mask` of argument `index` are `value`. */
static int allow_if(scmp_filter_ctx filter, int call, unsigned index, uint64_t mask, uint64_t value)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
				SCMP_CMP(index, SCMP_CMP_MASKED_EQ, mask, value));
}

/*
 * glibc tries clone3 first and takes ENOSYS as "use clone", whose flags a filter can see. The clone
 * of /dev/fuse that each thread gets has to be opened read-write: without `writing` there is none.
 */
static int allow_threads(scmp_filter_ctx filter, bool writing)
{
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

#ifndef WITH_SANITIZER
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
	/* pthread_setname_np() is prctl(PR_SET_NAME); with clone, mmap's names follow. */
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_NAME);
	if (result == 0 && writing)
		result = allow_if(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, FUSE_DEV_IOC_CLONE);
#endif
	return result;
}

/* abort(3) and raise(3): the process's own threads, not those of whoever else has this user. */
static int allow_signals(scmp_filter_ctx filter)
{
#ifndef WITH_SANITIZER
	return allow_if(filter, SCMP_SYS(tgkill), 0, UINT32_MAX, (uint64_t)getpid());
#else
	(void)filter;
	return 0;
#endif
}

/* Not F_SETOWN and F_SETSIG, by which the kernel sends a signal to any process of this user. */
static int allow_descriptors(scmp_filter_ctx filter)
{
	static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,
				       F_GETFL, F_SETFL,	 F_SETPIPE_SZ, F_GETPIPE_SZ};
	int result = 0;

	for (size_t i = 0; i < COUNT(commands) && result == 0; i++)
		result = allow_if(filter, SCMP_SYS(fcntl), 1, UINT32_MAX, (uint64_t)commands[i]);
	return result;
}

/*
 * bpf_map_mmap(): a writable shared mapping of an array is its elements. Who may not write maps
 * nothing shared and writable; what was mapped without PROT_WRITE cannot become writable later
 * (VM_MAYWRITE is cleared there).
 */
static int allow_mappings(scmp_filter_ctx filter, bool writing)
{
	int result;

	if (writing)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
	result = allow_if(filter, SCMP_SYS(mmap), 2, PROT_WRITE, 0);
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(mmap), 3, MAP_SHARED, 0);
	return result;
}

/*
 * Nothing on disk is ever created or truncated; without `writing` nothing is opened for it either,
 * be it a file, a device or the memory of a process. The flags of openat2 a filter cannot see:
 * ENOSYS is what a libc takes as "use openat".
 */
static int allow_open(scmp_filter_ctx filter, bool writing)
{
	const uint64_t changing = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	const uint64_t forbidden = changing | (writing ? 0 : O_ACCMODE);
	int result = allow_if(filter, SCMP_SYS(openat), 2, forbidden, 0);

	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
#ifdef WITH_SANITIZER
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(open), 1, forbidden, 0);
#endif
	return result;
}

/* ioctl(2) on a datagram socket, with which if_indextoname(3) and ethtool(8) ask; no network. */
static int allow_devices(scmp_filter_ctx filter, bool writing)
{
	static const unsigned long requests[] = {SIOCGIFNAME, SIOCGIFINDEX, SIOCETHTOOL};
	int result = allow_if(filter, SCMP_SYS(socket), 0, UINT64_MAX, AF_NETLINK);

	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
					  SCMP_CMP(0, SCMP_CMP_EQ, AF_UNIX),
					  SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
#ifndef WITH_SANITIZER
	for (size_t i = 0; i < COUNT(requests) && result == 0; i++)
		result = allow_if(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, requests[i]);
	if (result == 0 && writing)
		result = allow_if(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, PERF_EVENT_IOC_ENABLE);
#else
	(void)requests;
#endif
	return result;
}

static int allow_bpf(scmp_filter_ctx filter, bool writing)
{
	int result = 0;

	if (writing)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 0);
	for (size_t i = 0; i < COUNT(commands_reading) && result == 0; i++)
		result = allow_if(filter, SCMP_SYS(bpf), 0, UINT32_MAX,
				  (uint64_t)commands_reading[i]);
	return result;
}

static int allow_kernel(scmp_filter_ctx filter, bool writing)
{
	int result = allow(filter, calls_kernel, COUNT(calls_kernel));

	if (result == 0)
		result = allow_devices(filter, writing);
	if (result == 0)
		result = allow_bpf(filter, writing);
	if (result == 0 && writing)
		result = allow(filter, calls_kernel_writing, COUNT(calls_kernel_writing));
	return result;
}

static int fill(scmp_filter_ctx filter, const struct privilege_needs *needs)
{
	int result = allow(filter, calls_serving, COUNT(calls_serving));

	if (result == 0)
		result = allow(filter, calls_sanitizer, COUNT(calls_sanitizer));
	if (result == 0)
		result = allow_threads(filter, needs->writing);
	if (result == 0)
		result = allow_signals(filter);
	if (result == 0)
		result = allow_descriptors(filter);
	if (result == 0)
		result = allow_open(filter, needs->writing);
	if (result == 0)
		result = allow_mappings(filter, needs->writing || !needs->kernel);
	if (result == 0 && needs->kernel)
		result = allow_kernel(filter, needs->writing);
	return result;
}

static int fill_to_unmount(scmp_filter_ctx filter, const struct privilege_needs *needs)
{
	(void)needs;
	return allow(filter, calls_unmounting, COUNT(calls_unmounting));
}

static int install(int (*fill_filter)(scmp_filter_ctx, const struct privilege_needs *),
		   const struct privilege_needs *needs, struct fault *fault)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (!filter)
		return fault_set(fault, ENOMEM, "cannot make a seccomp filter");
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = fill_filter(filter, needs);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0)
		return fault_set(fault, -result, "cannot install the seccomp filter: %s",
				 strerror(-result));
	return 0;
}

int syscall_filter_install(const struct privilege_needs *needs, struct fault *fault)
{
	return install(fill, needs, fault);
}

int syscall_filter_install_to_unmount(struct fault *fault)
{
	return install(fill_to_unmount, NULL, fault);
}
