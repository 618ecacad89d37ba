/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of sockets: sockmap, xskmap and reuseport_sockarray. A file descriptor goes in, of 4 or
 * 8 bytes; out comes the socket's cookie, where the value has room for its 8 bytes.
 */
#ifndef BPFUSE_EMU_SOCKET_ARRAY_H
#define BPFUSE_EMU_SOCKET_ARRAY_H

#include "emu/file.h"
#include "emu/map.h"

#define SOCKMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

struct socket_array {
	struct emu_map map;
	pthread_mutex_t lock;
	struct emu_file **slots; /* plain references; closed ones count as none */
	/* A socket has left its slot; may be NULL. */
	void (*left)(struct emu_file *file);
};

static inline struct socket_array *socket_array_of(struct emu_map *map)
{
	return (struct socket_array *)map;
}

/* kernel_size: of the kernel's structure for the map, without its slots. */
int socket_array_alloc(struct emu *emu, const struct map_spec *spec, const struct emu_map_ops *ops,
		       uint64_t kernel_size, struct emu_map **map);
void socket_array_free(struct emu_map *map);
int socket_array_lookup(struct emu_map *map, const void *key, void *value, uint64_t flags);

/* The file descriptor in a value; -EINVAL if it cannot be one, and *fd is set all the same. */
int socket_value_fd(const struct emu_map *map, const void *value, int64_t *fd);
/* BPF_NOEXIST and BPF_EXIST against what is there. */
int socket_check_flags(bool present, uint64_t flags);

/* With the lock held: the open socket there or NULL, and another one in its place. */
struct emu_file *socket_array_at(struct socket_array *array, uint32_t index);
/* What was there is the caller's to put, without the lock. */
struct emu_file *socket_array_set(struct socket_array *array, uint32_t index,
				  struct emu_file *file);
/* Empties a slot; false if it was empty. Takes the lock itself. */
bool socket_array_clear(struct socket_array *array, uint32_t index);

/* sock_map_sk_is_suitable(): 0 or -EOPNOTSUPP. */
int socket_suits_sockmap(const struct emu_file *file);

#endif
