// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <bpfuse/map_type.h>
#include "world.h"

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	if (!error)
		return "ok";
	if (error == ENOTSUPP)
		return "ENOTSUPP";
	return name ? name : "an unknown error";
}

const char *thing_name(enum thing kind)
{
	static const char *const names[] = {
		[THING_NONE] = "nothing",
		[THING_CLOSED] = "a closed descriptor",
		[THING_STDIN] = "a descriptor that is not of BPF",
		[THING_XDP] = "an XDP program",
		[THING_XDP_DEVMAP] = "an XDP program for devmaps",
		[THING_XDP_DEVMAP_FRAGS] = "an XDP program for devmaps, with fragments",
		[THING_XDP_CPUMAP] = "an XDP program for cpumaps",
		[THING_SOCKET_FILTER] = "a socket filter",
		[THING_SCHED_CLS] = "a classifier",
		[THING_MAP_HASH] = "a hash",
		[THING_MAP_ARRAY] = "an array",
		[THING_PERF_EVENT] = "a perf event",
		[THING_CGROUP] = "a cgroup",
		[THING_TCP_LISTENING] = "a listening TCP socket",
		[THING_TCP_NEW] = "an unconnected TCP socket",
		[THING_UDP_BOUND] = "a bound UDP socket",
		[THING_UDP_NEW] = "an unbound UDP socket",
		[THING_REUSEPORT] = "a socket of a reuseport group",
		[THING_XSK] = "an AF_XDP socket",
		[THING_PIDFD] = "a pidfd",
		[THING_FILE] = "an open file",
		[THING_DEVICE] = "a network device",
		[THING_QUEUE] = "a queue size",
	};

	return names[kind];
}
