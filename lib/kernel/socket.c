// SPDX-License-Identifier: BSD-2-Clause
/* Sockets of our network namespace, through sock_diag(7). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include "internal.h"
#include "netlink.h"

struct socket_array {
	struct socket_info *sockets;
	size_t count, room;
	uint32_t type, protocol; /* of those that are being read */
};

static struct socket_info *array_add(struct socket_array *array)
{
	if (array->count == array->room) {
		size_t room = array->room ? array->room * 2 : 64;
		struct socket_info *grown = realloc(array->sockets, room * sizeof(*array->sockets));

		if (!grown)
			return NULL;
		array->sockets = grown;
		array->room = room;
	}
	memset(&array->sockets[array->count], 0, sizeof(*array->sockets));
	return &array->sockets[array->count++];
}

static uint64_t cookie_of(const uint32_t halves[2])
{
	return halves[0] | (uint64_t)halves[1] << 32;
}

/* --- TCP and UDP --- */

static int receive_inet(const struct nlmsghdr *header, void *context)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	struct socket_array *array = context;
	struct socket_info *info;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return -EIO;
	info = array_add(array);
	if (!info)
		return -ENOMEM;
	info->cookie = cookie_of(message->id.idiag_cookie);
	info->family = message->idiag_family;
	info->type = array->type;
	info->protocol = array->protocol;
	info->state = message->idiag_state;
	inet_ntop(message->idiag_family, message->id.idiag_src, info->source, sizeof(info->source));
	inet_ntop(message->idiag_family, message->id.idiag_dst, info->destination,
		  sizeof(info->destination));
	info->source_port = ntohs(message->id.idiag_sport);
	info->destination_port = ntohs(message->id.idiag_dport);
	info->mark = netlink_u32(netlink_find(header, sizeof(*message), INET_DIAG_MARK));
	info->ifindex = message->id.idiag_if;
	info->uid = message->idiag_uid;
	info->inode = message->idiag_inode;
	return 0;
}

static int read_inet(struct socket_array *array, int family, int type, int protocol)
{
	struct netlink_request request;
	struct inet_diag_req_v2 *query =
		netlink_start(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*query));

	query->sdiag_family = (uint8_t)family;
	query->sdiag_protocol = (uint8_t)protocol;
	query->idiag_states = UINT32_MAX;
	array->type = (uint32_t)type;
	array->protocol = (uint32_t)protocol;
	return netlink_ask(NETLINK_SOCK_DIAG, &request, receive_inet, array);
}

/* --- AF_UNIX --- */

/* An abstract name begins with a NUL, written as '@' as ss(8) does. */
static void copy_path(struct socket_info *info, const struct nlattr *name)
{
	size_t length = name ? netlink_length(name) : 0;

	if (length >= sizeof(info->source))
		length = sizeof(info->source) - 1;
	if (length)
		memcpy(info->source, netlink_data(name), length);
	if (length && !info->source[0])
		info->source[0] = '@';
}

static int receive_unix(const struct nlmsghdr *header, void *context)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	struct socket_info *info;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return -EIO;
	info = array_add(context);
	if (!info)
		return -ENOMEM;
	info->cookie = cookie_of(message->udiag_cookie);
	info->family = AF_UNIX;
	info->type = message->udiag_type;
	info->state = message->udiag_state;
	info->inode = message->udiag_ino;
	copy_path(info, netlink_find(header, sizeof(*message), UNIX_DIAG_NAME));
	info->uid = netlink_u32(netlink_find(header, sizeof(*message), UNIX_DIAG_UID));
	return 0;
}

static int read_unix(struct socket_array *array)
{
	struct netlink_request request;
	struct unix_diag_req *query =
		netlink_start(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*query));

	query->sdiag_family = AF_UNIX;
	query->udiag_states = UINT32_MAX;
	query->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID;
	return netlink_ask(NETLINK_SOCK_DIAG, &request, receive_unix, array);
}

/* A kernel without the module for a kind (ENOENT, EOPNOTSUPP) has none of its sockets to show. */
static int forgive(int error)
{
	return error == -ENOENT || error == -EOPNOTSUPP || error == -EINVAL ? 0 : error;
}

int kernel_socket_list(struct backend *backend, struct socket_info **sockets, size_t *count)
{
	static const struct {
		int family, type, protocol;
	} kinds[] = {
		{AF_INET, SOCK_STREAM, IPPROTO_TCP},
		{AF_INET, SOCK_DGRAM, IPPROTO_UDP},
		{AF_INET6, SOCK_STREAM, IPPROTO_TCP},
		{AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
	};
	struct socket_array array = {0};
	int error = forgive(read_unix(&array));

	for (size_t i = 0; !error && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		error = forgive(
			read_inet(&array, kinds[i].family, kinds[i].type, kinds[i].protocol));
	if (error) {
		free(array.sockets);
		return error;
	}
	*sockets = array.sockets;
	*count = array.count;
	return 0;
}
