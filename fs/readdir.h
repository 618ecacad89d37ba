/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open directories. READDIRPLUS gives the attributes of keys with their names, so that `ls -l`
 * needs no LOOKUP a key. The kernel asks for it at the start of a listing, and again only while
 * what was listed is looked up (FUSE_CAP_READDIRPLUS_AUTO): a plain listing makes no inodes but
 * those of its first page.
 */
#ifndef FS_READDIR_H
#define FS_READDIR_H

#include "node.h"

void ll_opendir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info);
void ll_readdir(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
		struct fuse_file_info *info);
void ll_readdirplus(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
		    struct fuse_file_info *info);
void ll_releasedir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info);

#endif
