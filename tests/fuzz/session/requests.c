// SPDX-License-Identifier: BSD-2-Clause
/* Which request a record stands for. */
#include "make.h"

/* What this libfuse has never heard of. */
static bool make_unknown(struct plan *plan, struct message *message, const struct asked *asked)
{
	uint32_t opcode = FUSE_SETUPMAPPING + asked->flags;
	return request_plain(plan, message, opcode, asked->node->id, asked->text,
			     asked->text_length);
}

/* What matters most comes more than once. */
static make *const operations[] = {
	make_walk,    make_walk,    make_walk,	       make_walk,     make_lookup,
	make_lookup,  make_open,    make_open,	       make_open,     make_read,
	make_read,    make_write,   make_write,	       make_write,    make_write,
	make_create,  make_create,  make_create,       make_opendir,  make_readdir,
	make_readdir, make_unlink,  make_unlink,       make_rmdir,    make_mkdir,
	make_rename,  make_rename2, make_setattr,      make_getattr,  make_release,
	make_flush,   make_forget,  make_batch_forget, make_readlink, make_symlink,
	make_mknod,   make_link,    make_statfs,       make_setxattr, make_getxattr,
	make_access,  make_bmap,    make_lock,	       make_ioctl,    make_poll,
	make_poll,    make_fsync,   make_interrupt,    make_lseek,    make_fallocate,
	make_copy,    make_unknown,
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

bool request_of(struct plan *plan, struct message *message, const struct asked *asked)
{
	return operations[asked->record.operation % OPERATIONS](plan, message, asked);
}

bool request_init(struct plan *plan, struct message *message, uint8_t choice)
{
	/* The kernel's own numbers, then what libfuse's conversations with older ones were. */
	static const uint32_t minors[] = {FUSE_KERNEL_MINOR_VERSION, 45, 31, 23, 12};
	uint32_t flags = ~(uint32_t)(FUSE_SETXATTR_EXT);
	struct fuse_init_in body = {
		.major = FUSE_KERNEL_VERSION,
		.minor = minors[choice % 5],
		.max_readahead = 131072,
		.flags = choice & 128 ? 0 : flags,
	};
	return request_plain(plan, message, FUSE_INIT, 0, &body, sizeof(body));
}
