// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "emu/devmap.h"

#define KERNEL_DEVMAP_SIZE 344	    /* struct bpf_dtab */
#define KERNEL_DEVMAP_ENTRY_SIZE 64 /* struct bpf_dtab_netdev */
#define DEVMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

/* dev_map_init_map() */
int devmap_check(const struct map_spec *spec)
{
	if (!spec->max_entries || spec->key_size != 4 ||
	    (spec->value_size != 4 && spec->value_size != 8) || (spec->map_flags & ~DEVMAP_FLAGS))
		return -EINVAL;
	return 0;
}

struct devmap_value devmap_value_read(const struct emu_map *map, const void *value)
{
	struct devmap_value parsed = {0};

	memcpy(&parsed, value, map->value_size);
	return parsed;
}

void devmap_value_write(const struct emu_map *map, const struct devmap_entry *entry, void *value)
{
	struct devmap_value shown = {.ifindex = entry->ifindex};

	if (entry->prog)
		shown.prog.id = entry->prog->object.id;
	memcpy(value, &shown, map->value_size);
}

int devmap_entry_new(struct emu_map *map, uint32_t key, const struct devmap_value *value,
		     struct devmap_entry **result)
{
	struct devmap_entry *entry;
	struct emu_prog *prog = NULL;

	if (!netdev_by_ifindex_locked(&emu_of_map(map)->netdevs, value->ifindex))
		return -EINVAL;
	if (value->prog.fd > 0 && prog_for_redirect(map, value->prog.fd, BPF_XDP_DEVMAP, &prog))
		return -EINVAL;
	entry = calloc(1, sizeof(*entry));
	if (!entry) {
		prog_put(prog);
		return -ENOMEM;
	}
	entry->key = key;
	entry->ifindex = value->ifindex;
	entry->prog = prog;
	*result = entry;
	return 0;
}

void devmap_entry_free(struct devmap_entry *entry)
{
	if (!entry)
		return;
	prog_put(entry->prog);
	free(entry);
}

static void list_free(struct devmap_entry *entry)
{
	while (entry) {
		struct devmap_entry *next = entry->next;

		devmap_entry_free(entry);
		entry = next;
	}
}

/* Moves the entries of that device from one list to another; returns how many. */
static uint32_t list_move(struct devmap_entry **from, uint32_t ifindex, struct devmap_entry **to)
{
	uint32_t count = 0;

	while (*from) {
		struct devmap_entry *entry = *from;

		if (entry->ifindex != ifindex) {
			from = &entry->next;
			continue;
		}
		*from = entry->next;
		entry->next = *to;
		*to = entry;
		count++;
	}
	return count;
}

static void gone(struct netdev_notifier *notifier, uint32_t ifindex)
{
	struct devmap *devmap =
		(struct devmap *)((char *)notifier - offsetof(struct devmap, notifier));
	struct devmap_entry *removed = NULL;

	pthread_mutex_lock(&devmap->lock);
	for (uint64_t i = 0; i < devmap->slot_count; i++)
		devmap->count -= list_move(&devmap->slots[i], ifindex, &removed);
	pthread_mutex_unlock(&devmap->lock);
	list_free(removed);
}

int devmap_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		 uint64_t slot_count, struct emu_map **map)
{
	struct devmap *devmap = calloc(1, sizeof(*devmap));
	int error =
		devmap ? map_init(&devmap->map, emu, ops, spec, KERNEL_DEVMAP_SIZE + slot_count * 8)
		       : -ENOMEM;

	if (error) {
		free(devmap);
		return error;
	}
	/* Programs read from it only: lookup gives them a pointer to a device. */
	devmap->map.map_flags |= BPF_F_RDONLY_PROG;
	devmap->slot_count = slot_count;
	devmap->slots = calloc(slot_count, sizeof(*devmap->slots));
	if (!devmap->slots) {
		map_destroy(&devmap->map);
		free(devmap);
		return -ENOMEM;
	}
	pthread_mutex_init(&devmap->lock, NULL);
	devmap->notifier.gone = gone;
	netdev_notifier_add(&emu->netdevs, &devmap->notifier);
	*map = &devmap->map;
	return 0;
}

void devmap_free(struct emu_map *map)
{
	struct devmap *devmap = devmap_of(map);

	netdev_notifier_remove(&emu_of_map(map)->netdevs, &devmap->notifier);
	for (uint64_t i = 0; i < devmap->slot_count; i++)
		list_free(devmap->slots[i]);
	free(devmap->slots);
	pthread_mutex_destroy(&devmap->lock);
	map_destroy(map);
	free(devmap);
}

uint64_t devmap_memory_usage(struct emu_map *map)
{
	struct devmap *devmap = devmap_of(map);
	uint64_t bytes;

	pthread_mutex_lock(&devmap->lock);
	bytes = map->reserved + (uint64_t)devmap->count * KERNEL_DEVMAP_ENTRY_SIZE;
	pthread_mutex_unlock(&devmap->lock);
	return bytes;
}
