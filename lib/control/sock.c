// SPDX-License-Identifier: BSD-2-Clause
/* sock/: socket cookie -> family, type, state, addresses, ports, marks. Nothing can be written. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <bpfuse/cleanup.h>
#include "control/control_type.h"

struct sock {
	uint32_t family, type, protocol, state;
	char source[108], destination[108];
	uint16_t source_port, destination_port;
	uint32_t mark, ifindex, uid, inode;
};

struct enum_name {
	const char *name;
	int value;
};

static const struct enum_name families[] = {
	{"AF_UNIX", AF_UNIX}, {"AF_INET", AF_INET}, {"AF_INET6", AF_INET6}, {0}};
static const struct enum_name types[] = {{"SOCK_STREAM", SOCK_STREAM},
					 {"SOCK_DGRAM", SOCK_DGRAM},
					 {"SOCK_SEQPACKET", SOCK_SEQPACKET},
					 {0}};
static const struct enum_name protocols[] = {{"IPPROTO_IP", IPPROTO_IP},
					     {"IPPROTO_TCP", IPPROTO_TCP},
					     {"IPPROTO_UDP", IPPROTO_UDP},
					     {0}};
/* TCP's states, which the kernel uses for all sockets. */
static const struct enum_name states[] = {{"TCP_ESTABLISHED", TCP_ESTABLISHED},
					  {"TCP_SYN_SENT", TCP_SYN_SENT},
					  {"TCP_SYN_RECV", TCP_SYN_RECV},
					  {"TCP_FIN_WAIT1", TCP_FIN_WAIT1},
					  {"TCP_FIN_WAIT2", TCP_FIN_WAIT2},
					  {"TCP_TIME_WAIT", TCP_TIME_WAIT},
					  {"TCP_CLOSE", TCP_CLOSE},
					  {"TCP_CLOSE_WAIT", TCP_CLOSE_WAIT},
					  {"TCP_LAST_ACK", TCP_LAST_ACK},
					  {"TCP_LISTEN", TCP_LISTEN},
					  {"TCP_CLOSING", TCP_CLOSING},
					  {0}};

static int add_enum(struct btf *btf, const char *name, const struct enum_name *values)
{
	int id = btf__add_enum(btf, name, 4);

	for (; values->name; values++)
		btf__add_enum_value(btf, values->name, values->value);
	return id;
}

#define ADD(member, type) btf__add_field(btf, #member, type, offsetof(struct sock, member) * 8, 0)

static void describe(struct btf *btf, uint32_t *key_id, uint32_t *value_id)
{
	int family = add_enum(btf, "family", families), type = add_enum(btf, "type", types);
	int protocol = add_enum(btf, "protocol", protocols), state = add_enum(btf, "state", states);
	int address = control_btf_chars(btf, sizeof(((struct sock *)0)->source));
	int u16 = btf__add_int(btf, "__u16", 2, 0), u32 = btf__add_int(btf, "__u32", 4, 0);

	*key_id = (uint32_t)btf__add_int(btf, "__u64", 8, 0);
	*value_id = (uint32_t)btf__add_struct(btf, "sock", sizeof(struct sock));
	ADD(family, family);
	ADD(type, type);
	ADD(protocol, protocol);
	ADD(state, state);
	ADD(source, address);
	ADD(destination, address);
	ADD(source_port, u16);
	ADD(destination_port, u16);
	ADD(mark, u32);
	ADD(ifindex, u32);
	ADD(uid, u32);
	ADD(inode, u32);
}

static int read_all(struct backend *parent, struct buffer *elements)
{
	cleanup_free struct socket_info *sockets = NULL;
	size_t count;
	int error = socket_list(parent, &sockets, &count);

	for (size_t i = 0; !error && i < count; i++) {
		const struct socket_info *info = &sockets[i];
		struct sock sock = {
			.family = info->family,
			.type = info->type,
			.protocol = info->protocol,
			.state = info->state,
			.source_port = info->source_port,
			.destination_port = info->destination_port,
			.mark = info->mark,
			.ifindex = info->ifindex,
			.uid = info->uid,
			.inode = info->inode,
		};

		memcpy(sock.source, info->source, sizeof(sock.source));
		memcpy(sock.destination, info->destination, sizeof(sock.destination));
		buffer_append(elements, &info->cookie, sizeof(info->cookie));
		buffer_append(elements, &sock, sizeof(sock));
	}
	return error;
}

const struct control_type sock_type = {
	.name = "sock",
	.key_size = sizeof(uint64_t),
	.value_size = sizeof(struct sock),
	.describe = describe,
	.read_all = read_all,
};
