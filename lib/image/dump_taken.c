// SPDX-License-Identifier: BSD-2-Clause
/* Elements that are taken out of their maps: for the time of the dump (queues), or for good. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/drain.h"
#include "image/dumper.h"
#include "image/queue.h"
#include "image/report.h"

/* A map that was drained: what was in it is in one of the two journals. */
struct taken {
	struct handle *map;
	struct queue_journal *queue;
	struct drain_journal *drain;
	struct taken *next;
};

static struct taken *taken_add(struct dumper *dumper)
{
	struct taken *taken = calloc(1, sizeof(*taken));

	if (!taken)
		return NULL;
	taken->next = dumper->taken;
	dumper->taken = taken;
	return taken;
}

static int taken_settle(struct taken *taken, bool complete, struct fault *fault)
{
	int error = 0;

	if (complete && taken->queue)
		queue_drop(taken->queue);
	else if (complete && taken->drain)
		drain_drop(taken->drain);
	else if (taken->queue)
		error = queue_put_back(taken->map, taken->queue, fault);
	else if (taken->drain)
		error = drain_put_back(taken->drain, fault);
	handle_close(taken->map);
	free(taken);
	return error;
}

int dump_settle(struct dumper *dumper, bool complete, struct fault *fault)
{
	struct taken *taken;
	int error = 0;

	while ((taken = dumper->taken)) {
		int settled;

		dumper->taken = taken->next;
		settled = taken_settle(taken, complete, fault);
		error = error ? error : settled;
	}
	return error;
}

/* --- queues and stacks --- */

/* Back at once, or kept until the dump has come to its end. */
static int queue_settle(struct dumper *dumper, const struct image_map *map,
			struct queue_journal *journal, struct handle *handle, bool failed,
			struct fault *fault)
{
	struct taken *taken = NULL;

	if (!failed && dumper->decision)
		taken = taken_add(dumper);
	if (!taken)
		return queue_put_back(handle, journal, failed ? NULL : fault);
	taken->queue = journal;
	return object_open(handle->backend, OBJECT_MAP, map->info.id, 0, &taken->map);
}

static int queue_write(struct dumper *dumper, struct image_map *map,
		       const struct queue_journal *journal, struct fault *fault)
{
	int error = writer_map_begin(dumper->writer, map, fault);

	if (!error && queue_count(journal))
		error = writer_map_add(dumper->writer, NULL, queue_values(journal),
				       queue_count(journal), false, fault);
	if (!error)
		error = writer_map_end(dumper->writer, map, fault);
	digest_add(&map->digest, NULL, 0, queue_values(journal), map->value_bytes,
		   queue_count(journal), 0);
	map->has_digest = true;
	return error;
}

static int dump_queue_elements(struct dumper *dumper, struct handle *handle, struct image_map *map,
			       const char *label, struct fault *fault)
{
	struct queue_journal *journal;
	int settled, error = queue_take(handle, label, dumper->options->state, dumper->decision,
					&journal, fault);

	if (error)
		return error;
	error = queue_write(dumper, map, journal, fault);
	settled = queue_settle(dumper, map, journal, handle, error, fault);
	if (dumper->decision)
		map->promise = PROMISE_EXACT;
	return error ? error : settled;
}

/* An empty one needs no journal to be read. */
static int dump_empty(struct dumper *dumper, struct image_map *map, struct fault *fault)
{
	int error = writer_map_begin(dumper->writer, map, fault);

	map->has_digest = true;
	return error ? error : writer_map_end(dumper->writer, map, fault);
}

static bool queue_is_empty(struct handle *handle, const struct image_map *map)
{
	cleanup_free void *value = malloc(map->value_bytes + 1);

	return value && map_lookup(handle, NULL, value, 0) == -ENOENT;
}

int dump_queue(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
	       struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];

	if (queue_is_empty(handle, map))
		return dump_empty(dumper, map, fault);
	if (dumper->options->queues || dumper->decision)
		return dump_queue_elements(dumper, handle, map, label, fault);
	map->contents = false;
	return image_omit(
		dumper->collector.image, label,
		"its elements can be read only by taking them out: say --queues for that");
}

/* --- keyed maps, with --drain --- */

static int drain_write(struct dumper *dumper, struct image_map *map, struct drain_journal *journal,
		       const char *label, struct fault *fault)
{
	struct walk_chunk chunk;
	uint64_t elements = 0;
	int more = 0, error = writer_map_begin(dumper->writer, map, fault);

	while (!error && (more = drain_next(journal, &chunk)) > 0)
		error = dump_chunk(dumper, map, label, &chunk, &map->digest, &elements, true,
				   fault);
	if (!error && more < 0)
		error = dump_fault(fault, more, label, "its elements cannot be taken out");
	if (!error)
		error = writer_map_end(dumper->writer, map, fault);
	map->has_digest = true;
	/* what was taken out is what there was, each element once */
	map->promise = PROMISE_EXACT;
	return error;
}

int dump_drained(struct dumper *dumper, struct handle *handle, size_t index, const char *label,
		 bool locked, struct fault *fault)
{
	struct image_map *map = &dumper->collector.image->maps[index];
	struct drain_journal *journal;
	struct taken *taken;
	int error;
	const char *why = drain_obstacle(&map->info, map->state.frozen, &error);

	if (why) {
		report_omit(dumper->collector.report, label, why);
		report_note(dumper->collector.report, label,
			    "stays as it is; its elements were copied");
		return 0;
	}
	error = drain_open(handle, locked, dumper->options->state, dumper->decision, &journal,
			   fault);
	if (error) {
		fault_prefix(fault, "%s", label);
		return error;
	}
	taken = taken_add(dumper);
	if (!taken) {
		drain_drop(journal); /* nothing is in it yet */
		return fault_set(fault, ENOMEM, "out of memory");
	}
	taken->drain = journal;
	error = drain_write(dumper, map, journal, label, fault);
	return error ? error : 1;
}

int dump_drain_check(struct backend *backend, const struct snapshot_source *sources, size_t count,
		     struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_with(handle_closep) struct handle *handle = NULL;
		const char *why;
		struct map_state state;
		struct map_info info;
		int error;

		if (pin_open(backend, sources[i].path, 0, &handle) || handle->kind != OBJECT_MAP ||
		    map_info(handle, &info) || map_state(handle, &state) ||
		    map_type_get(info.type)->access == MAP_QUEUE)
			continue;
		why = drain_obstacle(&info, state.frozen, &error);
		if (why)
			return fault_set(fault, -error, "%s: cannot be drained: %s: %s",
					 sources[i].path, why,
					 strerror(error == -ENOTSUPP ? EOPNOTSUPP : -error));
	}
	return 0;
}
