/* SPDX-License-Identifier: BSD-2-Clause */
/* What sockmap, sockhash and reuseport_sockarray have in common: values are sockets. */
#ifndef BPFUSE_EMU_SOCKMAP_H
#define BPFUSE_EMU_SOCKMAP_H

#include "emu/map.h"

#define SOCKMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

/* The file descriptor in a value of 4 or 8 bytes; -EINVAL if it cannot be one. */
int socket_value_fd(const struct emu_map *map, const void *value, int64_t *fd);
/* Of a map in which there is no socket: -ENOSPC where a cookie does not fit, else -ENOENT. */
int socket_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);
/* sock_map_update_elem_sys(): the socket is looked at before anything else. */
int socket_update(struct emu_map *map, const void *key, const void *value, uint64_t flags);

#endif
