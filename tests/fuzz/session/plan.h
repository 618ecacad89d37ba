/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzzer's input as a sequence of FUSE requests.
 *
 * The input is records of RECORD_SIZE bytes: which operation, on which node or handle, with which
 * names, text, flags and number. Each of these bytes chooses from a table or from what replies
 * have told (names of listings; nodes and handles, the newest first), or says LITERAL: then the
 * bytes themselves follow the record. So a mutation changes one request and leaves its neighbours
 * alone, and a short input gets deep: WALK alone looks up a whole path.
 */
#ifndef FUZZ_SESSION_PLAN_H
#define FUZZ_SESSION_PLAN_H

#include "kernel.h"

#define MESSAGE_MAX 65536

struct message {
	_Alignas(8) unsigned char bytes[MESSAGE_MAX];
	size_t length;
};

struct plan {
	const uint8_t *data;
	size_t length;
	unsigned requests;	/* made so far */
	uint32_t pid;		/* who asks: another one in each run */
	const char *path;	/* the rest of a WALK */
	uint64_t awaited;	/* a request that was interrupted and must be answered first */
	unsigned interruptions; /* sent */
	bool ended;		/* DESTROY was sent */
	struct kernel *kernel;
};

/*
 * The next request, its answer being expected; false: that was all. Handles are released and
 * nodes forgotten at the end, and requests that wait are interrupted.
 */
bool plan_next(struct plan *plan, struct message *message);

#endif
