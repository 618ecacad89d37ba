// SPDX-License-Identifier: BSD-2-Clause
#include "filesystem.h"
#include <inttypes.h>
#include <stdio.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/interrupt.h>
#include <fuse_lowlevel.h>
#include "clock.h"

/* Whether a signal that it does not block waits for this thread, by /proc/TID/status. */
static bool has_signal(pid_t thread)
{
	char path[32], line[256];
	uint64_t pending = 0, blocked = 0, set;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	cleanup_fclose FILE *status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "SigPnd: %" SCNx64, &set) == 1 ||
		    sscanf(line, "ShdPnd: %" SCNx64, &set) == 1)
			pending |= set;
		else
			sscanf(line, "SigBlk: %" SCNx64, &blocked);
	}
	return pending & ~blocked;
}

/*
 * The kernel sends an INTERRUPT once. Where it overtakes its request, libfuse asks the kernel to
 * send it again, but the kernel finds the request only if that goes over the very descriptor by
 * which the request came (fuse_dev_do_write()): with one for each worker it mostly does not, and
 * the client would wait for ever.
 */
#define LOST_INTERRUPT_NS 1000000000u

bool request_given_up(struct fuse_req *req, struct waiting *waiting)
{
	const struct filesystem *fs = fuse_req_userdata(req);
	if (fuse_req_interrupted(req) || fs->ending)
		return true;
	uint64_t ns = monotonic_ns();
	if (!waiting->looked)
		waiting->looked = ns;
	if (ns - waiting->looked < LOST_INTERRUPT_NS)
		return false;
	waiting->looked = ns;
	return has_signal(waiting->pid);
}

/* The request is this thread's until it is answered, and nobody waits behind the answer. */
static __thread struct waiting operation;

static bool asked_to_stop(void *req)
{
	return request_given_up(req, &operation);
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
	request.identified = false;
	request.needs.ifindex = 0;
	request.fault.text[0] = '\0';
	operation = (struct waiting){.pid = context->pid};
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
