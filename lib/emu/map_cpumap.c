// SPDX-License-Identifier: BSD-2-Clause
/* cpumap: kernel/bpf/cpumap.c. Queues of CPUs, with a program for each if wanted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu/map_array.h"
#include "emu/map_simple.h"
#include "emu/prog.h"

#define QUEUE_SIZE_MAX 16384
#define KERNEL_CPUMAP_SIZE 304 /* struct bpf_cpu_map */

/* struct bpf_cpumap_val */
struct cpumap_value {
	uint32_t queue_size;
	union {
		int fd;	     /* in */
		uint32_t id; /* out */
	} prog;
};

struct cpumap_entry {
	uint32_t queue_size; /* 0: no entry */
	struct emu_prog *prog;
};

struct cpumap {
	struct emu_map map;
	pthread_mutex_t lock;
	struct cpumap_entry *entries;
};

static struct cpumap *cpumap_of(struct emu_map *map)
{
	return (struct cpumap *)map;
}

/* cpu_map_alloc() */
static int check(struct emu *emu, const struct map_spec *spec)
{
	if (!spec->max_entries || spec->key_size != 4 ||
	    (spec->value_size != 4 && spec->value_size != 8) ||
	    (spec->map_flags & ~BPF_F_NUMA_NODE))
		return -EINVAL;
	return spec->max_entries > emu->cpus_max ? -E2BIG : 0;
}

static int alloc(struct emu *emu, const struct map_spec *spec, struct emu_map **map)
{
	struct cpumap *cpumap;
	int error = check(emu, spec);

	if (error)
		return error;
	cpumap = calloc(1, sizeof(*cpumap));
	error = cpumap ? map_init(&cpumap->map, emu, &map_cpumap_ops, spec,
				  KERNEL_CPUMAP_SIZE + (uint64_t)spec->max_entries * 8)
		       : -ENOMEM;
	if (error) {
		free(cpumap);
		return error;
	}
	cpumap->entries = calloc(spec->max_entries, sizeof(*cpumap->entries));
	if (!cpumap->entries) {
		map_destroy(&cpumap->map);
		free(cpumap);
		return -ENOMEM;
	}
	pthread_mutex_init(&cpumap->lock, NULL);
	*map = &cpumap->map;
	return 0;
}

static void cpumap_free(struct emu_map *map)
{
	struct cpumap *cpumap = cpumap_of(map);

	for (uint32_t i = 0; i < map->max_entries; i++)
		prog_put(cpumap->entries[i].prog);
	free(cpumap->entries);
	pthread_mutex_destroy(&cpumap->lock);
	map_destroy(map);
	free(cpumap);
}

static void exchange(struct cpumap *cpumap, uint32_t cpu, struct cpumap_entry entry)
{
	struct cpumap_entry old;

	pthread_mutex_lock(&cpumap->lock);
	old = cpumap->entries[cpu];
	cpumap->entries[cpu] = entry;
	pthread_mutex_unlock(&cpumap->lock);
	prog_put(old.prog);
}

static int lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	struct cpumap *cpumap = cpumap_of(map);
	uint32_t cpu = array_index(key);
	struct cpumap_value shown = {0};
	const struct cpumap_entry *entry;

	if (cpu >= map->max_entries)
		return -ENOENT;
	pthread_mutex_lock(&cpumap->lock);
	entry = &cpumap->entries[cpu];
	shown.queue_size = entry->queue_size;
	if (entry->prog)
		shown.prog.id = entry->prog->object.id;
	pthread_mutex_unlock(&cpumap->lock);
	if (!shown.queue_size)
		return -ENOENT;
	memcpy(value, &shown, map->value_size);
	return 0;
}

/* cpu_map_update_elem(); whatever is wrong with the program, the kernel says ENOMEM (to 6.18) */
static int update(struct emu_map *map, const void *key, const void *bytes, uint64_t flags)
{
	uint32_t cpu = array_index(key);
	struct cpumap_value value = {0};
	struct cpumap_entry entry = {0};

	memcpy(&value, bytes, map->value_size);
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (cpu >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (value.queue_size > QUEUE_SIZE_MAX)
		return -EOVERFLOW;
	if (cpu >= emu_of_map(map)->backend.possible_cpus)
		return -ENODEV;
	entry.queue_size = value.queue_size;
	if (value.queue_size && value.prog.fd > 0 &&
	    prog_for_redirect(map, value.prog.fd, BPF_XDP_CPUMAP, &entry.prog))
		return -ENOMEM;
	exchange(cpumap_of(map), cpu, entry);
	return 0;
}

static int delete (struct emu_map *map, const void *key)
{
	uint32_t cpu = array_index(key);

	if (cpu >= map->max_entries)
		return -EINVAL;
	exchange(cpumap_of(map), cpu, (struct cpumap_entry){0});
	return 0;
}

const struct emu_map_ops map_cpumap_ops = {
	.alloc = alloc,
	.free = cpumap_free,
	.memory_usage = simple_memory_usage,
	.check_btf = map_check_no_btf,
	.meta_equal = map_meta_equal,
	.lookup = lookup,
	.update = update,
	.delete = delete,
	.next_key = array_next_key,
};
