/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are no BPF objects: sockets, cgroups, perf events, tasks; see emu_file_open().
 *
 * A map that holds a socket does not keep it open. When the last handle goes the socket is
 * closed, and is from then on no longer in any map: a slot whose file_is_closed() is empty. Maps
 * that have to throw such files out look for them when files_closed of the emulation has moved.
 */
#ifndef BPFUSE_EMU_FILE_H
#define BPFUSE_EMU_FILE_H

#include "emu/state.h"

struct emu_file {
	struct emu_object object; /* the first member */
	enum emu_file_kind kind;
	uint64_t serial;	  /* never given out twice; a socket's cookie */
	atomic_bool in_reuseport; /* sits in a reuseport_sockarray, of which there can be one */
};

#define FILE_BIT(kind) (1u << EMU_FILE_##kind)
#define FILE_SOCKETS                                                                               \
	(FILE_BIT(TCP_NEW) | FILE_BIT(TCP_LISTENING) | FILE_BIT(UDP_NEW) | FILE_BIT(UDP_BOUND) |   \
	 FILE_BIT(REUSEPORT) | FILE_BIT(XSK))

/* A new reference; -EBADF for a closed number, `wrong` for what is not of one of these kinds. */
int file_from_fd(struct emu *emu, int64_t fd, unsigned kinds, int wrong, struct emu_file **file);
void file_put(struct emu_file *file); /* NULL is allowed */

static inline bool file_is_closed(const struct emu_file *file)
{
	return !file->object.users;
}

/* Closes all that are still open. */
void files_close_all(struct emu *emu);

#endif
