/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the kernel backend share among themselves. */
#ifndef BPFUSE_KERNEL_INTERNAL_H
#define BPFUSE_KERNEL_INTERNAL_H

#include <pthread.h>
#include <linux/bpf.h>
#include <bpfuse/backend.h>
#include "attr.h"

struct kernel_backend {
	struct backend base;
	pthread_mutex_t stats_lock;
	int stats_fd; /* BPF_ENABLE_STATS while switched on, else -1; under stats_lock */
	int root_fd;  /* the pin tree's root: a private mount, or an O_PATH descriptor */
};

static inline struct kernel_backend *kernel_backend(struct backend *backend)
{
	return (struct kernel_backend *)backend;
}

static inline uint64_t pointer_u64(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/*
 * bpf(2) with the first size bytes of attr, see ATTR_SIZE(): its result (often a descriptor,
 * close-on-exec as the kernel makes them) or -errno.
 */
int kernel_bpf(enum bpf_cmd command, union bpf_attr *attr, size_t size);
/* Wraps fd; on failure fd is closed. */
int kernel_handle_new(struct backend *backend, enum object_kind kind, int fd,
		      struct handle **handle);
/* The kind of object behind a descriptor of bpf(2); -EINVAL: none that is known. */
int kernel_fd_kind(int fd, enum object_kind *kind);
/* What the name of such an object's inode contains: "bpf-map". */
const char *kernel_kind_inode(enum object_kind kind);
/* BPF_OBJ_GET_INFO_BY_FD; fields the running kernel does not know stay as they were. */
int kernel_info(int fd, void *info, size_t size);

/* map.c */
int kernel_map_create(struct backend *backend, const struct map_spec *spec, struct handle **map);
int kernel_map_info(struct handle *map, struct map_info *info);
int kernel_map_state(struct handle *map, struct map_state *state);
int kernel_map_freeze(struct handle *map);

/* element.c */
int kernel_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags);
int kernel_map_update(struct handle *map, const void *key, const void *value, uint64_t flags);
int kernel_map_delete(struct handle *map, const void *key);
int kernel_map_next_key(struct handle *map, const void *key, void *next);
int kernel_map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags);
int kernel_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			    uint32_t *count, uint64_t elem_flags);
int kernel_map_lookup_and_delete_batch(struct handle *map, const void *in, void *out, void *keys,
				       void *values, uint32_t *count, uint64_t elem_flags);
int kernel_map_update_batch(struct handle *map, const void *keys, const void *values,
			    uint32_t *count, uint64_t elem_flags);
/* The command as it is. */
int kernel_map_read_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			  uint32_t *count, uint64_t elem_flags);
int kernel_map_delete_batch(struct handle *map, const void *keys, uint32_t *count,
			    uint64_t elem_flags);

/* lpm.c: lookups of batches that miss nothing in a trie that changes */
int kernel_lpm_lookup_batch(struct handle *map, const struct map_info *info, const void *in,
			    void *out, void *keys, void *values, uint32_t *count,
			    uint64_t elem_flags);

/* object.c */
int kernel_object_open(struct backend *backend, enum object_kind kind, uint32_t id,
		       uint32_t open_flags, struct handle **handle);
int kernel_object_next(struct backend *backend, enum object_kind kind, uint32_t after,
		       uint32_t *id);
void kernel_handle_close(struct handle *handle);
int kernel_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf);
int kernel_btf_bytes(struct handle *btf, void **bytes, size_t *length);
int kernel_prog_info(struct handle *prog, struct prog_info *info);
int kernel_prog_xlated(struct handle *prog, void **bytes, size_t *length);

/* holders.c */
int kernel_object_holders(struct handle *handle, struct holder **holders, size_t *count);

/* link.c */
int kernel_link_info(struct handle *link, struct link_info *info);
int kernel_link_detach(struct handle *link);

/* stream.c */
int kernel_stream_open(struct handle *map, struct stream **stream);
int kernel_stream_poll_fd(struct stream *stream);
int kernel_stream_read(struct stream *stream, void **record, size_t *length, uint64_t *lost);
void kernel_stream_close(struct stream *stream);
int kernel_stream_push(struct handle *map, const void *record, size_t length);

/* device.c */
int kernel_device_list(struct backend *backend, struct device_info **devices, size_t *count);
int kernel_device_find(struct backend *backend, const char *name, struct device_info *info);
int kernel_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info);
int kernel_device_get(struct backend *backend, const char *name, enum device_attribute attribute,
		      struct buffer *out);

/* xdp.c, stats.c, socket.c: what control maps show */
int kernel_xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info);
int kernel_xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode,
		      struct handle *prog, bool only_new);
int kernel_stats_enable(struct backend *backend, bool enable);
int kernel_stats_enabled(struct backend *backend, bool *enabled);
int kernel_socket_list(struct backend *backend, struct socket_info **sockets, size_t *count);

/* tree.c and pin.c */
int kernel_tree_stat(struct backend *backend, const char *path, struct stat *st);
int kernel_tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
		     size_t *count);
int kernel_tree_readlink(struct backend *backend, const char *path, char *target, size_t size);
int kernel_tree_mkdir(struct backend *backend, const struct caller *caller, const char *path,
		      mode_t mode);
int kernel_tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
			const char *path);
int kernel_tree_rmdir(struct backend *backend, const struct caller *caller, const char *path);
int kernel_tree_unlink(struct backend *backend, const struct caller *caller, const char *path);
int kernel_tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		       const char *to, unsigned flags);
int kernel_tree_chmod(struct backend *backend, const struct caller *caller, const char *path,
		      mode_t mode);
int kernel_tree_chown(struct backend *backend, const struct caller *caller, const char *path,
		      uid_t uid, gid_t gid);
int kernel_tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
			const struct timespec times[2]);
int kernel_tree_statfs(struct backend *backend, struct statvfs *st);
int kernel_pin(struct handle *handle, const struct caller *caller, const char *path);
int kernel_pin_open(struct backend *backend, const char *path, uint32_t open_flags,
		    struct handle **handle);

#endif
