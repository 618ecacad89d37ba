/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the input, the requests made of it and their order; plan.h is what others see. */
#ifndef FUZZ_SESSION_REQUESTS_H
#define FUZZ_SESSION_REQUESTS_H

#include "plan.h"

#define READ_MAX (1 << 20) /* fs.fuse.max_pages_limit */

struct record {
	uint8_t operation, node, handle, name, other, text, flags, number;
};

/* A record and the bytes that it says itself. */
struct asked {
	struct record record;
	struct known_node *node;
	struct known_node *other;
	struct known_handle *file;	/* of a file, or NULL */
	struct known_handle *directory; /* of a directory, or NULL */
	char name[KERNEL_NAME_MAX];
	char new_name[KERNEL_NAME_MAX];
	const uint8_t *text;
	size_t text_length;
	uint32_t flags;
	uint64_t number;
};

/* input.c: false at the end of the input. */
bool input_record(struct plan *plan, struct asked *asked);
uint8_t input_byte(struct plan *plan);

/*
 * make.h: each writes a request into the message and expects its answer; false: there is nothing to
 * ask.
 */
bool request_of(struct plan *plan, struct message *message, const struct asked *asked);
bool request_init(struct plan *plan, struct message *message, uint8_t choice);
bool request_walk_on(struct plan *plan, struct message *message);
bool request_release(struct plan *plan, struct message *message, struct known_handle *handle);
bool request_forget_many(struct plan *plan, struct message *message, unsigned most);
bool request_plain(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		   const void *body, size_t length);
/* After any of them. */
void request_end(struct plan *plan, struct message *message);

#endif
