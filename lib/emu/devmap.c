// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/devmap.h"

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
