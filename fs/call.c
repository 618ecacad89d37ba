// SPDX-License-Identifier: BSD-2-Clause
#include "call.h"

#include <stddef.h>
#include "operations.h"

void call_begin(fuse_req_t req, struct call *call)
{
	const struct fuse_lowlevel_ops *to = &operations;
	struct fuse_file_info *info = call->has_info ? &call->info : NULL;
	switch (call->kind) {
	case CALL_LOOKUP:
		to->lookup(req, call->nodeid, call->bytes);
		break;
	case CALL_GETATTR:
		to->getattr(req, call->nodeid, info);
		break;
	case CALL_SETATTR:
		to->setattr(req, call->nodeid, &call->attr, call->mask, info);
		break;
	case CALL_ACCESS:
		to->access(req, call->nodeid, call->mask);
		break;
	case CALL_UNLINK:
		to->unlink(req, call->nodeid, call->bytes);
		break;
	case CALL_CREATE:
		to->create(req, call->nodeid, call->bytes, call->mode, info);
		break;
	case CALL_OPEN:
		to->open(req, call->nodeid, info);
		break;
	case CALL_READ:
		to->read(req, call->nodeid, call->size, call->offset, info);
		break;
	case CALL_WRITE:
		to->write(req, call->nodeid, call->bytes, call->length, call->offset, info);
		break;
	case CALL_FLUSH:
		to->flush(req, call->nodeid, info);
		break;
	case CALL_READDIR:
		to->readdir(req, call->nodeid, call->size, call->offset, info);
		break;
	case CALL_READDIRPLUS:
		to->readdirplus(req, call->nodeid, call->size, call->offset, info);
		break;
	}
}
