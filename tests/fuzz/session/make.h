/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kind of request each, and what they are put together with: requests.c has the table of them,
 * tree_requests.c and file_requests.c the kinds, request_parts.c the parts.
 */
#ifndef FUZZ_SESSION_MAKE_H
#define FUZZ_SESSION_MAKE_H

#include "requests.h"

/* Writes a request into the message and expects its answer; false: there is nothing to ask. */
typedef bool make(struct plan *plan, struct message *message, const struct asked *asked);
make make_lookup, make_walk, make_forget, make_batch_forget, make_getattr, make_setattr,
	make_readlink, make_symlink, make_mknod, make_mkdir, make_unlink, make_rmdir, make_rename,
	make_rename2, make_link, make_statfs, make_setxattr, make_getxattr, make_access, make_bmap,
	make_open, make_opendir, make_create, make_read, make_write, make_release, make_flush,
	make_fsync, make_readdir, make_lock, make_ioctl, make_poll, make_fallocate, make_lseek,
	make_copy, make_interrupt;

/* Who asks, by the number of the request. */
extern const uint32_t request_users[8];

void message_put(struct message *message, const void *bytes, size_t length);
/* With its NUL. */
void message_put_name(struct message *message, const char *name);
/* The header of a request without an answer. */
void message_begin(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		   uint64_t unique);
/* With an answer to come; NULL: no more can wait. */
struct pending *request_ask(struct plan *plan, struct message *message, uint32_t opcode,
			    uint64_t nodeid, struct known_handle *handle, const char *name);
/* A body and the record's name behind it. */
bool request_ask_by_name(struct plan *plan, struct message *message, uint32_t opcode,
			 const struct asked *asked, const void *body, size_t length);
/* About an open file, NULL: there is none. `size`: of an answer, at most. */
bool request_ask_handle(struct plan *plan, struct message *message, uint32_t opcode,
			struct known_handle *handle, const void *body, size_t length,
			uint32_t size);
/* How much a read asks for. */
uint32_t request_read_size(const struct asked *asked);

#endif
