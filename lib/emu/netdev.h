/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network devices of the emulated world: one registry for devmap entries, device-bound
 * objects and control maps.
 *
 * It always holds "lo" (ifindex 1). Names are unique in the whole world and ifindexes are never
 * given twice, so a number names one device for ever. Devices live in network namespaces, of
 * which only the name and the inode number exist; users of the backend are in "init".
 *
 * Locking: `lock` plays the part of the kernel's rtnl and bpf_devs_lock: lookups share it,
 * register, unregister, rename and move take it alone; nobody sleeps under it. Functions whose
 * name ends in _locked want it held by the caller; all others take it themselves. A map's own
 * lock may be held while calling any function here but those of notifiers.
 *
 * Errors are those of register_netdevice() and friends: EINVAL for a bad name, EEXIST, ENODEV.
 */
#ifndef EMU_NETDEV_H
#define EMU_NETDEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include <bpfuse/backend.h>

#define NETDEV_LOOPBACK_IFINDEX 1
#define NETDEV_NETNS_DEV 4 /* of nsfs, where the kernel's netns inodes live */
#define NETDEV_INIT_NETNS "init"
#define NETDEV_NETNS_NAME_MAX 32

struct emu_prog;
struct offload_port;

/* How a device meets a request to bind objects to it (bpf_dev_offload_check()). */
enum netdev_kind {
	NETDEV_LOOPBACK, /* no ndo_bpf: EOPNOTSUPP */
	NETDEV_VETH,	 /* ndo_bpf, not registered for offload: EINVAL */
	NETDEV_OFFLOAD,	 /* has a port of an offload device */
};

struct netns {
	struct netns *next;
	uint64_t ino;
	char name[NETDEV_NETNS_NAME_MAX];
};

struct netdev {
	struct netdev *next; /* in ifindex order */
	uint32_t ifindex;
	enum netdev_kind kind;
	struct netns *netns;
	struct offload_port *port;	 /* NETDEV_OFFLOAD only */
	struct emu_prog *xdp[XDP_MODES]; /* attached, references: xdp.c */
	char name[IFNAMSIZ];
};

/* Called after a device left its network namespace: unregistered, or moved to another one. */
struct netdev_notifier {
	struct netdev_notifier *next;
	void (*gone)(struct netdev_notifier *notifier, uint32_t ifindex);
};

struct netdev_table {
	pthread_rwlock_t lock;
	struct netdev *devices;
	struct netns *namespaces; /* "init" first */
	uint32_t last_ifindex;
	pthread_mutex_t notifier_lock;
	struct netdev_notifier *notifiers;
};

int netdev_table_init(struct netdev_table *table);
/* All devices must be unregistered or plain; frees what is left. */
void netdev_table_destroy(struct netdev_table *table);

/* dev_valid_name(), and no '%', which the kernel takes for a pattern. */
bool netdev_name_valid(const char *name);

/* Lookups in the caller's network namespace, as dev_get_by_index() and by name. */
int netdev_ifindex(struct netdev_table *table, const char *name, uint32_t *ifindex);
struct netdev *netdev_by_ifindex_locked(struct netdev_table *table, uint32_t ifindex);
/* By name, in any network namespace. */
struct netdev *netdev_by_name_locked(struct netdev_table *table, const char *name);

/*
 * Makes a device of `kind` in "init"; *ifindex 0: the next one is given. `port` becomes the
 * device's. The caller holds the lock alone.
 */
int netdev_register_locked(struct netdev_table *table, const char *name, enum netdev_kind kind,
			   struct offload_port *port, uint32_t *ifindex);
/* Takes the device out and frees it; netdev_notify_gone() is the caller's, without the lock. */
void netdev_unregister_locked(struct netdev_table *table, struct netdev *device);
int netdev_rename(struct netdev_table *table, const char *from, const char *to);
/* To the namespace called so, which comes into being with its first device; notifies. */
int netdev_move(struct netdev_table *table, const char *name, const char *netns);

/* No map's lock may be held: notifiers take those. */
void netdev_notifier_add(struct netdev_table *table, struct netdev_notifier *notifier);
void netdev_notifier_remove(struct netdev_table *table, struct netdev_notifier *notifier);
void netdev_notify_gone(struct netdev_table *table, uint32_t ifindex);

#endif
