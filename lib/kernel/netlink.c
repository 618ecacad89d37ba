// SPDX-License-Identifier: BSD-2-Clause
#include "netlink.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <bpfuse/cleanup.h>

#define RECEIVE_BYTES 65536 /* more than a page times two: what dumps are made of */

static struct nlmsghdr *header_of(struct netlink_request *request)
{
	return (struct nlmsghdr *)request->bytes;
}

void *netlink_start(struct netlink_request *request, uint16_t type, uint16_t flags, size_t size)
{
	memset(request, 0, sizeof(*request));
	header_of(request)->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	header_of(request)->nlmsg_type = type;
	header_of(request)->nlmsg_flags = flags | NLM_F_REQUEST;
	return NLMSG_DATA(header_of(request));
}

struct nlattr *netlink_add(struct netlink_request *request, uint16_t type, const void *data,
			   size_t length)
{
	struct nlmsghdr *header = header_of(request);
	struct nlattr *attribute =
		(struct nlattr *)(request->bytes + NLMSG_ALIGN(header->nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + length);
	if (length)
		memcpy((char *)attribute + NLA_HDRLEN, data, length);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
	return attribute;
}

struct nlattr *netlink_nest(struct netlink_request *request, uint16_t type)
{
	return netlink_add(request, type | NLA_F_NESTED, NULL, 0);
}

void netlink_nest_end(struct netlink_request *request, struct nlattr *nest)
{
	unsigned char *end = request->bytes + header_of(request)->nlmsg_len;

	nest->nla_len = (uint16_t)(end - (unsigned char *)nest);
}

/* 1: more will come; 0: the end; -errno. */
static int answer_take(const struct nlmsghdr *header,
		       int (*receive)(const struct nlmsghdr *header, void *context), void *context)
{
	int error = 0;

	switch (header->nlmsg_type) {
	/* Both begin with 0 or -errno: netlink_ack(), netlink_dump_done(). */
	case NLMSG_ERROR:
	case NLMSG_DONE:
		if (header->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
			return -EIO;
		memcpy(&error, NLMSG_DATA(header), sizeof(error));
		return error;
	case NLMSG_NOOP:
		return 1;
	default:
		error = receive ? receive(header, context) : 0;
		return error ? error : 1;
	}
}

static int answers_take(int fd, void *room,
			int (*receive)(const struct nlmsghdr *header, void *context), void *context)
{
	for (;;) {
		ssize_t got = recv(fd, room, RECEIVE_BYTES, 0);
		struct nlmsghdr *header = room;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		for (unsigned left = (unsigned)got; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			int result = answer_take(header, receive, context);

			if (result <= 0)
				return result;
		}
	}
}

int netlink_ask(int protocol, struct netlink_request *request,
		int (*receive)(const struct nlmsghdr *header, void *context), void *context)
{
	struct nlmsghdr *header = header_of(request);
	bool dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	cleanup_free void *room = malloc(RECEIVE_BYTES);

	if (fd < 0)
		return -errno;
	if (!room)
		return -ENOMEM;
	if (!dump)
		header->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, request->bytes, header->nlmsg_len, 0) < 0)
		return -errno;
	return answers_take(fd, room, receive, context);
}

const struct nlattr *netlink_find(const struct nlmsghdr *header, size_t size, uint16_t type)
{
	const char *at = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(size);
	const char *end = (const char *)header + header->nlmsg_len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const struct nlattr *)at;

		if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > end)
			return NULL;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return attribute;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}

static void number(const struct nlattr *attribute, void *bytes, size_t size)
{
	if (attribute && netlink_length(attribute) >= size)
		memcpy(bytes, netlink_data(attribute), size);
}

uint64_t netlink_u64(const struct nlattr *attribute)
{
	uint64_t value = 0;

	number(attribute, &value, sizeof(value));
	return value;
}

uint32_t netlink_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;

	number(attribute, &value, sizeof(value));
	return value;
}

uint16_t netlink_u16(const struct nlattr *attribute)
{
	uint16_t value = 0;

	number(attribute, &value, sizeof(value));
	return value;
}
