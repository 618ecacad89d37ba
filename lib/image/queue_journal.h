/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of a queue or stack as a file, mapped into memory: a head, a scratch slot, room for
 * text, and the elements' slots.
 *
 * Slot `next` is armed before an element is taken out into it: it holds the complement of the
 * value that the pop will give, and so does the scratch slot; after a kill they differ if the pop
 * was done. Where a pop gives text, the text is empty until it is done.
 */
#ifndef IMAGE_QUEUE_JOURNAL_H
#define IMAGE_QUEUE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>
#include "image/decision.h"
#include "image/queue.h"
#include "image/state.h"

#define QUEUE_PREFIX "queue-"

enum queue_phase {
	PHASE_TAKING = 1, /* into slots 0.. */
	PHASE_PUTTING,	  /* from slots 0..; `put` of them are back, perhaps one more */
	PHASE_RETAKING,	  /* after a kill while putting: all again, into the slots behind */
};

enum queue_armed {
	ARMED_NOT,
	ARMED_VALUE, /* the pop writes the slot */
	ARMED_TEXT,  /* the pop writes the text */
};

struct queue_head {
	uint64_t magic;
	uint32_t map_id, type, value_size, max_entries;
	uint32_t phase; /* enum queue_phase */
	uint32_t count; /* elements taken first; fixed from PHASE_PUTTING on */
	uint32_t next;	/* slot that the next element goes to */
	uint32_t put;
	uint32_t armed;	   /* enum queue_armed */
	uint32_t prepared; /* holds what goes in once the run has decided */
	char map_name[OBJECT_NAME_MAX];
	char boot[BOOT_TEXT_SIZE];
	char world[WORLD_TEXT_SIZE];
	char decision[DECISION_NAME_SIZE]; /* "": none */
};

struct queue_journal {
	int directory, fd;
	char name[96];
	struct queue_head *head; /* mapped */
	size_t mapped;
	uint64_t claimed; /* bytes of the file that have room on disk */
};

/* The stores before it are in the file before those after it, should the process end here. */
static inline void queue_store(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_SEQ_CST);
}

static inline unsigned char *queue_scratch(const struct queue_journal *journal)
{
	return (unsigned char *)(journal->head + 1);
}

/* An element as text: a number, or two digits a byte. */
static inline size_t queue_text_room(uint32_t value_size)
{
	return 2 * (size_t)value_size + 64;
}

static inline char *queue_text(const struct queue_journal *journal)
{
	return (char *)queue_scratch(journal) + journal->head->value_size;
}

static inline unsigned char *queue_slot(const struct queue_journal *journal, uint32_t index)
{
	uint32_t size = journal->head->value_size;

	return queue_scratch(journal) + size + queue_text_room(size) + (size_t)index * size;
}

/* An empty one in the state directory, PHASE_TAKING; decision may be "". */
int queue_journal_new(const char *state, struct handle *map, const char *decision,
		      struct queue_journal **journal, struct fault *fault);
/* The same beside another one, which decides for it too. */
int queue_journal_new_beside(const struct queue_journal *other, struct handle *map,
			     struct queue_journal **journal);
/* One that was left. -EINVAL: it was killed while it was made, nothing had been taken. */
int queue_journal_load(int directory, const char *name, struct queue_journal **journal);
/* Room for the first `slots` slots, so that a full disk is an error in time. */
int queue_journal_claim(struct queue_journal *journal, uint32_t slots);
/* NULL is allowed. */
void queue_journal_close(struct queue_journal *journal, bool remove);

/* Into slot `next` and on, until the map is empty. */
int queue_take_all(struct handle *map, struct queue_journal *journal);

#endif
