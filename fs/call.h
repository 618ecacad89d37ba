/* SPDX-License-Identifier: BSD-2-Clause */
/* A request of the kernel's with all that came with it, so that it can be begun again (lane.h). */
#ifndef FS_CALL_H
#define FS_CALL_H

#include <stdbool.h>
#include "options.h"
#include <fuse_lowlevel.h>

/* Those that may have to wait for a device. */
enum call_kind {
	CALL_LOOKUP,
	CALL_GETATTR,
	CALL_SETATTR,
	CALL_ACCESS,
	CALL_UNLINK,
	CALL_OPEN,
	CALL_CREATE,
	CALL_READ,
	CALL_WRITE,
	CALL_FLUSH,
	CALL_READDIR,
	CALL_READDIRPLUS,
};

/* What of it counts is what the operation of libfuse has as arguments. */
struct call {
	enum call_kind kind;
	fuse_ino_t nodeid;
	const char *bytes; /* a name with its NUL, or data */
	size_t length;	   /* of bytes */
	size_t size;	   /* of what is to be read */
	off_t offset;
	mode_t mode;
	int mask; /* of access(2), or FUSE_SET_ATTR_* */
	struct stat attr;
	struct fuse_file_info info;
	bool has_info;
};

void call_begin(fuse_req_t req, struct call *call);

#endif
