// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's world: things are real descriptors, made with bare system calls; devices are veth
 * pairs in a network namespace that goes with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include "kernel/attr.h"
#include "kernel_fixture.h"
#include "world.h"

#define THINGS_MAX 4096
#define CGROUP_DIRECTORY "/sys/fs/cgroup"
#define DEVICES_MAX 16

static int things[THINGS_MAX];
static size_t thing_count;
static char devices[DEVICES_MAX][IFNAMSIZ];
static size_t device_count;

/* --- programs --- */

struct program {
	uint32_t type, attach_type, flags;
};

static const struct program *program_of(enum thing kind)
{
	static const struct program programs[] = {
		[THING_XDP] = {BPF_PROG_TYPE_XDP, 0, 0},
		[THING_XDP_DEVMAP] = {BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0},
		[THING_XDP_DEVMAP_FRAGS] = {BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BPF_F_XDP_HAS_FRAGS},
		[THING_XDP_CPUMAP] = {BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0},
		[THING_SOCKET_FILTER] = {BPF_PROG_TYPE_SOCKET_FILTER, 0, 0},
		[THING_SCHED_CLS] = {BPF_PROG_TYPE_SCHED_CLS, 0, 0},
	};

	return kind < sizeof(programs) / sizeof(programs[0]) && programs[kind].type
		       ? &programs[kind]
		       : NULL;
}

/* r0 = 0; exit */
static int program_load(const struct program *program)
{
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = program->type,
		.expected_attach_type = program->attach_type,
		.prog_flags = program->flags,
		.insns = (uintptr_t)instructions,
		.insn_cnt = 2,
		.license = (uintptr_t) "Dual BSD/GPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, ATTR_SIZE(expected_attach_type));
}

/* --- maps, sockets and others --- */

static int small_map(uint32_t type)
{
	union bpf_attr attr = {.map_type = type, .key_size = 4, .value_size = 4, .max_entries = 8};

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, ATTR_SIZE(max_entries));
}

static int inet_socket(int type, bool reuseport, bool bound)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd >= 0 && reuseport)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (fd >= 0 && bound && bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	if (fd >= 0 && bound && type == SOCK_STREAM && listen(fd, 1))
		return -1;
	return fd;
}

static int perf_event(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Above all that are open: the highest number of a small table. */
static int closed_number(void)
{
	return 1000;
}

static int thing_open(enum thing kind)
{
	switch (kind) {
	case THING_STDIN:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case THING_MAP_HASH:
		return small_map(BPF_MAP_TYPE_HASH);
	case THING_MAP_ARRAY:
		return small_map(BPF_MAP_TYPE_ARRAY);
	case THING_PERF_EVENT:
		return perf_event();
	case THING_CGROUP:
		return open(CGROUP_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case THING_TCP_LISTENING:
		return inet_socket(SOCK_STREAM, false, true);
	case THING_TCP_NEW:
		return inet_socket(SOCK_STREAM, false, false);
	case THING_UDP_BOUND:
		return inet_socket(SOCK_DGRAM, false, true);
	case THING_UDP_NEW:
		return inet_socket(SOCK_DGRAM, false, false);
	case THING_REUSEPORT:
		return inet_socket(SOCK_DGRAM, true, true);
	case THING_XSK:
		return socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	case THING_PIDFD:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case THING_FILE:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	default:
		errno = EOPNOTSUPP;
		return -1;
	}
}

/* --- devices, through rtnetlink --- */

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attributes[256];
};

static struct rtattr *attribute_add(struct request *request, unsigned short type, const void *data,
				    size_t length)
{
	struct rtattr *attribute =
		(struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(length);
	if (length)
		memcpy(RTA_DATA(attribute), data, length);
	request->header.nlmsg_len =
		NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
	return attribute;
}

/* A nested attribute ends where the message ends now. */
static void attribute_end(struct request *request, struct rtattr *attribute)
{
	attribute->rta_len =
		(unsigned short)((char *)request + request->header.nlmsg_len - (char *)attribute);
}

static int request_send(struct request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int error = -EIO;

	request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(fd, request, request->header.nlmsg_len, 0) >= 0 &&
	    recv(fd, &answer, sizeof(answer), 0) >= (ssize_t)sizeof(answer.header) &&
	    answer.header.nlmsg_type == NLMSG_ERROR)
		error = answer.error.error;
	close(fd);
	return error;
}

static int veth_add(const char *name)
{
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			   .nlmsg_type = RTM_NEWLINK,
			   .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL},
	};
	struct rtattr *info;

	attribute_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	info = attribute_add(&request, IFLA_LINKINFO, NULL, 0);
	attribute_add(&request, IFLA_INFO_KIND, "veth", 4);
	attribute_end(&request, info);
	return request_send(&request);
}

static int link_delete(const char *name)
{
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			   .nlmsg_type = RTM_DELLINK},
	};

	attribute_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return request_send(&request);
}

static int world_device_add(struct world *world, const char *name, uint32_t *ifindex)
{
	int error = device_count == DEVICES_MAX ? -ENFILE : veth_add(name);

	if (error)
		return error;
	snprintf(devices[device_count++], IFNAMSIZ, "%s", name);
	*ifindex = if_nametoindex(name);
	return 0;
}

static int world_device_remove(struct world *world, const char *name)
{
	for (size_t i = 0; i < device_count; i++) {
		if (!strcmp(devices[i], name)) {
			memmove(devices[i], devices[--device_count], IFNAMSIZ);
			break;
		}
	}
	return link_delete(name);
}

/* --- the world --- */

static int make(struct world *world, enum thing kind, int *number)
{
	const struct program *program = program_of(kind);
	int fd;

	if (kind == THING_CLOSED) {
		*number = closed_number();
		return 0;
	}
	if (kind == THING_DEVICE) {
		*number = (int)if_nametoindex("lo");
		return 0;
	}
	if (kind == THING_QUEUE) {
		*number = 192;
		return 0;
	}
	if (thing_count == THINGS_MAX)
		return -ENFILE;
	fd = program ? program_load(program) : thing_open(kind);
	world->lacking = fd < 0 ? thing_name(kind) : world->lacking;
	if (fd < 0)
		return -errno;
	things[thing_count++] = fd;
	*number = fd;
	return 0;
}

/* Maps and programs begin their information alike: type, id. */
static int identify(struct world *world, int number, uint32_t *id)
{
	uint32_t info[64] = {0};
	union bpf_attr attr = {
		.info = {.bpf_fd = (uint32_t)number,
			 .info_len = sizeof(info),
			 .info = (uintptr_t)info},
	};

	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, ATTR_SIZE(info.info)))
		return -errno;
	*id = info[1];
	return 0;
}

static void drop(struct world *world, int number)
{
	for (size_t i = 0; i < thing_count; i++) {
		if (things[i] == number) {
			close(number);
			things[i] = things[--thing_count];
			return;
		}
	}
}

static void tidy(struct world *world)
{
	while (thing_count)
		close(things[--thing_count]);
	while (device_count)
		link_delete(devices[--device_count]);
}

const char *world_kernel_missing(void)
{
	return kernel_missing();
}

struct world *world_kernel_open(void)
{
	static struct world world = {
		.name = "kernel",
		.make = make,
		.identify = identify,
		.drop = drop,
		.device_add = world_device_add,
		.device_remove = world_device_remove,
		.tidy = tidy,
	};
	cpu_set_t first_cpu = {0};

	/* Each CPU keeps free LRU nodes of its own: on one CPU the number that is kept is known. */
	CPU_SET(0, &first_cpu);
	sched_setaffinity(0, sizeof(first_cpu), &first_cpu);
	if (unshare(CLONE_NEWNET)) {
		perror("a network namespace of its own");
		exit(1);
	}
	world.backend = kernel_fixture_open();
	if (mount("cgroup2", CGROUP_DIRECTORY, "cgroup2", 0, NULL) && errno != EBUSY)
		perror("mount -t cgroup2"); /* what needs it says so */
	return &world;
}
