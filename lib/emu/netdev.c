// SPDX-License-Identifier: BSD-2-Clause
#include "emu/netdev.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INIT_NETNS_INO                                                                             \
	4026531840u /* PROC_NET_INIT_INO's neighbourhood: where the kernel starts                  \
		     */
#define FIRST_NETNS_INO 4026532000u

static struct netns *netns_find(struct netdev_table *table, const char *name)
{
	struct netns *netns = table->namespaces;

	while (netns && strcmp(netns->name, name) != 0)
		netns = netns->next;
	return netns;
}

/* Appended, so that "init" stays first. */
static int netns_find_or_add(struct netdev_table *table, const char *name, struct netns **result)
{
	struct netns **link = &table->namespaces;
	struct netns *netns = netns_find(table, name);
	uint64_t ino = INIT_NETNS_INO;

	*result = netns;
	if (netns)
		return 0;
	if (!*name || strlen(name) >= sizeof(netns->name) || strpbrk(name, "/ \t\n"))
		return -EINVAL;
	for (; *link; link = &(*link)->next)
		ino = (*link)->ino < FIRST_NETNS_INO ? FIRST_NETNS_INO : (*link)->ino + 1;
	netns = calloc(1, sizeof(*netns));
	if (!netns)
		return -ENOMEM;
	netns->ino = ino;
	strcpy(netns->name, name);
	*link = *result = netns;
	return 0;
}

int netdev_table_init(struct netdev_table *table)
{
	uint32_t ifindex = NETDEV_LOOPBACK_IFINDEX;
	pthread_rwlockattr_t attr;
	struct netns *init;
	int error;

	memset(table, 0, sizeof(*table));
	pthread_rwlockattr_init(&attr);
	/* Unregister must not wait for ever on a stream of operations. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&table->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&table->notifier_lock, NULL);
	error = netns_find_or_add(table, NETDEV_INIT_NETNS, &init);
	if (!error)
		error = netdev_register_locked(table, "lo", NETDEV_LOOPBACK, NULL, &ifindex);
	if (error)
		netdev_table_destroy(table);
	return error;
}

void netdev_table_destroy(struct netdev_table *table)
{
	while (table->devices)
		netdev_unregister_locked(table, table->devices);
	while (table->namespaces) {
		struct netns *netns = table->namespaces;

		table->namespaces = netns->next;
		free(netns);
	}
	pthread_mutex_destroy(&table->notifier_lock);
	pthread_rwlock_destroy(&table->lock);
}

bool netdev_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == '%' || isspace((unsigned char)*name))
			return false;
	return true;
}

static bool is_local(const struct netdev_table *table, const struct netdev *device)
{
	return device->netns == table->namespaces;
}

static struct netdev *find_ifindex(struct netdev_table *table, uint32_t ifindex)
{
	struct netdev *device = table->devices;

	while (device && device->ifindex != ifindex)
		device = device->next;
	return device;
}

struct netdev *netdev_by_ifindex_locked(struct netdev_table *table, uint32_t ifindex)
{
	struct netdev *device = find_ifindex(table, ifindex);

	return device && is_local(table, device) ? device : NULL;
}

struct netdev *netdev_by_name_locked(struct netdev_table *table, const char *name)
{
	struct netdev *device = table->devices;

	while (device && strcmp(device->name, name) != 0)
		device = device->next;
	return device;
}

int netdev_ifindex(struct netdev_table *table, const char *name, uint32_t *ifindex)
{
	struct netdev *device;
	int error = -ENODEV;

	pthread_rwlock_rdlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	if (device && is_local(table, device)) {
		*ifindex = device->ifindex;
		error = 0;
	}
	pthread_rwlock_unlock(&table->lock);
	return error;
}

int netdev_register_locked(struct netdev_table *table, const char *name, enum netdev_kind kind,
			   struct offload_port *port, uint32_t *ifindex)
{
	struct netdev **link = &table->devices;
	struct netdev *device;

	if (!netdev_name_valid(name) || *ifindex > INT32_MAX)
		return -EINVAL;
	if (netdev_by_name_locked(table, name))
		return -EEXIST;
	if (*ifindex ? find_ifindex(table, *ifindex) != NULL : table->last_ifindex == INT32_MAX)
		return -EBUSY;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->ifindex = *ifindex ? *ifindex : table->last_ifindex + 1;
	device->kind = kind;
	device->port = port;
	device->netns = table->namespaces;
	strcpy(device->name, name);
	if (device->ifindex > table->last_ifindex)
		table->last_ifindex = device->ifindex;
	while (*link && (*link)->ifindex < device->ifindex)
		link = &(*link)->next;
	device->next = *link;
	*link = device;
	*ifindex = device->ifindex;
	return 0;
}

void netdev_unregister_locked(struct netdev_table *table, struct netdev *device)
{
	struct netdev **link = &table->devices;

	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
	free(device);
}

int netdev_rename(struct netdev_table *table, const char *from, const char *to)
{
	struct netdev *device;
	int error = 0;

	pthread_rwlock_wrlock(&table->lock);
	device = netdev_by_name_locked(table, from);
	if (!device)
		error = -ENODEV;
	else if (!netdev_name_valid(to))
		error = -EINVAL;
	else if (strcmp(from, to) != 0 && netdev_by_name_locked(table, to))
		error = -EEXIST;
	else if (from != to)
		memmove(device->name, to, strlen(to) + 1);
	pthread_rwlock_unlock(&table->lock);
	return error;
}

int netdev_move(struct netdev_table *table, const char *name, const char *netns_name)
{
	struct netdev *device;
	struct netns *netns = NULL;
	uint32_t left = 0;
	int error = -ENODEV;

	pthread_rwlock_wrlock(&table->lock);
	device = netdev_by_name_locked(table, name);
	if (device && device->kind == NETDEV_LOOPBACK)
		error = -EINVAL; /* NETIF_F_NETNS_LOCAL */
	else if (device)
		error = netns_find_or_add(table, netns_name, &netns);
	if (!error && device->netns != netns) {
		device->netns = netns;
		left = device->ifindex;
	}
	pthread_rwlock_unlock(&table->lock);
	if (left)
		netdev_notify_gone(table, left);
	return error;
}

void netdev_notifier_add(struct netdev_table *table, struct netdev_notifier *notifier)
{
	pthread_mutex_lock(&table->notifier_lock);
	notifier->next = table->notifiers;
	table->notifiers = notifier;
	pthread_mutex_unlock(&table->notifier_lock);
}

void netdev_notifier_remove(struct netdev_table *table, struct netdev_notifier *notifier)
{
	struct netdev_notifier **link = &table->notifiers;

	pthread_mutex_lock(&table->notifier_lock);
	while (*link && *link != notifier)
		link = &(*link)->next;
	if (*link)
		*link = notifier->next;
	pthread_mutex_unlock(&table->notifier_lock);
}

void netdev_notify_gone(struct netdev_table *table, uint32_t ifindex)
{
	pthread_mutex_lock(&table->notifier_lock);
	for (struct netdev_notifier *each = table->notifiers; each; each = each->next)
		each->gone(each, ifindex);
	pthread_mutex_unlock(&table->notifier_lock);
}
