// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/drain_journal.h"
#include "image/message.h"

#define JOURNAL_MAGIC 0x316e72647562u
/* Batches begin at such offsets, which mmap(2) takes on every machine. */
#define BATCH_ALIGN (64u << 10)

static uint64_t aligned(uint64_t offset)
{
	return (offset + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

static uint64_t batch_bytes(const struct drain_file *file, uint32_t room)
{
	return sizeof(struct drain_batch) +
	       room * ((uint64_t)file->head.key_size + file->head.value_bytes);
}

static void batch_unmap(struct drain_file *file)
{
	if (file->batch)
		munmap(file->batch, file->mapped);
	file->batch = NULL;
}

void drain_batch_rewind(struct drain_file *file)
{
	batch_unmap(file);
}

static int batch_map(struct drain_file *file, uint64_t at, uint32_t room)
{
	void *mapped;

	batch_unmap(file);
	mapped = mmap(NULL, batch_bytes(file, room), PROT_READ | PROT_WRITE, MAP_SHARED, file->fd,
		      (off_t)at);
	if (mapped == MAP_FAILED)
		return -errno;
	file->batch = mapped;
	file->mapped = batch_bytes(file, room);
	file->at = at;
	return 0;
}

int drain_file_create(const char *state, const struct drain_head *head, struct drain_file *file,
		      struct fault *fault)
{
	int error = 0;

	*file = (struct drain_file){.fd = -1, .head = *head};
	file->head.magic = JOURNAL_MAGIC;
	file->directory = state_open(state, fault);
	if (file->directory < 0)
		return file->directory;
	state_entry_name(DRAIN_PREFIX, file->name);
	file->fd = openat(file->directory, file->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		error = -errno;
	else
		error = message_write_at(file->fd, &file->head, sizeof(file->head), 0);
	file->size = sizeof(file->head);
	if (!error)
		return 0;
	drain_file_close(file, file->fd >= 0);
	return fault_set(fault, -error, "the journal cannot be made: %s", strerror(-error));
}

int drain_file_load(int directory, const char *name, struct drain_file *file)
{
	struct stat st;
	int error;

	*file = (struct drain_file){.fd = -1};
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	if (file->directory < 0)
		return -errno;
	file->fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	error = file->fd < 0 || fstat(file->fd, &st) ? -errno : 0;
	if (!error)
		error = message_read_at(file->fd, name, &file->head, sizeof(file->head), 0, NULL);
	if (!error && (!S_ISREG(st.st_mode) || file->head.magic != JOURNAL_MAGIC))
		error = -EINVAL;
	if (!error)
		file->size = (uint64_t)st.st_size;
	else
		drain_file_close(file, error == -EINVAL);
	return error;
}

void drain_file_close(struct drain_file *file, bool remove)
{
	batch_unmap(file);
	if (remove)
		unlinkat(file->directory, file->name, 0);
	if (file->fd >= 0)
		close(file->fd);
	if (file->directory >= 0)
		close(file->directory);
	file->fd = file->directory = -1;
}

int drain_batch_add(struct drain_file *file, uint32_t room, bool again)
{
	uint64_t at = aligned(sizeof(file->head)), bytes = batch_bytes(file, room);
	int error;

	if (file->batch && again)
		at = file->at;
	else if (file->batch)
		at = aligned(file->at + batch_bytes(file, file->batch->room));
	/* a full disk is an error in time */
	error = posix_fallocate(file->fd, (off_t)at, (off_t)bytes);
	if (error)
		return -error;
	if (at + bytes > file->size)
		file->size = at + bytes;
	error = batch_map(file, at, room);
	if (error)
		return error;
	file->batch->count = 0;
	file->batch->room = room;
	return 0;
}

static void count_store(struct drain_file *file, uint32_t count)
{
	__atomic_store_n(&file->batch->count, count, __ATOMIC_SEQ_CST);
}

int drain_batch_arm(struct drain_file *file)
{
	struct drain_batch *batch = file->batch;
	unsigned char *to = drain_keys(file);
	size_t left = file->mapped - sizeof(*batch);

	if (getrandom(batch->pattern, DRAIN_PATTERN, 0) != DRAIN_PATTERN)
		return -EIO;
	for (; left; to += DRAIN_PATTERN) {
		size_t step = left < DRAIN_PATTERN ? left : DRAIN_PATTERN;

		memcpy(to, batch->pattern, step);
		left -= step;
	}
	count_store(file, DRAIN_ARMED);
	return 0;
}

/* Are these still the bytes that were there before the kernel wrote? */
static bool is_untouched(const struct drain_file *file, const unsigned char *bytes, size_t length)
{
	size_t at = (size_t)(bytes - drain_keys(file));

	for (size_t i = 0; i < length; i++)
		if (bytes[i] != file->batch->pattern[(at + i) % DRAIN_PATTERN])
			return false;
	return true;
}

static void count_settle(struct drain_file *file)
{
	size_t key_size = file->head.key_size, value_bytes = file->head.value_bytes;
	uint32_t count = file->batch->room;

	while (count && is_untouched(file, drain_keys(file) + (count - 1) * key_size, key_size) &&
	       is_untouched(file, drain_values(file) + (count - 1) * value_bytes, value_bytes))
		count--;
	count_store(file, count);
}

int drain_batch_next(struct drain_file *file)
{
	uint64_t at = aligned(sizeof(file->head));
	struct drain_batch batch;
	int error;

	if (file->batch)
		at = aligned(file->at + batch_bytes(file, file->batch->room));
	if (at + sizeof(batch) > file->size)
		return 0;
	error = message_read_at(file->fd, file->name, &batch, sizeof(batch), at, NULL);
	if (error)
		return error;
	/* a batch that was being added: nothing is in it yet */
	if (!batch.room || at + batch_bytes(file, batch.room) > file->size)
		return 0;
	error = batch_map(file, at, batch.room);
	if (error)
		return error;
	if (file->batch->count == DRAIN_ARMED)
		count_settle(file);
	return file->batch->count <= batch.room ? 1 : -EINVAL;
}
