/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that open files, and those on open ones (what they are: file.h). */
#ifndef FS_OPEN_FILE_H
#define FS_OPEN_FILE_H

#include "node.h"

void ll_open(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info);
void ll_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *info);
void ll_read(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
	     struct fuse_file_info *info);
void ll_write(fuse_req_t req, fuse_ino_t nodeid, const char *data, size_t size, off_t offset,
	      struct fuse_file_info *info);
void ll_flush(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info);
void ll_fsync(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *info);
void ll_release(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info);
void ll_poll(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info,
	     struct fuse_pollhandle *handle);

#endif
