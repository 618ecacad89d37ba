// SPDX-License-Identifier: BSD-2-Clause
/* XDP on this kernel's devices: rtnetlink's IFLA_XDP, the "netdev" family, ethtool's counters. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <bpfuse/cleanup.h>
#include "internal.h"
#include "netlink.h"

/* linux/netdev.h, since Linux 6.3; the headers of this build may be older. */
#define NETDEV_FAMILY_NAME "netdev"
#define NETDEV_COMMAND_DEV_GET 1
#define NETDEV_ATTRIBUTE_IFINDEX 1
#define NETDEV_ATTRIBUTE_XDP_FEATURES 3

/* --- what is attached --- */

static int receive_link(const struct nlmsghdr *header, void *context)
{
	static const uint16_t attributes[XDP_MODES] = {
		[XDP_MODE_NONE] = IFLA_XDP_PROG_ID,
		[XDP_MODE_DRV] = IFLA_XDP_DRV_PROG_ID,
		[XDP_MODE_SKB] = IFLA_XDP_SKB_PROG_ID,
		[XDP_MODE_HW] = IFLA_XDP_HW_PROG_ID,
	};
	const struct nlattr *nest = netlink_find(header, sizeof(struct ifinfomsg), IFLA_XDP);
	struct xdp_info *info = context;
	const char *at, *end;

	if (!nest)
		return 0;
	at = netlink_data(nest);
	end = at + netlink_length(nest);
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *each = (const struct nlattr *)at;

		if (each->nla_len < NLA_HDRLEN || at + each->nla_len > end)
			return -EIO;
		if (each->nla_type == IFLA_XDP_ATTACHED && netlink_length(each) >= 1)
			info->mode = *(const unsigned char *)netlink_data(each);
		for (int mode = 0; mode < XDP_MODE_MULTI; mode++)
			if (each->nla_type == attributes[mode])
				info->prog_id[mode] = netlink_u32(each);
		at += NLA_ALIGN(each->nla_len);
	}
	return 0;
}

static int read_attached(uint32_t ifindex, struct xdp_info *info)
{
	struct netlink_request request;
	struct ifinfomsg *link = netlink_start(&request, RTM_GETLINK, 0, sizeof(*link));

	link->ifi_index = (int)ifindex;
	return netlink_ask(NETLINK_ROUTE, &request, receive_link, info);
}

/* --- features --- */

static int receive_family(const struct nlmsghdr *header, void *context)
{
	*(uint16_t *)context =
		netlink_u16(netlink_find(header, sizeof(struct genlmsghdr), CTRL_ATTR_FAMILY_ID));
	return 0;
}

static int receive_features(const struct nlmsghdr *header, void *context)
{
	*(uint64_t *)context = netlink_u64(
		netlink_find(header, sizeof(struct genlmsghdr), NETDEV_ATTRIBUTE_XDP_FEATURES));
	return 0;
}

/* 0 on kernels without the family. */
static uint64_t read_features(uint32_t ifindex)
{
	struct netlink_request request;
	struct genlmsghdr *command;
	uint16_t family = 0;
	uint64_t features = 0;

	command = netlink_start(&request, GENL_ID_CTRL, 0, sizeof(*command));
	command->cmd = CTRL_CMD_GETFAMILY;
	netlink_add(&request, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY_NAME,
		    sizeof(NETDEV_FAMILY_NAME));
	if (netlink_ask(NETLINK_GENERIC, &request, receive_family, &family) || !family)
		return 0;
	command = netlink_start(&request, family, 0, sizeof(*command));
	command->cmd = NETDEV_COMMAND_DEV_GET;
	netlink_add(&request, NETDEV_ATTRIBUTE_IFINDEX, &ifindex, sizeof(ifindex));
	netlink_ask(NETLINK_GENERIC, &request, receive_features, &features);
	return features;
}

/* --- counters --- */

static int ethtool(int fd, const char *name, void *command)
{
	struct ifreq request = {.ifr_data = command};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

/* How many statistics the driver has. */
static uint32_t count_statistics(int fd, const char *name)
{
	union {
		struct ethtool_sset_info info;
		unsigned char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} query = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_STATS}};

	return ethtool(fd, name, &query) || !query.info.sset_mask ? 0 : query.info.data[0];
}

/* "rx_queue_0_xdp_drops" and the like: queues are added up. */
static void add_statistic(struct xdp_info *info, const char *name, uint64_t value)
{
	const struct {
		const char *suffix;
		uint64_t *sum;
	} sums[] = {
		{"xdp_packets", &info->packets},
		{"xdp_drops", &info->drops},
		{"xdp_redirect", &info->redirects},
		{"xdp_redirects", &info->redirects},
		{"xdp_tx", &info->tx},
		{"xdp_tx_errors", &info->tx_errors},
	};
	size_t length = strnlen(name, ETH_GSTRING_LEN);

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		size_t suffix = strlen(sums[i].suffix);

		if (length >= suffix && !memcmp(name + length - suffix, sums[i].suffix, suffix))
			*sums[i].sum += value;
	}
}

static void read_statistics(const char *name, struct xdp_info *info)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t count = fd < 0 ? 0 : count_statistics(fd, name);
	cleanup_free struct ethtool_gstrings *names =
		calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	cleanup_free struct ethtool_stats *values =
		calloc(1, sizeof(*values) + count * sizeof(uint64_t));

	if (!count || !names || !values)
		return;
	*names = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = count};
	*values = (struct ethtool_stats){.cmd = ETHTOOL_GSTATS, .n_stats = count};
	if (ethtool(fd, name, names) || ethtool(fd, name, values))
		return;
	for (uint32_t i = 0; i < count && i < names->len && i < values->n_stats; i++)
		add_statistic(info, (const char *)names->data + i * ETH_GSTRING_LEN,
			      values->data[i]);
}

int kernel_xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info)
{
	char name[IFNAMSIZ];
	int error;

	memset(info, 0, sizeof(*info));
	if (!if_indextoname(ifindex, name))
		return -ENODEV;
	error = read_attached(ifindex, info);
	if (error)
		return error;
	info->features = read_features(ifindex);
	read_statistics(name, info);
	return 0;
}

int kernel_xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode,
		      struct handle *prog, bool only_new)
{
	static const uint32_t mode_flags[XDP_MODES] = {
		[XDP_MODE_DRV] = XDP_FLAGS_DRV_MODE,
		[XDP_MODE_SKB] = XDP_FLAGS_SKB_MODE,
		[XDP_MODE_HW] = XDP_FLAGS_HW_MODE,
	};
	uint32_t flags = mode_flags[mode] | (only_new ? XDP_FLAGS_UPDATE_IF_NOEXIST : 0);
	int fd = prog ? handle_fd(prog) : -1;
	struct netlink_request request;
	struct ifinfomsg *link = netlink_start(&request, RTM_SETLINK, 0, sizeof(*link));
	struct nlattr *nest;

	link->ifi_index = (int)ifindex;
	nest = netlink_nest(&request, IFLA_XDP);
	netlink_add(&request, IFLA_XDP_FD, &fd, sizeof(fd));
	netlink_add(&request, IFLA_XDP_FLAGS, &flags, sizeof(flags));
	netlink_nest_end(&request, nest);
	return netlink_ask(NETLINK_ROUTE, &request, NULL, NULL);
}
