// SPDX-License-Identifier: BSD-2-Clause
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpfuse/walk.h>
#include "image/lru.h"

static __thread bool bound;
static __thread int bound_cpu;
static __thread cpu_set_t allowed;

static void bind_to(int cpu)
{
	cpu_set_t one;

	if (bound && bound_cpu == cpu)
		return;
	if (!bound && sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	/* where that is not allowed, the elements that are lost are found when reading back */
	bound = !sched_setaffinity(0, sizeof(one), &one) || bound;
	bound_cpu = cpu;
}

void lru_update_end(void)
{
	if (bound)
		sched_setaffinity(0, sizeof(allowed), &allowed);
	bound = false;
}

/* The nth CPU that this thread may use. */
static int cpu_at(unsigned nth)
{
	const cpu_set_t *set = &allowed;
	cpu_set_t now;

	if (!bound) {
		if (sched_getaffinity(0, sizeof(now), &now))
			return 0;
		set = &now;
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set) && !nth--)
			return cpu;
	return 0;
}

int lru_update_many(struct handle *map, const struct map_info *info, const void *keys,
		    const void *values, uint32_t count, uint64_t written, uint64_t total,
		    uint32_t *done)
{
	bool lru =
		info->type == BPF_MAP_TYPE_LRU_HASH || info->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	unsigned cpus = map->backend->possible_cpus;
	size_t value_size = map_value_bytes(info->type, info->value_size, cpus);
	uint64_t share = total / cpus + 1;
	int error = 0;

	if (!lru || !(info->map_flags & BPF_F_NO_COMMON_LRU)) {
		if (lru)
			bind_to(cpu_at(0));
		return map_update_many(map, keys, values, count, BPF_ANY, done);
	}
	for (uint32_t at = 0; !error && at < count; at += *done) {
		uint64_t left = share - (written + at) % share;
		uint32_t step = left < count - at ? (uint32_t)left : count - at;

		bind_to(cpu_at((unsigned)((written + at) / share)));
		error = map_update_many(map, (const char *)keys + (size_t)at * info->key_size,
					(const char *)values + at * value_size, step, BPF_ANY,
					done);
	}
	*done = count;
	return error;
}
