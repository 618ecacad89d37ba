/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handles, and the table of their numbers: the emulation's file descriptors.
 *
 * A new handle gets the lowest free number, as open(2) would. Numbers 0, 1 and 2 stand for open
 * files that are no BPF objects, as in most processes: EINVAL, not EBADF.
 */
#ifndef BPFUSE_EMU_HANDLE_H
#define BPFUSE_EMU_HANDLE_H

#include <pthread.h>
#include <linux/bpf.h>
#include "emu/object.h"

enum handle_mode {
	HANDLE_READ = 1,
	HANDLE_WRITE = 2,
};

struct emu_handle {
	struct handle handle;
	struct emu_object *object; /* a user reference */
	unsigned mode;
};

#define HANDLE_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY)
#define FD_FIRST 3
#define FD_END 65536 /* of numbers that can be asked for; others come as they come */

struct fd_table {
	pthread_mutex_t lock;
	struct emu_handle **handles; /* by number - FD_FIRST; NULL: free */
	size_t capacity;
	size_t lowest_free; /* no free number below it */
};

void fd_table_init(struct fd_table *table);
void fd_table_destroy(struct fd_table *table);

/* BPF_F_RDONLY and BPF_F_WRONLY of `flags` as a mode: bpf_get_file_flag(). -EINVAL for both. */
int handle_mode_from_flags(uint32_t flags, unsigned *mode);

/*
 * Takes over one plain reference to the object, also on failure, and makes it a user's.
 */
int handle_new(struct emu_object *object, unsigned mode, struct handle **handle);
/* The same at a number of the caller's choice: -EBUSY if it is taken, -EBADF if it is none. */
int handle_new_at(struct emu_object *object, unsigned mode, int fd, struct handle **handle);
void emu_handle_close(struct handle *handle);

static inline struct emu_handle *emu_handle(struct handle *handle)
{
	return (struct emu_handle *)handle;
}

/*
 * The object behind a number, a new plain reference. -EBADF: no such number; -EINVAL: another
 * kind of object.
 */
int fd_object(struct emu *emu, int fd, enum object_kind kind, struct emu_object **object);
/* The open handle of that kind behind a number, or any of that kind; NULL: there is none. */
struct handle *fd_handle(struct emu *emu, int fd, enum object_kind kind);
struct handle *fd_next_handle(struct emu *emu, enum object_kind kind);
/*
 * Whatever is behind a number, a new reference; -EBADF if nothing is. NULL for 0, 1 and 2, which
 * are open but not emulated.
 */
int fd_object_any(struct emu *emu, int64_t fd, struct emu_object **object);

#endif
