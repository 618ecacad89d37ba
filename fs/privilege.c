// SPDX-License-Identifier: BSD-2-Clause
#include "privilege.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cap-ng.h>
#include <linux/capability.h>
#include "syscall_filter.h"

/* What bpf(2) itself asks for; SYS_ADMIN for ids (GET_FD_BY_ID, GET_NEXT_ID). */
static const unsigned capabilities_reading[] = {
	CAP_BPF,	CAP_SYS_ADMIN, CAP_PERFMON, CAP_DAC_READ_SEARCH,
	CAP_SYS_PTRACE, /* other processes' /proc/PID/fdinfo: holders */
};

/*
 * What acting as a caller on bpffs takes (setfsuid and its group twins, then bpffs's own checks)
 * and attaching to network devices.
 */
static const unsigned capabilities_writing[] = {
	CAP_NET_ADMIN, CAP_DAC_OVERRIDE, CAP_SETUID, CAP_SETGID, CAP_CHOWN, CAP_FOWNER, CAP_FSETID,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Keeping is all this does: a capability that the process does not have is not asked for. */
static void keep(const unsigned *capabilities, size_t count, bool *kept)
{
	for (size_t i = 0; i < count; i++)
		if (capng_have_capability(CAPNG_PERMITTED, capabilities[i]))
			kept[capabilities[i]] = true;
}

/* Leaves nothing but these, not even for a program that would be run. */
static int capabilities_set(const bool *kept, struct fault *fault)
{
	bool bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(bounding ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (kept[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, i);
	if (capng_apply(bounding ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) != 0)
		return fault_set(fault, EPERM, "cannot drop capabilities: %s", strerror(errno));
	return 0;
}

static int capabilities_read(struct fault *fault)
{
	if (capng_get_caps_process() != 0)
		return fault_set(fault, EPERM, "cannot read the process's capabilities");
	return 0;
}

static int capabilities_drop(const struct privilege_needs *needs, struct fault *fault)
{
	bool kept[CAP_LAST_CAP + 1] = {false};
	int result = capabilities_read(fault);

	if (result)
		return result;
	if (needs->kernel)
		keep(capabilities_reading, COUNT(capabilities_reading), kept);
	if (needs->kernel && needs->writing)
		keep(capabilities_writing, COUNT(capabilities_writing), kept);
	return capabilities_set(kept, fault);
}

/* Maps hold secrets; a core file would be a copy of them that nobody asked for. */
static int limits_set(struct fault *fault)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return fault_set(fault, errno, "cannot forbid core files: %s", strerror(errno));
	return 0;
}

static int new_privileges_forbid(struct fault *fault)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_set(fault, errno, "cannot set no_new_privs: %s", strerror(errno));
	return 0;
}

int privilege_drop(const struct privilege_needs *needs, struct fault *fault)
{
	int result = limits_set(fault);

	if (result == 0)
		result = capabilities_drop(needs, fault);
	if (result == 0)
		result = new_privileges_forbid(fault);
	if (result == 0)
		result = syscall_filter_install(needs, fault);
	return result;
}

int privilege_drop_to_unmount(struct fault *fault)
{
	bool kept[CAP_LAST_CAP + 1] = {[CAP_SYS_ADMIN] = true};
	int result = capabilities_read(fault);

	if (result || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		return result;
	result = limits_set(fault);
	if (result == 0)
		result = capabilities_set(kept, fault);
	if (result == 0)
		result = new_privileges_forbid(fault);
	if (result == 0)
		result = syscall_filter_install_to_unmount(fault);
	return result;
}
