// SPDX-License-Identifier: BSD-2-Clause
/*
 * Network devices on the kernel backend, over veth in a network namespace that goes with the
 * process: devmaps, redirect beside what a real XDP program gets, and control maps.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/control.h>
#include <bpfuse/redirect.h>
#include "kernel/netlink.h"
#include "kernel_fixture.h"

static struct backend *backend;

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

static void setup(void)
{
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	backend = kernel_fixture_open();
	run("ip link set lo up; ip link add va type veth peer name vb; "
	    "ip link add vc type veth peer name vd; "
	    "for d in va vb vc vd; do ip link set $d up; done");
}

static void teardown(void)
{
	backend_close(backend);
}

TestSuite(network, .init = setup, .fini = teardown);

/* A dump that fails says so in the message that ends it. */
Test(network, netlink_dump_error)
{
	struct netlink_request request;
	struct inet_diag_req_v2 *query =
		netlink_start(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*query));

	query->sdiag_family = AF_INET;
	query->sdiag_protocol = 254; /* there are no such sockets */
	cr_assert_eq(netlink_ask(NETLINK_SOCK_DIAG, &request, NULL, NULL), -ENOENT);
}

static struct handle *devmap_new(uint32_t type, uint32_t value_size)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map = NULL;

	spec.type = type;
	spec.key_size = 4;
	spec.value_size = value_size;
	spec.max_entries = 4;
	cr_assert_eq(map_create(backend, &spec, &map), 0);
	return map;
}

static int devmap_set(struct handle *map, uint32_t key, const char *device, int prog_fd)
{
	struct bpf_devmap_val value = {.ifindex = if_nametoindex(device), .bpf_prog.fd = prog_fd};

	return map_update(map, &key, &value, BPF_ANY);
}

static int prog_load(const struct bpf_insn *instructions, size_t count, uint32_t attach_type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach_type);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "network", "Dual BSD/GPL", instructions, count,
			       &options);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	return fd;
}

/* r0 = action; exit */
static int prog_plain(uint32_t attach_type)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return prog_load(instructions, 2, attach_type);
}

/* --- devmaps --- */

/* A process in a network namespace of its own; it ends when its pipe does. */
static pid_t namespace_new(int *pipe_end)
{
	int ready[2], held[2];
	char byte = 0;
	pid_t child;

	cr_assert(!pipe(ready) && !pipe(held));
	child = fork();
	if (!child) {
		close(held[1]);
		if (unshare(CLONE_NEWNET) || write(ready[1], &byte, 1) != 1 ||
		    read(held[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(held[0]);
	*pipe_end = held[1];
	return child;
}

Test(network, entries_go_with_their_device)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH};

	for (size_t i = 0; i < 2; i++) {
		cleanup_with(handle_closep) struct handle *map = devmap_new(types[i], 8);
		cleanup_close int prog = prog_plain(BPF_XDP_DEVMAP);
		cleanup_close int plain = prog_plain(0);
		struct bpf_devmap_val value;
		uint32_t key = 1;

		int elsewhere;
		pid_t child = namespace_new(&elsewhere);
		char move[64];

		snprintf(move, sizeof(move), "ip link set dev vz netns %d", (int)child);
		run("ip link add ve type veth peer name vz");
		cr_expect_eq(devmap_set(map, 1, "ve", prog), 0);
		cr_expect_eq(devmap_set(map, 2, "vz", 0), 0);
		cr_expect_eq(devmap_set(map, 2, "vz", plain), -EINVAL, "no xdp_devmap program");
		cr_assert_eq(map_lookup(map, &key, &value, 0), 0);
		cr_expect_eq(value.ifindex, if_nametoindex("ve"));
		cr_expect_gt(value.bpf_prog.id, 0);
		run(move);
		key = 2;
		cr_expect_eq(map_lookup(map, &key, &value, 0), -ENOENT, "moved away");
		run("ip link del ve");
		close(elsewhere);
		waitpid(child, NULL, 0);
		key = 1;
		cr_expect_eq(map_lookup(map, &key, &value, 0), -ENOENT, "deleted");
	}
}

/* What bpf_redirect_map(map, key, flags) returns in a program: BPF_PROG_TEST_RUN. */
static unsigned redirect_run(struct handle *map, uint32_t key, uint32_t flags)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = handle_fd(map)},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = (int)key},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = (int)flags},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
		{.code = BPF_JMP | BPF_EXIT},
	};
	cleanup_close int fd = prog_load(instructions, 6, 0);
	unsigned char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);

	cr_assert_eq(bpf_prog_test_run_opts(fd, &options), 0);
	return options.retval;
}

Test(network, redirect_says_what_a_program_gets)
{
	static const char *const actions[] = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX",
					      "XDP_REDIRECT"};
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH};

	for (size_t i = 0; i < 2; i++) {
		cleanup_with(handle_closep) struct handle *map = devmap_new(types[i], 4);

		cr_assert_eq(devmap_set(map, 0, "va", 0), 0);
		cr_assert_eq(devmap_set(map, 3, "vc", 0), 0);
		for (uint32_t key = 0; key < 6; key++) {
			for (uint32_t flags = 0; flags < 64; flags++) {
				struct buffer answer = BUFFER_INIT;
				char request[64], wanted[64];
				int length = snprintf(request, sizeof(request), "key=%u flags=%u",
						      key, flags);

				snprintf(wanted, sizeof(wanted), "{\"action\":\"%s\"",
					 actions[redirect_run(map, key, flags)]);
				cr_assert_eq(redirect_simulate(map, request, (size_t)length,
							       &answer, NULL),
					     0);
				cr_expect_eq(strncmp(answer.data, wanted, strlen(wanted)), 0,
					     "%s: %s, the kernel: %s", request, answer.data,
					     wanted);
				buffer_free(&answer);
			}
		}
	}
}

/* --- control maps --- */

static struct handle *control_map(struct backend *control, const char *name)
{
	struct handle *map = NULL;
	struct map_info info;
	uint32_t id = 0;

	while (!object_next(control, OBJECT_MAP, id, &id)) {
		cr_assert_eq(object_open(control, OBJECT_MAP, id, 0, &map), 0);
		cr_assert_eq(map_info(map, &info), 0);
		if (!strcmp(info.name, name))
			return map;
		handle_close(map);
	}
	cr_assert_fail("no control map is called %s", name);
	return NULL;
}

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

static int xdp_write(struct handle *map, const char *device, uint32_t id, const char *mode)
{
	char key[IFNAMSIZ] = "", value[256], text[64];
	int length = snprintf(text, sizeof(text), "prog=%u mode=%s", id, mode), error;

	strcpy(key, device);
	error = map_parse_value(map, text, (size_t)length, value, NULL);
	return error ? error : map_update(map, key, value, BPF_ANY);
}

Test(network, xdp_attaches_replaces_detaches)
{
	cleanup_close int first = prog_plain(0), second = prog_plain(0);
	static const char *const modes[] = {"drv", "skb"};
	struct backend *control;
	struct xdp_info info;
	struct handle *map;
	char key[IFNAMSIZ] = "va";

	cr_assert_eq(control_open(backend, &control), 0);
	map = control_map(control, "xdp");
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(map_delete(map, key), -ENOENT);
		cr_expect_eq(xdp_write(map, "va", prog_id(first), modes[i]), 0);
		cr_assert_eq(xdp_info(backend, if_nametoindex("va"), &info), 0);
		cr_expect_eq(info.mode, i + 1);
		cr_expect_eq(info.prog_id[info.mode], prog_id(first));
		cr_expect_eq(xdp_write(map, "va", prog_id(second), modes[i]), 0, "replaced");
		cr_expect_eq(xdp_write(map, "va", prog_id(second), modes[!i]), -EEXIST);
		cr_assert_eq(xdp_info(backend, if_nametoindex("va"), &info), 0);
		cr_expect_eq(info.prog_id[info.mode], prog_id(second));
		cr_expect_eq(map_delete(map, key), 0);
	}
	cr_expect_eq(xdp_write(map, "none", prog_id(first), "skb"), -ENOENT);
	handle_close(map);
	backend_close(control);
}

Test(network, prog_stats_and_sockets)
{
	cleanup_close int prog = prog_plain(0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct backend *control;
	struct handle *map;
	uint64_t stats[8], cookie;
	socklen_t size = sizeof(cookie);
	struct buffer on = BUFFER_INIT;
	uint32_t id = prog_id(prog), value[128];

	cr_assert_eq(control_open(backend, &control), 0);
	map = control_map(control, "prog_stats");
	cr_expect_eq(map_lookup(map, &id, stats, 0), 0);
	cr_expect_eq(map_update(map, &id, stats, 0), -EPERM);
	cr_expect_eq(control_switch_set(map, "enabled", "1\n", 2, NULL), 0);
	cr_expect_eq(control_switch_get(map, "enabled", &on), 0);
	cr_expect_str_eq(on.data, "1");
	buffer_free(&on);
	cr_expect_eq(control_switch_set(map, "enabled", "0", 1, NULL), 0);
	handle_close(map);

	map = control_map(control, "sock");
	cr_assert_eq(
		connect(udp,
			(struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
								 .sin_port = 0x3500,
								 .sin_addr.s_addr = 0x0100007f},
			sizeof(struct sockaddr_in)),
		0);
	cr_assert_eq(getsockopt(udp, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
	cr_assert_eq(map_lookup(map, &cookie, value, 0), 0);
	cr_expect_eq(value[0], AF_INET);
	cr_expect_eq(value[1], SOCK_DGRAM);
	cr_expect_eq(map_delete(map, &cookie), -EPERM);
	handle_close(map);
	backend_close(control);
}

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
