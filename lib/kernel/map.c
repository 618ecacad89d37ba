// SPDX-License-Identifier: BSD-2-Clause
/* Maps as objects: create, info, what only fdinfo tells, freeze. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

int kernel_map_create(struct backend *backend, const struct map_spec *spec, struct handle **map)
{
	union bpf_attr attr = {
		.map_type = spec->type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.max_entries = spec->max_entries,
		.map_flags = spec->map_flags,
		.inner_map_fd = spec->inner_map_fd < 0 ? 0 : (uint32_t)spec->inner_map_fd,
		.numa_node = spec->numa_node,
		.map_ifindex = spec->ifindex,
		.btf_fd = spec->btf_fd < 0 ? 0 : (uint32_t)spec->btf_fd,
		.btf_key_type_id = spec->btf_key_type_id,
		.btf_value_type_id = spec->btf_value_type_id,
		.btf_vmlinux_value_type_id = spec->btf_vmlinux_value_type_id,
		.map_extra = spec->map_extra,
	};
	int fd;

	/* All 16 bytes: a name that fills them has no NUL, and the kernel says EINVAL. */
	memcpy(attr.map_name, spec->name, sizeof(attr.map_name));
	fd = kernel_bpf(BPF_MAP_CREATE, &attr, ATTR_SIZE(map_extra));
	return fd < 0 ? fd : kernel_handle_new(backend, OBJECT_MAP, fd, map);
}

int kernel_map_info(struct handle *map, struct map_info *info)
{
	struct bpf_map_info from = {0};
	int error = kernel_info(map->fd, &from, sizeof(from));

	if (error)
		return error;
	*info = (struct map_info){
		.type = from.type,
		.id = from.id,
		.key_size = from.key_size,
		.value_size = from.value_size,
		.max_entries = from.max_entries,
		.map_flags = from.map_flags,
		.ifindex = from.ifindex,
		.btf_id = from.btf_id,
		.btf_key_type_id = from.btf_key_type_id,
		.btf_value_type_id = from.btf_value_type_id,
		.btf_vmlinux_value_type_id = from.btf_vmlinux_value_type_id,
		.map_extra = from.map_extra,
		.netns_dev = from.netns_dev,
		.netns_ino = from.netns_ino,
	};
	/* The headers of 6.1 call btf_vmlinux_id, which came with 6.9, a pad. */
	memcpy(&info->btf_vmlinux_id,
	       (char *)&from + offsetof(struct bpf_map_info, map_extra) - sizeof(uint32_t),
	       sizeof(uint32_t));
	memcpy(info->name, from.name, sizeof(info->name));
	info->name[sizeof(info->name) - 1] = '\0';
	return 0;
}

int kernel_map_state(struct handle *map, struct map_state *state)
{
	const struct {
		const char *format;
		void *number;
	} fields[] = {
		{"map_type: %" SCNu32, &state->type},
		{"key_size: %" SCNu32, &state->key_size},
		{"value_size: %" SCNu32, &state->value_size},
		{"max_entries: %" SCNu32, &state->max_entries},
		{"map_flags: %" SCNx32, &state->map_flags},
		{"map_extra: %" SCNx64, &state->map_extra},
		{"memlock: %" SCNu64, &state->memlock},
	};
	char path[64], line[128];
	cleanup_fclose FILE *file = NULL;
	unsigned frozen = 0, jited = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map->fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	*state = (struct map_state){0};
	while (fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			sscanf(line, fields[i].format, fields[i].number);
		sscanf(line, "frozen: %u", &frozen);
		if (sscanf(line, "owner_prog_type: %" SCNu32, &state->owner_prog_type) == 1)
			state->owned = true;
		sscanf(line, "owner_jited: %u", &jited);
	}
	state->frozen = frozen;
	state->owner_jited = jited;
	return 0;
}

int kernel_map_freeze(struct handle *map)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map->fd};

	return kernel_bpf(BPF_MAP_FREEZE, &attr, ATTR_SIZE(map_fd));
}
