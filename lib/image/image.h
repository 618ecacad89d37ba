/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A snapshot in memory: everything but the elements, which stay in bpfmap-data.img.
 *
 * The same structure is filled from a backend (dump), from files (reader) and is what restore,
 * diff, show and export work on. All ids are those of the image: map ids are unique in it and
 * refer to its maps; program ids and interface indexes are looked up in its lists.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include "image/digest.h"

/* What the manifest's "version" may be at most. */
#define IMAGE_VERSION 1

/* What a dump can promise of a map's elements. */
enum image_promise {
	PROMISE_FUZZY, /* every element whole, some perhaps older than others */
	PROMISE_EXACT, /* frozen, or the same in two passes */
};

/* One entry of bpfmap-data.img. */
struct image_run {
	uint64_t keys_at, values_at; /* offsets in the file */
	uint32_t keys_bytes, values_bytes;
	uint32_t count;
	bool removed; /* keys only: in the base, no more in this snapshot */
};

struct image_map {
	struct map_info info; /* btf_id: one of the image's; ifindex: only a flag, see ifname */
	struct map_state state;
	char ifname[DEVICE_NAME_MAX]; /* device-bound: to which */
	uint32_t base_id;   /* the base's map that the runs are a difference to; 0: none */
	uint32_t inner_id;  /* map-in-map: the map that serves as template; 0: unknown */
	size_t value_bytes; /* one value in the file, all CPUs' slots for per-CPU types */
	bool listed;	    /* in the manifest */
	bool contents;	    /* its elements are here; false: left out, see `omitted` */
	enum image_promise promise;
	struct digest digest; /* of the elements that the map had */
	bool has_digest;
	uint64_t elements; /* in the file, removed ones not counted */
	struct image_run *runs;
	size_t run_count;
};

struct image_btf {
	uint32_t id;
	void *bytes; /* malloc'ed */
	size_t length;
};

/* A program that an element or a pin refers to, by what finds it again elsewhere. */
struct image_prog {
	uint32_t id, type;
	char name[OBJECT_NAME_MAX];
	unsigned char tag[8];
	char *pin; /* where it was pinned, from the root of the bpffs; NULL: nowhere */
};

struct image_device {
	uint32_t ifindex;
	char name[DEVICE_NAME_MAX];
};

enum image_node_kind {
	NODE_DIRECTORY,
	NODE_SYMLINK,
	NODE_MAP,
	NODE_PROG,
	NODE_LINK,
};

/* One name of the pin tree. */
struct image_node {
	char *path;   /* relative, no "." or ".."; its directory comes before it in the list */
	char *target; /* of a symlink */
	enum image_node_kind kind;
	mode_t mode; /* 07777 */
	uid_t uid;
	gid_t gid;
	uint32_t id;		     /* of the map, program or link */
	uint32_t link_type, prog_id; /* of a link */
};

struct image_key;
struct snapshot_progress;

struct image {
	char *directory;			  /* as it was given; NULL while it is being made */
	int data_fd;				  /* bpfmap-data.img; -1: none */
	bool foreign;				  /* CRIU's own: no manifest */
	const struct snapshot_progress *progress; /* while it is read; may be NULL */
	unsigned possible_cpus;
	json_t *manifest;  /* as read or written; NULL when foreign */
	json_t *omitted;   /* [{"what":..,"why":..}] */
	char *base;	   /* incremental: the directory of the base */
	char base_sum[65]; /* and the SHA-256 sum of its manifest */

	struct image_map *maps;
	size_t map_count;
	struct image_btf *btfs;
	size_t btf_count;
	struct image_prog *progs;
	size_t prog_count;
	struct image_device *devices;
	size_t device_count;
	struct image_node *nodes;
	size_t node_count;
	/* indexes of the two long lists, brought up to date by the find functions */
	struct image_key *map_keys, *node_keys;
	size_t maps_indexed, nodes_indexed;
};

int image_new(struct image **image);
void image_free(struct image *image);
void image_freep(struct image **image);

/* NULL: not in the image. Maps and nodes must have their id or path before the next find. */
struct image_map *image_find_map(struct image *image, uint32_t id);
struct image_btf *image_find_btf(const struct image *image, uint32_t id);
struct image_prog *image_find_prog(const struct image *image, uint32_t id);
struct image_device *image_find_device(const struct image *image, uint32_t ifindex);
struct image_node *image_find_node(struct image *image, const char *path);

/* A new zeroed entry at the end of the list, or NULL when memory runs out. */
struct image_map *image_add_map(struct image *image);
struct image_btf *image_add_btf(struct image *image);
struct image_prog *image_add_prog(struct image *image);
struct image_device *image_add_device(struct image *image);
struct image_node *image_add_node(struct image *image);
struct image_run *image_map_add_run(struct image_map *map);

/* Lists something as left out. */
int image_omit(struct image *image, const char *what, const char *why);
/* How the map is called in sentences: its first pin, or its name and id. */
const char *image_map_label(const struct image *image, const struct image_map *map, char text[96]);
/* "dir", "symlink", "map", "prog", "link". */
const char *image_node_kind_name(enum image_node_kind kind);

#endif
