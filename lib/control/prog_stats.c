// SPDX-License-Identifier: BSD-2-Clause
/* prog_stats/: program id -> run count, run time, recursion misses. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "control/control_type.h"

struct prog_stats {
	uint64_t run_cnt, run_time_ns, recursion_misses;
	char name[OBJECT_NAME_MAX];
};

static void describe(struct btf *btf, uint32_t *key_id, uint32_t *value_id)
{
	int u64 = btf__add_int(btf, "unsigned long long", 8, 0);
	int name = control_btf_chars(btf, OBJECT_NAME_MAX);

	*key_id = (uint32_t)btf__add_int(btf, "__u32", 4, 0);
	*value_id = (uint32_t)btf__add_struct(btf, "prog_stats", sizeof(struct prog_stats));
	btf__add_field(btf, "run_cnt", u64, offsetof(struct prog_stats, run_cnt) * 8, 0);
	btf__add_field(btf, "run_time_ns", u64, offsetof(struct prog_stats, run_time_ns) * 8, 0);
	btf__add_field(btf, "recursion_misses", u64,
		       offsetof(struct prog_stats, recursion_misses) * 8, 0);
	btf__add_field(btf, "name", name, offsetof(struct prog_stats, name) * 8, 0);
}

static int lookup(struct backend *parent, const void *key, void *value)
{
	struct prog_stats stats = {0};
	struct prog_info info;
	struct handle *prog;
	uint32_t id;
	int error;

	memcpy(&id, key, sizeof(id));
	error = object_open(parent, OBJECT_PROG, id, 0, &prog);
	if (error)
		return error;
	error = prog_info(prog, &info);
	handle_close(prog);
	if (error)
		return error;
	stats.run_cnt = info.run_cnt;
	stats.run_time_ns = info.run_time_ns;
	stats.recursion_misses = info.recursion_misses;
	memcpy(stats.name, info.name, sizeof(stats.name));
	prog_info_free(&info);
	memcpy(value, &stats, sizeof(stats));
	return 0;
}

static int read_all(struct backend *parent, struct buffer *elements)
{
	struct prog_stats stats;
	uint32_t id = 0;
	int error;

	while (!(error = object_next(parent, OBJECT_PROG, id, &id))) {
		error = lookup(parent, &id, &stats);
		if (error == -ENOENT || error == -ENODEV)
			continue; /* gone since, or its device is */
		if (error)
			break;
		buffer_append(elements, &id, sizeof(id));
		buffer_append(elements, &stats, sizeof(stats));
	}
	return error == -ENOENT ? 0 : error;
}

static const struct control_switch switches[] = {
	{"enabled", stats_enabled, stats_enable},
	{0},
};

const struct control_type prog_stats_type = {
	.name = "prog_stats",
	.key_size = sizeof(uint32_t),
	.value_size = sizeof(struct prog_stats),
	.describe = describe,
	.read_all = read_all,
	.lookup = lookup,
	.switches = switches,
};
