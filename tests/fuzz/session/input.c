// SPDX-License-Identifier: BSD-2-Clause
#include <limits.h>
#include <string.h>
#include "requests.h"
#include "words.h"

#define LITERAL 255

static size_t take(struct plan *plan, void *bytes, size_t length)
{
	if (length > plan->length)
		length = plan->length;
	memcpy(bytes, plan->data, length);
	plan->data += length;
	plan->length -= length;
	return length;
}

uint8_t input_byte(struct plan *plan)
{
	uint8_t byte = 0;
	take(plan, &byte, 1);
	return byte;
}

/* As the VFS hands names on. */
static void make_name(char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!name[i] || name[i] == '/')
			name[i] = '_';
	name[length] = '\0';
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		strcpy(name, "x");
}

/* Below SEEN a word, from there on what listings told. */
#define SEEN 200
static void take_name(struct plan *plan, uint8_t choice, char *name)
{
	const struct kernel *kernel = plan->kernel;
	size_t length;
	if (choice == LITERAL) {
		length = take(plan, name, input_byte(plan));
	} else if (choice >= SEEN && kernel->name_count) {
		unsigned back = (choice - SEEN) % KERNEL_NAMES + 1;
		const char *seen = kernel->names[(kernel->name_count - back) % KERNEL_NAMES];
		length = strlen(seen);
		memcpy(name, seen, length);
	} else {
		const char *word = session_names[choice % session_name_count];
		length = strlen(word);
		memcpy(name, word, length);
	}
	make_name(name, length);
}

static void take_text(struct plan *plan, struct asked *asked)
{
	uint8_t choice = asked->record.text;
	if (choice != LITERAL) {
		const char *text = session_texts[choice % session_text_count];
		asked->text = (const uint8_t *)text;
		asked->text_length = strlen(text);
		return;
	}
	size_t length = (size_t)input_byte(plan) | (size_t)input_byte(plan) << 8;
	if (length > plan->length)
		length = plan->length;
	if (length > MESSAGE_MAX / 2)
		length = MESSAGE_MAX / 2;
	asked->text = plan->data;
	asked->text_length = length;
	plan->data += length;
	plan->length -= length;
}

static uint64_t take_number(struct plan *plan, uint8_t choice)
{
	static const uint64_t numbers[] = {
		0,	   1,	       2,	 3,	  4,	    5,
		7,	   8,	       10,	 16,	  24,	    32,
		64,	   100,	       128,	 200,	  255,	    256,
		511,	   512,	       1000,	 1023,	  1024,	    2048,
		4095,	   4096,       4097,	 8192,	  16384,    32768,
		65535,	   65536,      READ_MAX, INT_MAX, UINT_MAX, LLONG_MAX - READ_MAX,
		LLONG_MAX, ULLONG_MAX,
	};
	uint64_t number = 0;
	if (choice == LITERAL)
		take(plan, &number, sizeof(number));
	else
		number = numbers[choice % (sizeof(numbers) / sizeof(numbers[0]))];
	return number;
}

/* 0 is the newest, 1 the one before ...; from 128 on by place, 128 the root. */
static struct known_node *choose_node(struct kernel *kernel, uint8_t choice)
{
	struct known_node *node = &kernel->nodes[0];
	if (choice == 0 && kernel->newest)
		node = kernel->newest;
	else if (choice >= 128)
		node = &kernel->nodes[choice - 128];
	else if (choice < kernel->node_count)
		node = &kernel->nodes[kernel->node_count - 1 - choice];
	return node->lookups ? node : &kernel->nodes[0];
}

static struct known_handle *choose_handle(struct kernel *kernel, uint8_t choice, bool directory)
{
	for (unsigned i = kernel->handle_count; i > 0; i--) {
		struct known_handle *handle = &kernel->handles[i - 1];
		if (handle->open && handle->directory == directory && choice-- == 0)
			return handle;
	}
	return NULL;
}

bool input_record(struct plan *plan, struct asked *asked)
{
	if (take(plan, &asked->record, sizeof(asked->record)) < sizeof(asked->record))
		return false;
	const struct record *record = &asked->record;
	asked->node = choose_node(plan->kernel, record->node);
	asked->other = choose_node(plan->kernel, record->other);
	asked->file = choose_handle(plan->kernel, record->handle, false);
	asked->directory = choose_handle(plan->kernel, record->handle, true);
	take_name(plan, record->name, asked->name);
	take_name(plan, record->other, asked->new_name);
	take_text(plan, asked);
	asked->flags = record->flags;
	asked->number = take_number(plan, record->number);
	return true;
}
