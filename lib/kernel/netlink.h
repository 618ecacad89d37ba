/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests over netlink, one socket each: XDP over rtnetlink and the "netdev" family, sockets
 * over sock_diag. Thread-safe, since nothing is shared.
 */
#ifndef KERNEL_NETLINK_H
#define KERNEL_NETLINK_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#define NETLINK_REQUEST_MAX 512

/* A message under construction; its header is the beginning of `bytes`. */
struct netlink_request {
	_Alignas(NLMSG_ALIGNTO) unsigned char bytes[NETLINK_REQUEST_MAX];
};

/* Starts a request of `type`; gives `size` zeroed bytes of the protocol's own header. */
void *netlink_start(struct netlink_request *request, uint16_t type, uint16_t flags, size_t size);
/* Appends an attribute; requests are small and always fit. */
struct nlattr *netlink_add(struct netlink_request *request, uint16_t type, const void *data,
			   size_t length);
struct nlattr *netlink_nest(struct netlink_request *request, uint16_t type);
void netlink_nest_end(struct netlink_request *request, struct nlattr *nest);

/*
 * Sends and calls `receive` (may be NULL) with each answer's header, until the acknowledgement
 * or the end of the dump. 0, or -errno of the socket, of the kernel or of receive.
 */
int netlink_ask(int protocol, struct netlink_request *request,
		int (*receive)(const struct nlmsghdr *header, void *context), void *context);

/* The attribute of a type behind a header of `size` bytes, or NULL; for payloads of answers. */
const struct nlattr *netlink_find(const struct nlmsghdr *header, size_t size, uint16_t type);
/* Its bytes; 0 where it is NULL or shorter. */
uint64_t netlink_u64(const struct nlattr *attribute);
uint32_t netlink_u32(const struct nlattr *attribute);
uint16_t netlink_u16(const struct nlattr *attribute);

static inline const void *netlink_data(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static inline size_t netlink_length(const struct nlattr *attribute)
{
	return attribute->nla_len - (size_t)NLA_HDRLEN;
}

#endif
