// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include "make.h"
#include "words.h"

void message_put(struct message *message, const void *bytes, size_t length)
{
	memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
}

void message_put_name(struct message *message, const char *name)
{
	message_put(message, name, strlen(name) + 1);
}

const uint32_t request_users[8] = {0, 0, 0, 0, 0, 0, 1000, 65534};

void message_begin(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		   uint64_t unique)
{
	const struct fuse_in_header header = {
		.opcode = opcode,
		.unique = unique,
		.nodeid = nodeid,
		.uid = request_users[plan->requests % 8],
		.gid = request_users[plan->requests % 8],
		.pid = plan->pid,
	};
	message->length = 0;
	message_put(message, &header, sizeof(header));
}

struct pending *request_ask(struct plan *plan, struct message *message, uint32_t opcode,
			    uint64_t nodeid, struct known_handle *handle, const char *name)
{
	struct pending *pending = kernel_expect(plan->kernel, opcode, nodeid, handle);
	if (!pending)
		return NULL;
	snprintf(pending->name, sizeof(pending->name), "%s", name ? name : "");
	message_begin(plan, message, opcode, nodeid, pending->unique);
	return pending;
}

void request_end(struct plan *plan, struct message *message)
{
	struct fuse_in_header *header = (struct fuse_in_header *)message->bytes;
	header->len = (uint32_t)message->length;
	if (!plan->kernel->trace)
		return;
	fprintf(stderr, "%llu: %s node %llx, %zu bytes:", (unsigned long long)header->unique,
		session_opcode_name(header->opcode), (unsigned long long)header->nodeid,
		message->length);
	for (size_t i = sizeof(*header); i < message->length && i < 200; i++) {
		int c = message->bytes[i];
		fprintf(stderr, c > 32 && c < 127 ? " %c" : " %02x", c);
	}
	fputc('\n', stderr);
}

bool request_plain(struct plan *plan, struct message *message, uint32_t opcode, uint64_t nodeid,
		   const void *body, size_t length)
{
	if (!request_ask(plan, message, opcode, nodeid, NULL, NULL))
		return false;
	message_put(message, body, length);
	return true;
}

bool request_ask_by_name(struct plan *plan, struct message *message, uint32_t opcode,
			 const struct asked *asked, const void *body, size_t length)
{
	if (!request_ask(plan, message, opcode, asked->node->id, NULL, asked->name))
		return false;
	message_put(message, body, length);
	message_put_name(message, asked->name);
	return true;
}

bool request_ask_handle(struct plan *plan, struct message *message, uint32_t opcode,
			struct known_handle *handle, const void *body, size_t length, uint32_t size)
{
	struct pending *pending =
		handle ? request_ask(plan, message, opcode, handle->nodeid, handle, NULL) : NULL;
	if (!pending)
		return false;
	pending->size = size;
	message_put(message, body, length);
	return true;
}

uint32_t request_read_size(const struct asked *asked)
{
	static const uint32_t sizes[] = {4096, 131072, 1, 8, 17, 512, READ_MAX, 4097};
	return sizes[asked->flags % 8];
}
