/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What maps, programs, links and BTF have in common: an id and counted references.
 *
 * A plain reference keeps an object alive. A user reference (a handle or a pin) is a plain one
 * that is counted separately too: prog_array empties when the last of them goes, as
 * bpf_map_put_uref() has it. An object leaves its id table with its last reference, or earlier
 * when its device goes; its id reads 0 from then on.
 *
 * Freeing never recurses: an object freed while another one is being freed waits its turn, so
 * long chains of references (programs, maps, programs, ...) are safe.
 */
#ifndef BPFUSE_EMU_OBJECT_H
#define BPFUSE_EMU_OBJECT_H

#include <stdatomic.h>
#include <bpfuse/backend.h>

struct emu;
struct emu_object;
struct emu_handle;

/* The objects' kinds are those of backend.h, and files that are no BPF objects: file.h. */
#define OBJECT_FILE ((enum object_kind)(OBJECT_BTF + 1))
#define OBJECT_KINDS (OBJECT_BTF + 2)

struct emu_object_ops {
	void (*free)(struct emu_object *object);
	void (*last_user_gone)(struct emu_object *object); /* may be NULL */
	/* A handle is being closed; may be NULL. */
	void (*handle_gone)(struct emu_object *object, const struct emu_handle *handle);
};

struct emu_object {
	const struct emu_object_ops *ops;
	struct emu *emu;
	enum object_kind kind;
	atomic_uint id; /* 0: in no table */
	atomic_uint references;
	atomic_uint users;
	struct emu_object *next_dying;
};

/* One plain reference, which is the caller's; no id yet. */
void object_init(struct emu_object *object, struct emu *emu, enum object_kind kind,
		 const struct emu_object_ops *ops);
/* Into the id table of its kind: 0 or -ENOSPC, -ENOMEM. */
int object_publish(struct emu_object *object);
/* Out of it, before its time. */
void object_unpublish(struct emu_object *object);

struct emu_object *object_get(struct emu_object *object);
/* False if the last reference has already gone. */
bool object_get_unless_dead(struct emu_object *object);
void object_put(struct emu_object *object); /* NULL is allowed */
struct emu_object *object_get_user(struct emu_object *object);
void object_put_user(struct emu_object *object);

#endif
