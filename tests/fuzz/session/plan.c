// SPDX-License-Identifier: BSD-2-Clause
#include "requests.h"

#define REQUESTS_MAX 400

static bool next_of_input(struct plan *plan, struct message *message)
{
	struct asked asked = {0};
	if (plan->path && request_walk_on(plan, message))
		return true;
	plan->path = NULL;
	while (plan->requests < REQUESTS_MAX && input_record(plan, &asked))
		if (request_of(plan, message, &asked))
			return true;
	return false;
}

/* Everything is given back, as when the last user has gone. */
static bool next_of_ending(struct plan *plan, struct message *message)
{
	struct kernel *kernel = plan->kernel;
	for (unsigned i = 0; i < kernel->handle_count; i++)
		if (kernel->handles[i].open)
			return request_release(plan, message, &kernel->handles[i]);
	if (request_forget_many(plan, message, KERNEL_NODES))
		return true;
	/* libfuse answers an interruption that found nothing along with another request. */
	if (plan->interruptions) {
		plan->interruptions--;
		return request_plain(plan, message, FUSE_STATFS, FUSE_ROOT_ID, "", 0);
	}
	if (plan->ended)
		return false;
	plan->ended = true;
	return request_plain(plan, message, FUSE_DESTROY, 0, "", 0);
}

bool plan_next(struct plan *plan, struct message *message)
{
	if (plan->awaited)
		kernel_await(plan->kernel, plan->awaited);
	plan->awaited = 0;
	kernel_settle(plan->kernel);
	bool more = plan->requests == 0
			    ? request_init(plan, message, input_byte(plan))
			    : next_of_input(plan, message) || next_of_ending(plan, message);
	plan->requests++;
	if (more)
		request_end(plan, message);
	return more;
}
