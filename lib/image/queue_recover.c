// SPDX-License-Identifier: BSD-2-Clause
/* What killed runs left of queues and stacks: back into the map, in order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "image/queue_journal.h"
#include "image/report.h"

/* Was the armed pop done? Then its value has replaced the complement, or its text is there. */
static int journal_disarm(struct handle *map, struct queue_journal *journal)
{
	struct queue_head *head = journal->head;
	unsigned char *slot = queue_slot(journal, head->next);
	bool done = false;
	int error = 0;

	if (head->armed == ARMED_VALUE)
		done = memcmp(slot, queue_scratch(journal), head->value_size) != 0;
	if (head->armed == ARMED_TEXT && *queue_text(journal)) {
		error = map_popped_value(map, queue_text(journal), slot);
		done = !error;
	}
	if (done)
		queue_store(&head->next, head->next + 1);
	if (!error)
		queue_store(&head->armed, ARMED_NOT);
	return error;
}

/* Do `length` elements at slot `a` equal those at slot `b`? */
static bool slots_equal(const struct queue_journal *journal, uint32_t a, uint32_t b,
			uint32_t length)
{
	return !memcmp(queue_slot(journal, a), queue_slot(journal, b),
		       (size_t)length * journal->head->value_size);
}

/* How many of the elements behind slot `count` had been put back by us: `put`, or one more. */
static uint32_t journal_ours(const struct queue_journal *journal)
{
	const struct queue_head *head = journal->head;
	bool stack = head->type == BPF_MAP_TYPE_STACK;
	uint32_t back = head->next - head->count, ours;

	for (ours = head->put + 1; ours; ours--) {
		if (ours > back || ours > head->count)
			continue;
		if (stack ? slots_equal(journal, head->next - ours, head->count - ours, ours)
			  : slots_equal(journal, head->count, 0, ours))
			break;
	}
	return ours;
}

static void slots_copy(struct queue_journal *to, uint32_t at, const struct queue_journal *from,
		       uint32_t first, uint32_t count)
{
	memcpy(queue_slot(to, at), queue_slot(from, first), (size_t)count * from->head->value_size);
}

/*
 * All was taken out again: slots count.. hold what had been put back and what programs pushed
 * since. Orders everything into slots 0.. of another journal.
 */
static int journal_merge(const struct queue_journal *from, struct queue_journal *to)
{
	const struct queue_head *head = from->head;
	uint32_t ours = journal_ours(from), newcomers = head->next - head->count - ours;
	int error = queue_journal_claim(to, head->count + newcomers);

	if (error)
		return error;
	if (head->type == BPF_MAP_TYPE_STACK) {
		slots_copy(to, 0, from, head->count, newcomers);
		slots_copy(to, newcomers, from, 0, head->count);
	} else {
		slots_copy(to, 0, from, 0, head->count);
		slots_copy(to, head->count, from, head->count + ours, newcomers);
	}
	to->head->count = to->head->next = head->count + newcomers;
	queue_store(&to->head->phase, PHASE_PUTTING);
	return 0;
}

/* In one step: the merged journal takes the name of the old one, which is closed. */
static int journal_replace(struct handle *map, struct queue_journal **journal)
{
	struct queue_journal *old = *journal, *merged;
	int error = queue_journal_new_beside(old, map, &merged);

	if (error)
		return error;
	error = journal_merge(old, merged);
	if (!error && renameat(merged->directory, merged->name, old->directory, old->name))
		error = -errno;
	if (error) {
		queue_journal_close(merged, true);
		return error;
	}
	memcpy(merged->name, old->name, sizeof(merged->name));
	queue_journal_close(old, false);
	*journal = merged;
	return 0;
}

static int journal_replay(struct handle *map, struct queue_journal **journal)
{
	struct queue_head *head = (*journal)->head;
	int error = journal_disarm(map, *journal);

	if (error)
		return error;
	if (head->phase == PHASE_PUTTING)
		queue_store(&head->phase, PHASE_RETAKING);
	error = queue_take_all(map, *journal);
	if (error)
		return error;
	if (head->phase == PHASE_RETAKING)
		return journal_replace(map, journal);
	head->count = head->next;
	return 0;
}

/* 1: the journal's map; 0: it does not exist any more. */
static int journal_find_map(struct backend *backend, const struct queue_head *head,
			    struct handle **map)
{
	char boot[BOOT_TEXT_SIZE];
	struct map_info info;
	int error;

	state_boot(boot);
	if (strncmp(boot, head->boot, sizeof(head->boot)) != 0)
		return 0;
	error = object_open(backend, OBJECT_MAP, head->map_id, 0, map);
	if (!error)
		error = map_info(*map, &info);
	if (error)
		return error == -ENOENT ? 0 : error;
	return info.type == head->type && info.value_size == head->value_size &&
	       info.max_entries == head->max_entries;
}

struct recovery {
	struct backend *backend;
	json_t *notes;
	struct fault *fault;
};

static int journal_put(struct recovery *recovery, struct queue_journal *journal)
{
	const char *why = journal->head->prepared
				  ? "a run that was killed was refilling it: completed"
				  : "a run that was killed had its elements: put back";
	cleanup_with(handle_closep) struct handle *map = NULL;
	char what[48];
	int found, error;

	snprintf(what, sizeof(what), "map %u (%.15s)", journal->head->map_id,
		 journal->head->map_name);
	found = journal_find_map(recovery->backend, journal->head, &map);
	if (found <= 0) {
		if (!found)
			notes_add(recovery->notes, what, "is gone; its journal is removed");
		queue_journal_close(journal, !found);
		return found;
	}
	error = journal_replay(map, &journal);
	if (error) {
		queue_journal_close(journal, false);
		return fault_set(recovery->fault, -error, "%s: cannot be put back: %s", what,
				 strerror(-error));
	}
	error = queue_put_back(map, journal, recovery->fault);
	if (!error)
		notes_add(recovery->notes, what, why);
	return error;
}

/* Without a run of several maps, what was taken out goes back. */
static int journal_decision(struct backend *backend, int directory,
			    const struct queue_journal *journal, struct fault *fault)
{
	char world[WORLD_TEXT_SIZE];

	state_world(backend, world);
	if (strncmp(world, journal->head->world, sizeof(world)) != 0)
		return DECISION_FOREIGN;
	if (!*journal->head->decision)
		return DECISION_OPEN;
	return decision_find(backend, directory, journal->head->decision, fault);
}

static int recover_visit(void *context, int directory, const char *name)
{
	struct recovery *recovery = context;
	struct queue_journal *journal;
	bool prepared;
	int state, error = queue_journal_load(directory, name, &journal);

	if (error == -EINVAL) /* killed while it was made: nothing was taken yet */
		return 0;
	if (error)
		return fault_set(recovery->fault, -error, "the journal %s cannot be read: %s", name,
				 strerror(-error));
	state = journal_decision(recovery->backend, directory, journal, recovery->fault);
	prepared = journal->head->prepared;
	if (state < 0 || state == DECISION_FOREIGN) {
		queue_journal_close(journal, false);
		return state < 0 ? state : 0;
	}
	/* what was taken out for good stays out; what was to go in instead, stays out as well */
	if (state == DECISION_STALE || (state == DECISION_TAKEN) != prepared) {
		queue_journal_close(journal, true);
		return 0;
	}
	return journal_put(recovery, journal);
}

int queue_recover(struct backend *backend, int state, json_t *notes, struct fault *fault)
{
	struct recovery recovery = {backend, notes, fault};

	return state_visit_stale(state, QUEUE_PREFIX, recover_visit, &recovery);
}
