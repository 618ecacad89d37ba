/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of one emulated backend, and the parts it is made of. */
#ifndef BPFUSE_EMU_STATE_H
#define BPFUSE_EMU_STATE_H

#include <bpfuse/backend.h>
#include "emu/emu.h"
#include "emu/handle.h"
#include "emu/id_table.h"
#include "emu/netdev.h"
#include "emu/object.h"
#include "emu/tree.h"

struct struct_ops_type;

struct emu {
	struct backend backend; /* the first member: a backend pointer is an emu pointer */
	struct id_table ids[OBJECT_KINDS];
	struct fd_table fds;
	struct tree tree;
	struct netdev_table netdevs;
	atomic_bool stats_enabled;  /* BPF_ENABLE_STATS is held */
	unsigned cpus_max;	    /* NR_CPUS: the most entries of a cpumap */
	atomic_ullong files_closed; /* so many files have gone: see file.h */
	atomic_ullong last_serial;  /* of a file */
	atomic_uint capabilities;   /* enum emu_capability */
	uint64_t memory_limit;	    /* bytes that all maps together may reserve */
	atomic_ullong memory_reserved;
	struct struct_ops_type *struct_ops; /* from the scenario; never change later */
};

static inline struct emu *emu_of(struct backend *backend)
{
	return (struct emu *)backend;
}

/* bpf_capable() and friends: one of `capabilities`, or CAP_SYS_ADMIN, which includes them. */
bool emu_capable(struct emu *emu, unsigned capabilities);

/* Accounts for bytes before they are allocated: 0 or -ENOMEM. */
int emu_reserve(struct emu *emu, uint64_t bytes);
void emu_unreserve(struct emu *emu, uint64_t bytes);

#endif
