// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "image/elements.h"
#include "image/queue_journal.h"

/* A full map may be emptied by its programs: how often a push is tried, 1 ms apart. */
#define PUSH_TRIES 200

/* --- out --- */

static int take_text(struct handle *map, struct queue_journal *journal, void *to)
{
	char *text = queue_text(journal);
	size_t room = queue_text_room(journal->head->value_size);
	int error = 0;

	/* text that is read in another form than these (.map/format) must not be taken out first */
	if (!journal->head->next)
		error = map_lookup(map, NULL, queue_scratch(journal), 0);
	if (error)
		return error;
	memset(text, 0, room);
	queue_store(&journal->head->armed, ARMED_TEXT);
	error = map_pop_text(map, text, room - 1);
	return error ? error : map_popped_value(map, text, to);
}

static int take_value(struct handle *map, struct queue_journal *journal, unsigned char *to)
{
	uint32_t size = journal->head->value_size;
	unsigned char *scratch = queue_scratch(journal);
	int error = map_lookup(map, NULL, scratch, 0);

	if (error)
		return error;
	for (uint32_t i = 0; i < size; i++)
		scratch[i] = (unsigned char)~scratch[i];
	memcpy(to, scratch, size);
	queue_store(&journal->head->armed, ARMED_VALUE);
	return map_lookup_and_delete(map, NULL, to, 0);
}

/* 1: one more is in the journal; 0: the map is empty. */
static int take_one(struct handle *map, struct queue_journal *journal)
{
	struct queue_head *head = journal->head;
	int error = queue_journal_claim(journal, head->next + 1);

	if (error)
		return error;
	error = take_text(map, journal, queue_slot(journal, head->next));
	if (error == -EOPNOTSUPP)
		error = take_value(map, journal, queue_slot(journal, head->next));
	if (!error)
		queue_store(&head->next, head->next + 1);
	queue_store(&head->armed, ARMED_NOT);
	return error ? (error == -ENOENT ? 0 : error) : 1;
}

int queue_take_all(struct handle *map, struct queue_journal *journal)
{
	int more;

	do
		more = take_one(map, journal);
	while (more > 0 && journal->head->next < 2 * journal->head->max_entries + 1);
	return more < 0 ? more : 0;
}

int queue_take(struct handle *map, const char *label, const char *state,
	       const struct decision *decision, struct queue_journal **journal, struct fault *fault)
{
	struct queue_journal *made;
	int error = queue_journal_new(state, map, decision ? decision_name(decision) : "", &made,
				      fault);

	if (error) {
		fault_prefix(fault, "%s", label);
		return error;
	}
	error = queue_take_all(map, made);
	/* those in front go back in front only once the others are out as well */
	if (error)
		queue_take_all(map, made);
	made->head->count = made->head->next;
	if (error) {
		fault_set(fault, -error, "%s: cannot be taken out: %s", label, strerror(-error));
		queue_put_back(map, made, NULL);
		return error;
	}
	*journal = made;
	return 0;
}

const unsigned char *queue_values(const struct queue_journal *journal)
{
	return queue_slot(journal, 0);
}

uint32_t queue_count(const struct queue_journal *journal)
{
	return journal->head->count;
}

/* --- in --- */

static int push(struct handle *map, const void *value)
{
	int error = map_update(map, NULL, value, BPF_ANY);

	for (int tries = 0; error == -E2BIG && tries < PUSH_TRIES; tries++) {
		usleep(1000);
		error = map_update(map, NULL, value, BPF_ANY);
	}
	return error;
}

/* A queue in the order it came out, a stack from its bottom. */
static int put_all(struct handle *map, struct queue_journal *journal)
{
	struct queue_head *head = journal->head;
	bool stack = head->type == BPF_MAP_TYPE_STACK;
	int error = 0;

	while (!error && head->put < head->count) {
		uint32_t index = stack ? head->count - 1 - head->put : head->put;

		error = push(map, queue_slot(journal, index));
		if (!error)
			queue_store(&head->put, head->put + 1);
	}
	return error;
}

int queue_put_back(struct handle *map, struct queue_journal *journal, struct fault *fault)
{
	uint32_t count = journal->head->count, put;
	int error;

	queue_store(&journal->head->phase, PHASE_PUTTING);
	error = put_all(map, journal);
	put = journal->head->put;
	if (error)
		fault_set(fault, -error,
			  "%u of %u elements could not be put back (%s); the next run tries again, "
			  "until then they are in the journal %s",
			  count - put, count, strerror(-error), journal->name);
	queue_journal_close(journal, !error);
	return error;
}

void queue_drop(struct queue_journal *journal)
{
	queue_journal_close(journal, true);
}

/* --- other elements than those that were there --- */

static int elements_take(struct queue_journal *journal, const struct image *image,
			 const struct image_map *from, struct fault *fault)
{
	struct queue_head *head = journal->head;
	struct elements elements;
	int more = 0, error = elements_open(image, from, &elements, fault);

	if (error)
		return error;
	while (!error && (more = elements_next(&elements, fault)) > 0) {
		error = queue_journal_claim(journal, head->next + elements.count);
		if (error)
			fault_set(fault, -error, "the journal cannot be made: %s",
				  strerror(-error));
		else
			memcpy(queue_slot(journal, head->next), elements.values,
			       (size_t)elements.count * head->value_size);
		head->next += error ? 0 : elements.count;
	}
	elements_close(&elements);
	head->count = head->next;
	return error ? error : more;
}

int queue_prepare(struct handle *map, const struct image *image, const struct image_map *from,
		  const char *state, const struct decision *decision,
		  struct queue_journal **journal, struct fault *fault)
{
	struct queue_journal *made;
	int error = queue_journal_new(state, map, decision_name(decision), &made, fault);

	if (error)
		return error;
	made->head->prepared = 1;
	error = elements_take(made, image, from, fault);
	if (error) {
		queue_journal_close(made, true);
		return error;
	}
	queue_store(&made->head->phase, PHASE_PUTTING);
	*journal = made;
	return 0;
}
