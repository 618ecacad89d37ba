/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BPFUSE_MOUNT_INTERNAL_H
#define BPFUSE_MOUNT_INTERNAL_H

#include <stdio.h>
#include <bpfuse/backend.h>
#include <bpfuse/buffer.h>
#include "mount.h"

struct mount_backend {
	struct backend base;
	int root;
	char made[48];	/* name of the directory of maps without a pin; "": not needed yet */
	unsigned count; /* of maps made in it */
};

struct mount_handle {
	struct handle base; /* fd: the id */
	int directory;
	void *bytes; /* a BTF object that was "loaded": its bytes, owned */
	size_t length;
	/* the walk that the batch commands and next_key go on with */
	FILE *entries;
	bool known; /* info is filled */
	struct map_info info;
	struct map_state state;
};

static inline struct mount_backend *mount_backend(struct backend *backend)
{
	return (struct mount_backend *)backend;
}

static inline struct mount_handle *mount_handle(struct handle *handle)
{
	return (struct mount_handle *)handle;
}

/* A whole file below a directory into `out`; one write(2) of it. 0 or -errno. */
int file_read(int directory, const char *path, struct buffer *out);
int file_write(int directory, const char *path, int flags, const void *bytes, size_t length);
/* info or .map/info as JSON, a new reference; -EIO if it is none. */
int file_read_json(int directory, const char *path, json_t **json);

/* The handle of an object's directory, which it owns. */
int mount_handle_new(struct backend *backend, enum object_kind kind, int directory,
		     struct handle **handle);
void mount_handle_close(struct handle *handle);

/* create.c */
int mount_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf);
int mount_btf_bytes(struct handle *btf, void **bytes, size_t *length);
int mount_map_create(struct backend *backend, const struct map_spec *spec, struct handle **map);

/* object.c */
int mount_object_open(struct backend *backend, enum object_kind kind, uint32_t id,
		      uint32_t open_flags, struct handle **handle);
int mount_object_next(struct backend *backend, enum object_kind kind, uint32_t after, uint32_t *id);
int mount_map_info(struct handle *map, struct map_info *info);
int mount_map_state(struct handle *map, struct map_state *state);
int mount_map_freeze(struct handle *map);
int mount_prog_info(struct handle *prog, struct prog_info *info);
int mount_link_info(struct handle *link, struct link_info *info);
int mount_device_find(struct backend *backend, const char *name, struct device_info *info);
int mount_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info);

/* element.c */
int mount_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags);
int mount_map_update(struct handle *map, const void *key, const void *value, uint64_t flags);
int mount_map_delete(struct handle *map, const void *key);
int mount_map_next_key(struct handle *map, const void *key, void *next);
int mount_map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags);
int mount_map_pop_text(struct handle *map, char *text, size_t room);
int mount_map_popped_value(struct handle *map, const char *text, void *value);
int mount_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			   uint32_t *count, uint64_t elem_flags);
int mount_map_update_batch(struct handle *map, const void *keys, const void *values,
			   uint32_t *count, uint64_t elem_flags);

#endif
