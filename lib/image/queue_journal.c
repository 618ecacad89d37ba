// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/queue_journal.h"

#define JOURNAL_MAGIC 0x3271667562u
/* Room is claimed from the file system in such steps. */
#define JOURNAL_STEP (1u << 20)

void queue_journal_close(struct queue_journal *journal, bool remove)
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

static uint64_t slots_end(uint32_t value_size, uint64_t slots)
{
	return sizeof(struct queue_head) + queue_text_room(value_size) + (slots + 1) * value_size;
}

int queue_journal_claim(struct queue_journal *journal, uint32_t slots)
{
	uint64_t wanted = slots_end(journal->head->value_size, slots);
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
static uint64_t journal_size(uint32_t value_size, uint32_t max_entries)
{
	return slots_end(value_size, 2 * (uint64_t)max_entries + 2);
}

static int journal_map(struct queue_journal *journal, uint64_t size)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, journal->fd, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	journal->head = mapped;
	journal->mapped = size;
	return 0;
}

static int journal_create_file(struct queue_journal *journal, uint64_t size)
{
	off_t first = (off_t)(size < JOURNAL_STEP ? size : JOURNAL_STEP);
	int error;

	state_entry_name(QUEUE_PREFIX, journal->name);
	journal->fd = openat(journal->directory, journal->name,
			     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (journal->fd < 0 || ftruncate(journal->fd, (off_t)size))
		return -errno;
	error = posix_fallocate(journal->fd, 0, first);
	if (error)
		return -error;
	journal->claimed = (uint64_t)first;
	return journal_map(journal, size);
}

static int journal_start(struct queue_journal *journal, struct handle *map, const char *decision)
{
	struct queue_head *head;
	struct map_info info;
	int error = map_info(map, &info);

	if (!error)
		error = journal_create_file(journal,
					    journal_size(info.value_size, info.max_entries));
	if (error)
		return error;
	head = journal->head;
	head->map_id = info.id;
	head->type = info.type;
	head->value_size = info.value_size;
	head->max_entries = info.max_entries;
	memcpy(head->map_name, info.name, sizeof(info.name));
	state_world(map->backend, head->world);
	state_boot(head->boot);
	snprintf(head->decision, sizeof(head->decision), "%s", decision);
	queue_store(&head->phase, PHASE_TAKING);
	head->magic = JOURNAL_MAGIC;
	return 0;
}

/* Takes the directory's descriptor. */
static struct queue_journal *journal_alloc(int directory)
{
	struct queue_journal *made = calloc(1, sizeof(*made));

	if (!made) {
		close(directory);
		return NULL;
	}
	made->directory = directory;
	made->fd = -1;
	return made;
}

int queue_journal_new(const char *state, struct handle *map, const char *decision,
		      struct queue_journal **journal, struct fault *fault)
{
	int error, directory = state_open(state, fault);
	struct queue_journal *made;

	if (directory < 0)
		return directory;
	made = journal_alloc(directory);
	error = made ? journal_start(made, map, decision) : -ENOMEM;
	if (error) {
		queue_journal_close(made, made && made->fd >= 0);
		return fault_set(fault, -error, "the journal cannot be made: %s", strerror(-error));
	}
	*journal = made;
	return 0;
}

int queue_journal_new_beside(const struct queue_journal *other, struct handle *map,
			     struct queue_journal **journal)
{
	int directory = fcntl(other->directory, F_DUPFD_CLOEXEC, 0);
	struct queue_journal *made = directory < 0 ? NULL : journal_alloc(directory);
	int error = made ? journal_start(made, map, other->head->decision) : -ENOMEM;

	if (error) {
		queue_journal_close(made, made && made->fd >= 0);
		return error;
	}
	made->head->prepared = other->head->prepared;
	*journal = made;
	return 0;
}

static int journal_load_file(struct queue_journal *journal)
{
	const struct queue_head *head;
	struct stat st;
	int error;

	journal->fd = openat(journal->directory, journal->name,
			     O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (journal->fd < 0 || fstat(journal->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(struct queue_head))
		return -EINVAL;
	error = journal_map(journal, (uint64_t)st.st_size);
	if (error)
		return error;
	head = journal->head;
	if (head->magic != JOURNAL_MAGIC ||
	    journal->mapped != journal_size(head->value_size, head->max_entries) ||
	    head->next > 2 * (uint64_t)head->max_entries + 1 || head->count > head->next ||
	    head->put > head->count)
		return -EINVAL;
	return 0;
}

int queue_journal_load(int directory, const char *name, struct queue_journal **journal)
{
	int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0), error;
	struct queue_journal *made = copy < 0 ? NULL : journal_alloc(copy);

	if (!made)
		return -ENOMEM;
	snprintf(made->name, sizeof(made->name), "%s", name);
	error = journal_load_file(made);
	if (error)
		queue_journal_close(made, error == -EINVAL);
	else
		*journal = made;
	return error;
}
