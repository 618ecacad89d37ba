// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "emu/sockmap.h"

int socket_value_fd(const struct emu_map *map, const void *value, int64_t *fd)
{
	uint64_t wide;
	uint32_t narrow;

	if (map->value_size == sizeof(wide)) {
		memcpy(&wide, value, sizeof(wide));
	} else {
		memcpy(&narrow, value, sizeof(narrow));
		wide = narrow;
	}
	*fd = (int64_t)wide;
	return wide > INT32_MAX ? -EINVAL : 0;
}

int socket_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags)
{
	return map->value_size == sizeof(uint64_t) ? -ENOENT : -ENOSPC;
}

int socket_update(struct emu_map *map, const void *key, const void *value, uint64_t flags)
{
	int64_t fd;
	int error = socket_value_fd(map, value, &fd);

	return error ? error : fd_as_socket(emu_of_map(map), fd);
}
