// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "image/contents.h"
#include "image/drain.h"
#include "image/drain_journal.h"
#include "image/report.h"

/* Elements of a batch, and the bytes they may have together where one alone has not more. */
#define BATCH_COUNT 4096u
#define BATCH_BYTES (1u << 20)
/* A bucket that is larger than a batch may be. */
#define BATCH_MAX (1u << 24)

struct drain_journal {
	struct drain_file file;
	struct handle *map;
	struct map_info info;
	uint64_t flags; /* BPF_F_LOCK where the value has a lock */
	uint32_t room;
	uint64_t taken;
	/* by batch */
	unsigned char *in, *out;
	bool started, ended;
	/* by key: those that are taken next */
	bool by_key;
	struct walk *walk;
	struct buffer keys;
	size_t next;
};

static const struct {
	uint32_t type;
	int error;
	const char *why;
} obstacles[] = {
	{BPF_MAP_TYPE_ARRAY, EINVAL, "elements of an array cannot be deleted"},
	{BPF_MAP_TYPE_PERCPU_ARRAY, EINVAL, "elements of an array cannot be deleted"},
	{BPF_MAP_TYPE_CGROUP_STORAGE, EINVAL, "its elements go with programs and cgroups"},
	{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, EINVAL, "its elements go with programs and cgroups"},
	{BPF_MAP_TYPE_STACK_TRACE, EINVAL, "only programs could put stack traces back"},
	{BPF_MAP_TYPE_STRUCT_OPS, ENOTSUPP, "its element is what programs are registered as"},
};

const char *drain_obstacle(const struct map_info *info, bool frozen, int *error)
{
	*error = -EPERM;
	if (frozen)
		return "it is frozen";
	for (size_t i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++) {
		if (obstacles[i].type != info->type)
			continue;
		*error = -obstacles[i].error;
		return obstacles[i].why;
	}
	*error = -ENOTSUPP;
	if (map_type_get(info->type)->value != VALUE_PLAIN)
		return "what its elements refer to may be gone with them; the kernel has no "
		       "lookup-and-delete for them";
	return contents_unreadable(info);
}

/* --- taking --- */

static void journal_free(struct drain_journal *journal, bool remove)
{
	drain_file_close(&journal->file, remove);
	walk_close(journal->walk);
	handle_close(journal->map);
	buffer_free(&journal->keys);
	free(journal->in);
	free(journal->out);
	free(journal);
}

static bool has_batch(const struct map_info *info)
{
	return !info->ifindex && (map_type_get(info->type)->batch & BATCH_LOOKUP_AND_DELETE);
}

static int journal_prepare(struct drain_journal *journal, struct handle *map,
			   const struct decision *decision, const char *state, struct fault *fault)
{
	struct drain_head head = {0};
	size_t token, element;
	int error = map_info(map, &journal->info);

	/* it must outlive the caller's handle: what was taken may have to go back */
	if (!error)
		error = object_open(map->backend, OBJECT_MAP, journal->info.id, 0, &journal->map);
	if (error)
		return fault_set(fault, -error, "%s", strerror(-error));
	head.map_id = journal->info.id;
	head.type = journal->info.type;
	head.key_size = journal->info.key_size;
	head.max_entries = journal->info.max_entries;
	head.value_bytes =
		map_value_bytes(head.type, journal->info.value_size, map->backend->possible_cpus);
	memcpy(head.map_name, journal->info.name, sizeof(head.map_name));
	snprintf(head.decision, sizeof(head.decision), "%s", decision_name(decision));
	element = head.key_size + head.value_bytes;
	journal->room = (uint32_t)(BATCH_BYTES / element);
	journal->room = journal->room > BATCH_COUNT ? BATCH_COUNT
			: journal->room < 8	    ? 8
						    : journal->room;
	token = head.key_size > sizeof(uint32_t) ? head.key_size : sizeof(uint32_t);
	journal->in = calloc(1, token);
	journal->out = calloc(1, token);
	if (!journal->in || !journal->out)
		return fault_set(fault, ENOMEM, "out of memory");
	return drain_file_create(state, &head, &journal->file, fault);
}

int drain_open(struct handle *map, bool locked, const char *state, const struct decision *decision,
	       struct drain_journal **journal, struct fault *fault)
{
	struct drain_journal *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->file = (struct drain_file){.directory = -1, .fd = -1};
	made->flags = locked ? BPF_F_LOCK : 0;
	error = journal_prepare(made, map, decision, state, fault);
	if (error) {
		journal_free(made, made->file.fd >= 0);
		return error;
	}
	made->by_key = !has_batch(&made->info);
	*journal = made;
	return 0;
}

/*
 * What is put in while we take out could go on for ever, and be more than the map can be refilled
 * with: beyond max_entries it stays.
 */
static uint32_t room_left(const struct drain_journal *journal)
{
	uint64_t left = journal->info.max_entries - journal->taken;

	return left < journal->room ? (uint32_t)left : journal->room;
}

static int chunk_give(struct drain_journal *journal, struct walk_chunk *chunk)
{
	const struct drain_file *file = &journal->file;

	journal->taken += file->batch->count;

	*chunk = (struct walk_chunk){
		.count = file->batch->count,
		.key_size = file->head.key_size,
		.value_size = file->head.value_bytes,
		.keys = drain_keys(file),
		.values = drain_values(file),
	};
	return 1;
}

static int batch_take(struct drain_journal *journal, uint32_t *count)
{
	struct drain_file *file = &journal->file;
	int error = drain_batch_arm(file);

	*count = file->batch->room;
	if (error)
		return error;
	error = map_lookup_and_delete_batch(journal->map, journal->started ? journal->in : NULL,
					    journal->out, drain_keys(file), drain_values(file),
					    count, journal->flags);
	/* where the command is not known nobody has set the count */
	if (error && error != -ENOENT)
		*count = 0;
	__atomic_store_n(&file->batch->count, *count, __ATOMIC_SEQ_CST);
	return error;
}

/* 1: a batch; 0: the end; -ENOTSUPP: the map has no such batches after all. */
static int batches_next(struct drain_journal *journal, struct walk_chunk *chunk)
{
	bool again = false;

	while (!journal->ended && room_left(journal)) {
		unsigned char *out = journal->out;
		uint32_t count, room = room_left(journal);
		int error = drain_batch_add(&journal->file, room, again);

		if (!error)
			error = batch_take(journal, &count);
		again = true;
		if (error == -ENOSPC && journal->file.batch && room < journal->room)
			return 0;
		if (error == -ENOSPC && journal->file.batch && journal->room < BATCH_MAX) {
			journal->room *= 2; /* one bucket holds more than fits */
			continue;
		}
		if (error && error != -ENOENT)
			return error;
		journal->ended = error == -ENOENT;
		journal->out = journal->in;
		journal->in = out;
		journal->started = true;
		if (count)
			return chunk_give(journal, chunk);
	}
	return 0;
}

/* --- by key --- */

/*
 * Of most maps all keys first: taking elements out would move the order. An LPM trie has one that
 * does not move, and a walk there gives no key twice, even if it comes back meanwhile. 1: there are
 * keys; 0: there are no more.
 */
static int keys_more(struct drain_journal *journal)
{
	bool by_chunk = journal->info.type == BPF_MAP_TYPE_LPM_TRIE && !journal->info.ifindex;
	struct walk_chunk chunk;
	int more = journal->walk ? 0 : walk_open(journal->map, 0, &journal->walk);

	if (more)
		return more;
	journal->keys.length = journal->next = 0;
	do {
		more = walk_next(journal->walk, &chunk);
		if (more > 0)
			buffer_append(&journal->keys, chunk.keys, chunk.count * chunk.key_size);
	} while (more > 0 && !by_chunk);
	if (more >= 0)
		more = buffer_error(&journal->keys);
	return more ? more : journal->keys.length > 0;
}

/* Into the journal before it is deleted. 1; 0: somebody else was first. */
static int key_take(struct drain_journal *journal, const void *key)
{
	struct drain_file *file = &journal->file;
	uint32_t at = file->batch->count;
	int error = map_lookup(journal->map, key, drain_values(file) + at * file->head.value_bytes,
			       journal->flags);

	if (error)
		return error == -ENOENT ? 0 : error;
	memcpy(drain_keys(file) + (size_t)at * file->head.key_size, key, file->head.key_size);
	__atomic_store_n(&file->batch->count, at + 1, __ATOMIC_SEQ_CST);
	error = map_delete(journal->map, key);
	if (error)
		__atomic_store_n(&file->batch->count, at, __ATOMIC_SEQ_CST);
	return error ? (error == -ENOENT ? 0 : error) : 1;
}

static int keys_next(struct drain_journal *journal, struct walk_chunk *chunk)
{
	size_t key_size = journal->info.key_size;
	uint32_t room = room_left(journal);
	int more = room ? drain_batch_add(&journal->file, room, false) ?: 1 : 0;

	while (more > 0 && journal->file.batch->count < room) {
		if (journal->next == journal->keys.length) {
			more = keys_more(journal);
			continue;
		}
		more = key_take(journal, journal->keys.data + journal->next);
		journal->next += more < 0 ? 0 : key_size;
		more = more < 0 ? more : 1;
	}
	if (more < 0 || !room)
		return more;
	return journal->file.batch->count ? chunk_give(journal, chunk) : 0;
}

int drain_next(struct drain_journal *journal, struct walk_chunk *chunk)
{
	int error = 0;

	if (!journal->by_key) {
		error = batches_next(journal, chunk);
		if ((error != -ENOTSUPP && error != -EOPNOTSUPP) || journal->started)
			return error;
		journal->by_key = true;
	}
	return keys_next(journal, chunk);
}

/* --- back --- */

static int batch_put(const struct drain_file *file, struct handle *map)
{
	int error = 0;

	for (uint32_t i = 0; !error && i < file->batch->count; i++) {
		error = map_update(map, drain_keys(file) + (size_t)i * file->head.key_size,
				   drain_values(file) + i * file->head.value_bytes, BPF_NOEXIST);
		if (error == -EEXIST) /* back already, or put in anew meanwhile */
			error = 0;
	}
	return error;
}

static int file_put(struct drain_file *file, struct handle *map)
{
	int more, error = 0;

	drain_batch_rewind(file);
	while (!error && (more = drain_batch_next(file)) != 0)
		error = more < 0 ? more : batch_put(file, map);
	return error;
}

static int put_fault(const struct drain_file *file, int error, struct fault *fault)
{
	return fault_set(fault, -error,
			 "map %" PRIu32 " (%.15s): elements could not be put back (%s); the next "
			 "run tries again, until then they are in the journal %s",
			 file->head.map_id, file->head.map_name, strerror(-error), file->name);
}

int drain_put_back(struct drain_journal *journal, struct fault *fault)
{
	int error = file_put(&journal->file, journal->map);

	if (error)
		put_fault(&journal->file, error, fault);
	journal_free(journal, !error);
	return error;
}

void drain_drop(struct drain_journal *journal)
{
	journal_free(journal, true);
}

/* --- after a kill --- */

struct recovery {
	struct backend *backend;
	json_t *notes;
	struct fault *fault;
};

static bool is_the_map(struct handle *map, const struct drain_head *head)
{
	struct map_info info;

	return !map_info(map, &info) && info.type == head->type &&
	       info.key_size == head->key_size && info.max_entries == head->max_entries &&
	       map_value_bytes(info.type, info.value_size, map->backend->possible_cpus) ==
		       head->value_bytes;
}

static int file_recover(struct recovery *recovery, struct drain_file *file)
{
	cleanup_with(handle_closep) struct handle *map = NULL;
	char what[48];
	int error = object_open(recovery->backend, OBJECT_MAP, file->head.map_id, 0, &map);

	if (error && error != -ENOENT)
		return put_fault(file, error, recovery->fault);
	if (error || !is_the_map(map, &file->head))
		return 0; /* the map is gone, and with it where they belong */
	error = file_put(file, map);
	if (error)
		return put_fault(file, error, recovery->fault);
	snprintf(what, sizeof(what), "map %" PRIu32 " (%.15s)", file->head.map_id,
		 file->head.map_name);
	notes_add(recovery->notes, what, "a run that was killed had its elements: put back");
	return 0;
}

static int recover_visit(void *context, int directory, const char *name)
{
	struct recovery *recovery = context;
	struct drain_file file;
	int state, error = drain_file_load(directory, name, &file);

	if (error == -EINVAL) /* killed while it was made: nothing was taken yet */
		return 0;
	if (error)
		return fault_set(recovery->fault, -error, "the journal %s cannot be read: %s", name,
				 strerror(-error));
	state = decision_find(recovery->backend, directory, file.head.decision, recovery->fault);
	if (state < 0)
		error = state;
	else if (state == DECISION_OPEN)
		error = file_recover(recovery, &file);
	drain_file_close(&file, !error && state != DECISION_FOREIGN);
	return error;
}

int drain_recover(struct backend *backend, int state, json_t *notes, struct fault *fault)
{
	struct recovery recovery = {backend, notes, fault};

	return state_visit_stale(state, DRAIN_PREFIX, recover_visit, &recovery);
}
