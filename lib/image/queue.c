// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "image/queue.h"
#include "image/state.h"

#define JOURNAL_PREFIX "queue-"
#define JOURNAL_MAGIC 0x3171667562u
/* Room is claimed from the file system in such steps, so that a full disk is an error in time. */
#define JOURNAL_STEP (1u << 20)
/* A full map may be emptied by its programs: how often a push is tried, 1 ms apart. */
#define PUSH_TRIES 200

enum phase {
	PHASE_TAKING = 1, /* into slots 0.. */
	PHASE_PUTTING,	  /* from slots 0..; `put` of them are back, perhaps one more */
	PHASE_RETAKING,	  /* after a kill while putting: all again, into the slots behind */
};

/*
 * The file's head. Slot `next` is armed: it holds the complement of the value that the next pop
 * will give, and so does the scratch slot. After a kill they differ if the pop was done.
 */
struct journal_head {
	uint64_t magic;
	uint32_t map_id, type, value_size, max_entries;
	uint32_t phase;
	uint32_t count; /* elements taken first; fixed from PHASE_PUTTING on */
	uint32_t next;	/* slot that the next element goes to */
	uint32_t put;
	uint32_t armed;
	char map_name[OBJECT_NAME_MAX];
	char boot[BOOT_TEXT_SIZE];
	char backend[16];
};

struct queue_journal {
	int directory, fd;
	char name[96];
	struct journal_head *head; /* mapped */
	size_t mapped;
	uint64_t claimed; /* bytes of the file that have room on disk */
};

/* The stores before it are in the file before those after it, should the process end here. */
static void store_u32(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_SEQ_CST);
}

static unsigned char *scratch(const struct queue_journal *journal)
{
	return (unsigned char *)(journal->head + 1);
}

static unsigned char *slot(const struct queue_journal *journal, uint32_t index)
{
	return scratch(journal) + ((size_t)index + 1) * journal->head->value_size;
}

static void journal_close(struct queue_journal *journal, bool remove)
{
	if (!journal)
		return;
	if (remove)
		unlinkat(journal->directory, journal->name, 0);
	if (journal->head)
		munmap(journal->head, journal->mapped);
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->directory >= 0)
		close(journal->directory);
	free(journal);
}

static int journal_claim(struct queue_journal *journal, uint32_t slots)
{
	uint64_t wanted =
		sizeof(*journal->head) + ((uint64_t)slots + 1) * journal->head->value_size;
	int error;

	if (wanted <= journal->claimed)
		return 0;
	if (wanted > journal->mapped)
		return -ENOSPC;
	wanted += JOURNAL_STEP;
	if (wanted > journal->mapped)
		wanted = journal->mapped;
	error = posix_fallocate(journal->fd, (off_t)journal->claimed,
				(off_t)(wanted - journal->claimed));
	if (!error)
		journal->claimed = wanted;
	return -error;
}

/* Room for what is there now and for as much again, should it have to be taken out twice. */
static size_t journal_size(uint32_t value_size, uint32_t max_entries)
{
	return sizeof(struct journal_head) + (2 * (size_t)max_entries + 3) * value_size;
}

static int journal_map(struct queue_journal *journal, size_t size)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, journal->fd, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	journal->head = mapped;
	journal->mapped = size;
	return 0;
}

static int journal_start(struct queue_journal *journal, struct handle *map,
			 const struct map_info *info)
{
	size_t size = journal_size(info->value_size, info->max_entries);
	int error;

	state_entry_name(JOURNAL_PREFIX, journal->name);
	journal->fd = openat(journal->directory, journal->name,
			     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (journal->fd < 0 || ftruncate(journal->fd, (off_t)size))
		return -errno;
	error = posix_fallocate(journal->fd, 0, (off_t)(size < JOURNAL_STEP ? size : JOURNAL_STEP));
	if (error)
		return -error;
	journal->claimed = size < JOURNAL_STEP ? size : JOURNAL_STEP;
	error = journal_map(journal, size);
	if (error)
		return error;
	journal->head->map_id = info->id;
	journal->head->type = info->type;
	journal->head->value_size = info->value_size;
	journal->head->max_entries = info->max_entries;
	memcpy(journal->head->map_name, info->name, sizeof(info->name));
	snprintf(journal->head->backend, sizeof(journal->head->backend), "%s",
		 map->backend->ops->name);
	state_boot(journal->head->boot);
	store_u32(&journal->head->phase, PHASE_TAKING);
	journal->head->magic = JOURNAL_MAGIC;
	return 0;
}

static int journal_new(const char *state, struct queue_journal **journal, struct fault *fault)
{
	int directory = state_open(state, fault);
	struct queue_journal *made = directory < 0 ? NULL : calloc(1, sizeof(*made));

	if (!made) {
		if (directory < 0)
			return directory;
		close(directory);
		return fault_set(fault, ENOMEM, "out of memory");
	}
	made->directory = directory;
	made->fd = -1;
	*journal = made;
	return 0;
}

/* 1: one more is in the journal; 0: the map is empty. */
static int take_one(struct handle *map, struct queue_journal *journal)
{
	struct journal_head *head = journal->head;
	uint32_t size = head->value_size;
	unsigned char *to;
	int error = journal_claim(journal, head->next + 1);

	if (error)
		return error;
	to = slot(journal, head->next);
	error = map_lookup(map, NULL, scratch(journal), 0);
	if (error)
		return error == -ENOENT ? 0 : error;
	for (uint32_t i = 0; i < size; i++)
		scratch(journal)[i] = (unsigned char)~scratch(journal)[i];
	memcpy(to, scratch(journal), size);
	store_u32(&head->armed, 1);
	error = map_lookup_and_delete(map, NULL, to, 0);
	if (!error)
		store_u32(&head->next, head->next + 1);
	store_u32(&head->armed, 0);
	return error ? (error == -ENOENT ? 0 : error) : 1;
}

static int take_all(struct handle *map, struct queue_journal *journal)
{
	int more;

	do
		more = take_one(map, journal);
	while (more > 0 && journal->head->next < 2 * journal->head->max_entries + 1);
	return more < 0 ? more : 0;
}

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
	struct journal_head *head = journal->head;
	bool stack = head->type == BPF_MAP_TYPE_STACK;
	int error = 0;

	while (!error && head->put < head->count) {
		error = push(map, slot(journal, stack ? head->count - 1 - head->put : head->put));
		if (!error)
			store_u32(&head->put, head->put + 1);
	}
	return error;
}

int queue_take(struct handle *map, const char *label, const char *state,
	       struct queue_journal **journal, struct fault *fault)
{
	struct queue_journal *made = NULL;
	struct map_info info;
	int error = map_info(map, &info);

	if (error)
		return fault_set(fault, -error, "%s: %s", label, strerror(-error));
	error = journal_new(state, &made, fault);
	if (error)
		return error;
	error = journal_start(made, map, &info);
	if (error) {
		journal_close(made, made->fd >= 0);
		return fault_set(fault, -error, "%s: the journal cannot be made: %s", label,
				 strerror(-error));
	}
	error = take_all(map, made);
	/* those in front go back in front only once the others are out as well */
	if (error)
		take_all(map, made);
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
	return slot(journal, 0);
}

uint32_t queue_count(const struct queue_journal *journal)
{
	return journal->head->count;
}

int queue_put_back(struct handle *map, struct queue_journal *journal, struct fault *fault)
{
	uint32_t count = journal->head->count, put;
	int error;

	store_u32(&journal->head->phase, PHASE_PUTTING);
	error = put_all(map, journal);
	put = journal->head->put;
	if (error)
		fault_set(fault, -error,
			  "%u of %u elements could not be put back (%s); the next run tries again, "
			  "until then they are in the journal %s",
			  count - put, count, strerror(-error), journal->name);
	journal_close(journal, !error);
	return error;
}

void queue_drop(struct queue_journal *journal)
{
	journal_close(journal, true);
}

/* --- after a kill --- */

static int journal_load(struct queue_journal *journal)
{
	struct stat st;
	int error;

	journal->fd = openat(journal->directory, journal->name,
			     O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (journal->fd < 0 || fstat(journal->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(struct journal_head))
		return -EINVAL;
	error = journal_map(journal, (size_t)st.st_size);
	if (error)
		return error;
	if (journal->head->magic != JOURNAL_MAGIC ||
	    journal->mapped !=
		    journal_size(journal->head->value_size, journal->head->max_entries) ||
	    journal->head->next > 2 * journal->head->max_entries + 1)
		return -EINVAL;
	journal->claimed = 0; /* claiming again what is there costs nothing */
	return 0;
}

/* Was the armed pop done? Then its value has replaced the complement. */
static void journal_disarm(struct queue_journal *journal)
{
	struct journal_head *head = journal->head;

	if (head->armed &&
	    memcmp(slot(journal, head->next), scratch(journal), head->value_size) != 0)
		store_u32(&head->next, head->next + 1);
	store_u32(&head->armed, 0);
}

/* Do `length` elements at slot `a` equal those at slot `b`? */
static bool slots_equal(const struct queue_journal *journal, uint32_t a, uint32_t b,
			uint32_t length)
{
	return !memcmp(slot(journal, a), slot(journal, b),
		       (size_t)length * journal->head->value_size);
}

/* How many of the elements behind slot `count` had been put back by us: `put`, or one more. */
static uint32_t journal_ours(const struct queue_journal *journal)
{
	const struct journal_head *head = journal->head;
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
	memcpy(slot(to, at), slot(from, first), (size_t)count * from->head->value_size);
}

/*
 * All was taken out again: slots count.. hold what had been put back and what programs pushed
 * since. Orders everything into slots 0.. of another journal.
 */
static int journal_merge(const struct queue_journal *from, struct queue_journal *to)
{
	const struct journal_head *head = from->head;
	uint32_t ours = journal_ours(from), newcomers = head->next - head->count - ours;
	int error = journal_claim(to, head->count + newcomers);

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
	store_u32(&to->head->phase, PHASE_PUTTING);
	return 0;
}

/* In one step: the merged journal takes the name of the old one, which is closed. */
static int journal_replace(struct handle *map, const struct map_info *info,
			   struct queue_journal **journal)
{
	struct queue_journal *old = *journal, *merged = calloc(1, sizeof(*merged));
	int error;

	if (!merged)
		return -ENOMEM;
	merged->fd = -1;
	merged->directory = fcntl(old->directory, F_DUPFD_CLOEXEC, 0);
	error = merged->directory < 0 ? -errno : journal_start(merged, map, info);
	if (!error)
		error = journal_merge(old, merged);
	if (!error && renameat(merged->directory, merged->name, old->directory, old->name))
		error = -errno;
	if (error) {
		journal_close(merged, merged->fd >= 0);
		return error;
	}
	strcpy(merged->name, old->name);
	journal_close(old, false);
	*journal = merged;
	return 0;
}

static int journal_replay(struct handle *map, const struct map_info *info,
			  struct queue_journal **journal)
{
	struct journal_head *head = (*journal)->head;
	int error;

	journal_disarm(*journal);
	if (head->phase == PHASE_PUTTING)
		store_u32(&head->phase, PHASE_RETAKING);
	error = take_all(map, *journal);
	if (error)
		return error;
	if (head->phase == PHASE_RETAKING)
		return journal_replace(map, info, journal);
	head->count = head->next;
	return 0;
}

/* 1: the journal's map; 0: it does not exist any more. */
static int journal_find_map(struct backend *backend, const struct journal_head *head,
			    struct handle **map, struct map_info *info)
{
	char boot[BOOT_TEXT_SIZE];
	int error;

	state_boot(boot);
	if (strncmp(boot, head->boot, sizeof(head->boot)) != 0)
		return 0;
	error = object_open(backend, OBJECT_MAP, head->map_id, 0, map);
	if (!error)
		error = map_info(*map, info);
	if (error)
		return error == -ENOENT ? 0 : error;
	return info->type == head->type && info->value_size == head->value_size &&
	       info->max_entries == head->max_entries;
}

struct recovery {
	struct backend *backend;
	json_t *notes;
	struct fault *fault;
};

static void recovery_note(const struct recovery *recovery, const char *name, const char *why)
{
	if (recovery->notes)
		json_array_append_new(recovery->notes,
				      json_pack("{s:s, s:s}", "what", name, "why", why));
}

static int journal_recover(struct recovery *recovery, struct queue_journal *journal)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	char what[48];
	struct map_info info;
	int found, error;

	snprintf(what, sizeof(what), "map %u (%.15s)", journal->head->map_id,
		 journal->head->map_name);
	found = journal_find_map(recovery->backend, journal->head, &map, &info);
	if (found <= 0) {
		if (!found)
			recovery_note(recovery, what, "is gone; its journal is removed");
		journal_close(journal, !found);
		return found;
	}
	error = journal_replay(map, &info, &journal);
	if (error) {
		journal_close(journal, false);
		return fault_set(recovery->fault, -error, "%s: cannot be put back: %s", what,
				 strerror(-error));
	}
	error = queue_put_back(map, journal, recovery->fault);
	if (!error)
		recovery_note(recovery, what, "a run that was killed had its elements: put back");
	return error;
}

static int recover_visit(void *context, int directory, const char *name)
{
	struct recovery *recovery = context;
	struct queue_journal *journal = calloc(1, sizeof(*journal));
	int error;

	if (!journal)
		return fault_set(recovery->fault, ENOMEM, "out of memory");
	journal->fd = -1;
	snprintf(journal->name, sizeof(journal->name), "%s", name);
	journal->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	error = journal_load(journal);
	if (error) { /* killed while it was made: nothing was taken yet */
		journal_close(journal, error == -EINVAL);
		return 0;
	}
	if (strncmp(journal->head->backend, recovery->backend->ops->name,
		    sizeof(journal->head->backend) - 1) != 0) {
		journal_close(journal, false);
		return 0;
	}
	return journal_recover(recovery, journal);
}

int queue_recover(struct backend *backend, int state, json_t *notes, struct fault *fault)
{
	struct recovery recovery = {backend, notes, fault};

	return state_visit_stale(state, JOURNAL_PREFIX, recover_visit, &recovery);
}
