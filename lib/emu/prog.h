/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs: opaque objects with the properties that maps ask for. They hold their maps. */
#ifndef BPFUSE_EMU_PROG_H
#define BPFUSE_EMU_PROG_H

#include <linux/bpf.h>
#include "emu/map.h"
#include "emu/offload.h"

struct emu_prog {
	struct emu_object object; /* the first member */
	uint32_t type, expected_attach_type, ifindex, created_by_uid;
	bool gpl_compatible, jited, xdp_has_frags;
	unsigned char tag[8];
	char name[OBJECT_NAME_MAX];
	uint64_t load_time; /* ns since boot */
	uint64_t run_time_ns, run_cnt;
	struct offload_binding binding; /* where ifindex is not 0 */
	struct emu_map **maps;		/* references */
	uint32_t map_count;
	void *xlated;
	uint32_t xlated_length;
};

/* A new reference; -EBADF, or -EINVAL for what is no program. */
int prog_from_fd(struct emu *emu, int fd, struct emu_prog **prog);
void prog_put(struct emu_prog *prog); /* NULL is allowed */

/*
 * bpf_prog_map_compatible(): the first program of a map fixes what the others must be like. It
 * stays fixed when that program goes.
 */
bool prog_fits_map(struct emu_map *map, const struct emu_prog *prog);

/*
 * A program for a devmap's or cpumap's entry: XDP, loaded for that attach type, fit for the map.
 * A new reference; -EINVAL for all else, closed numbers too.
 */
int prog_for_redirect(struct emu_map *map, int fd, uint32_t attach_type, struct emu_prog **prog);

int emu_prog_info(struct handle *prog, struct prog_info *info);
int emu_prog_xlated(struct handle *prog, void **bytes, size_t *length);

#endif
