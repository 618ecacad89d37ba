// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <linux/bpf.h>
#include "image/contents.h"

static const struct {
	uint32_t type;
	const char *why;
} unwritable[] = {
	{BPF_MAP_TYPE_STACK_TRACE, "only programs put stack traces in"},
	{BPF_MAP_TYPE_CGROUP_STORAGE, "its elements come with programs attached to cgroups"},
	{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "its elements come with programs attached to cgroups"},
};

const char *contents_unreadable(const struct map_info *info)
{
	const struct map_type *type = map_type_get(info->type);

	switch (type->access) {
	case MAP_BLOOM:
		return "a bloom filter does not tell what it holds";
	case MAP_STREAM:
	case MAP_PUSH_ONLY:
		return "records on their way cannot be read without taking them from their reader";
	case MAP_OPAQUE:
		return "its memory has no elements";
	default:
		break;
	}
	if (type->key_is_fd)
		return "its elements belong to sockets, files, tasks or cgroups";
	if (type->value == VALUE_FD)
		return "its elements are open files of processes";
	if (type->access == MAP_KEYED && !type->iterable)
		return "its keys cannot be listed";
	return NULL;
}

const char *contents_unwritable(const struct map_info *info)
{
	for (size_t i = 0; i < sizeof(unwritable) / sizeof(unwritable[0]); i++)
		if (unwritable[i].type == info->type)
			return unwritable[i].why;
	return NULL;
}

const char *contents_uncreatable(const struct map_info *info)
{
	if (info->type == BPF_MAP_TYPE_STRUCT_OPS)
		return "a struct_ops map is made by loading its programs";
	return NULL;
}

void contents_clear_padding(const struct map_info *info, unsigned cpus, void *values,
			    uint32_t count)
{
	size_t slot = (info->value_size + 7) & ~(size_t)7;
	unsigned char *at = values;

	if (!map_type_get(info->type)->percpu || slot == info->value_size)
		return;
	for (uint64_t i = 0; i < (uint64_t)count * cpus; i++, at += slot)
		memset(at + info->value_size, 0, slot - info->value_size);
}
