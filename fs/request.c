/* SPDX-License-Identifier: BSD-2-Clause */
#include "filesystem.h"
#include <bpfuse/interrupt.h>
#include <fuse_lowlevel.h>

/* The request is this thread's until it is answered, and nobody waits behind the answer. */
static bool asked_to_stop(void *req)
{
	return fuse_req_interrupted(req);
}

struct request request_begin(struct fuse_req *req)
{
	const struct fuse_ctx *context = fuse_req_ctx(req);
	struct request request;
	request.fs = fuse_req_userdata(req);
	request.req = req;
	request.pid = context->pid;
	request.uid = context->uid;
	request.gid = context->gid;
	request.umask = context->umask;
	request.fault.text[0] = '\0';
	interrupt_ask(asked_to_stop, req);
	return request;
}

struct caller request_caller(struct request *request)
{
	struct caller caller = {
		.uid = request->uid,
		.gid = request->gid,
		.umask = request->umask,
	};
	if (request->uid != 0) {
		int count = fuse_req_getgroups(request->req, CALLER_GROUPS_MAX, request->groups);
		caller.groups = request->groups;
		if (count > 0)
			caller.group_count =
				count < CALLER_GROUPS_MAX ? (size_t)count : CALLER_GROUPS_MAX;
	}
	return caller;
}
