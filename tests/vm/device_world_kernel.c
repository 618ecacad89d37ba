// SPDX-License-Identifier: BSD-2-Clause
/* netdevsim: devices by sysfs, switches by debugfs, names and namespaces by ip(8). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "device_rows.h"
#include "kernel/attr.h"
#include "kernel_fixture.h"

#define BUS "/sys/bus/netdevsim"
#define DEBUG "/sys/kernel/debug/netdevsim"

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void write_file(const char *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void write_file(const char *path, const char *format, ...)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	char text[64];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		fail(path);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command)) {
		fprintf(stderr, "device_rows: failed: %s\n", command);
		exit(1);
	}
}

/* --- netdevsim has its own names for ports: ours are given at once --- */

static bool is_ours(const char *name)
{
	return name[0] == 'd' && name[1] >= '0' && name[1] <= '9';
}

/* The one network device of the bus device that has no name of ours yet. */
static void name_new_port(unsigned id, unsigned port)
{
	char path[64], found[IFNAMSIZ] = "", wanted[IFNAMSIZ];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), BUS "/devices/netdevsim%u/net", id);
	directory = opendir(path);
	if (!directory)
		fail(path);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.' && !is_ours(entry->d_name))
			snprintf(found, sizeof(found), "%.15s", entry->d_name);
	closedir(directory);
	snprintf(wanted, sizeof(wanted), port == 1 ? "d%u" : "d%up%u", id, port);
	run("$IP link set dev %s name %s", found, wanted);
}

static void world_device_add(struct device_world *world, unsigned id)
{
	write_file(BUS "/new_device", "%u 1", id);
	name_new_port(id, 1);
}

static void world_device_remove(struct device_world *world, unsigned id)
{
	write_file(BUS "/del_device", "%u", id);
}

/* netdevsim counts ports from 0, and calls that one 1 in new_port's text. */
static void world_port_add(struct device_world *world, unsigned id, unsigned port)
{
	char path[64];

	snprintf(path, sizeof(path), BUS "/devices/netdevsim%u/new_port", id);
	write_file(path, "%u", port);
	name_new_port(id, port);
}

static void world_port_remove(struct device_world *world, unsigned id, unsigned port)
{
	char path[64];

	snprintf(path, sizeof(path), BUS "/devices/netdevsim%u/del_port", id);
	write_file(path, "%u", port - (port == 1));
}

static void world_accept(struct device_world *world, unsigned id, bool accept)
{
	char path[96];

	snprintf(path, sizeof(path), DEBUG "/netdevsim%u/ports/0/bpf_map_accept", id);
	write_file(path, accept ? "Y" : "N");
}

static void world_rename(struct device_world *world, const char *from, const char *to)
{
	run("$IP link set dev %s name %s", from, to);
}

static void world_move(struct device_world *world, const char *name, bool away)
{
	if (away) {
		run("$IP netns add away");
		run("$IP link set dev %s netns away", name);
		return;
	}
	run("$IP netns exec away $IP link set dev %s netns 1", name);
	run("$IP netns del away");
}

static uint32_t world_ifindex(struct device_world *world, const char *name)
{
	return if_nametoindex(name);
}

static int prog_open(struct device_world *world, int fd, struct handle **prog)
{
	struct bpf_prog_info info = {0};
	union bpf_attr query = {.info = {.bpf_fd = (uint32_t)fd,
					 .info_len = sizeof(info),
					 .info = (uintptr_t)&info}};

	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &query, ATTR_SIZE(info.info)))
		fail("the program's id");
	return object_open(world->backend, OBJECT_PROG, info.id, 0, prog);
}

/* A program that looks a key up in the map, where there is one. */
static int world_prog_load(struct device_world *world, uint32_t type, uint32_t ifindex,
			   struct handle *map, struct handle **prog, bool *mismatch)
{
	struct bpf_insn with_map[] = {
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4, .imm = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map ? handle_fd(map) : 0},
		{0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	size_t skip = map ? 0 : 6, count = sizeof(with_map) / sizeof(with_map[0]);
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = type,
		.prog_ifindex = ifindex,
		.insns = (uintptr_t)(with_map + skip),
		.insn_cnt = (uint32_t)(count - skip),
		.license = (uintptr_t) "Dual BSD/GPL",
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, ATTR_SIZE(expected_attach_type));
	int error = -errno;

	log[sizeof(log) - 1] = '\0';
	*mismatch = fd < 0 && strstr(log, "offload device mismatch between prog and map");
	if (fd < 0)
		return error;
	error = prog_open(world, fd, prog);
	close(fd);
	return error;
}

struct device_world *device_world_kernel(void)
{
	static struct device_world world = {
		.name = "kernel",
		.device_add = world_device_add,
		.device_remove = world_device_remove,
		.port_add = world_port_add,
		.port_remove = world_port_remove,
		.accept = world_accept,
		.rename = world_rename,
		.move = world_move,
		.ifindex = world_ifindex,
		.prog_load = world_prog_load,
	};

	setenv("IP", "ip", 0); /* where a shell has one of its own, say which */
	world.backend = kernel_fixture_open();
	return &world;
}
