// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "side_parts.h"

#define DEVICE_NAME "bpfuzz0"

static const struct caller root = {0};

/* --- handles, pins, devices --- */

static void step_info(struct side *side, const struct step *step, struct handle *map,
		      struct buffer *answer)
{
	struct map_info info;
	struct map_state state;
	int error = map_info(map, &info);

	answer_error(answer, error);
	if (error || map_state(map, &state))
		return;
	buffer_append_format(answer, " %u/%u/%u flags=%#x extra=%llu ifindex=%u btf=%d name=%s",
			     info.key_size, info.value_size, info.max_entries, info.map_flags,
			     (unsigned long long)info.map_extra, info.ifindex, info.btf_id != 0,
			     info.name);
	buffer_append_format(answer, " frozen=%d owned=%d:%u memlock=%llu", state.frozen,
			     state.owned, state.owned ? state.owner_prog_type : 0,
			     (unsigned long long)state.memlock);
}

static void slot_set(struct side *side, unsigned slot, struct handle *handle)
{
	handle_close(side->handles[slot]);
	side->handles[slot] = handle;
}

/* Slot 0 stays open, so that the map does. */
static void step_open(struct side *side, const struct step *step, struct handle *map,
		      struct buffer *answer)
{
	struct handle *handle = NULL;
	char name[8];
	int error;

	snprintf(name, sizeof(name), "pin%u", step->key % PINS);
	if (step->kind == STEP_OPEN)
		error = object_open(side->world->backend, OBJECT_MAP, side->info.id,
				    (uint32_t)step->flags, &handle);
	else
		error = pin_open(side->world->backend, name, (uint32_t)step->flags, &handle);
	answer_error(answer, error);
	if (!error && step->slot)
		slot_set(side, step->slot, handle);
	else
		handle_close(handle);
}

static void step_pin(struct side *side, const struct step *step, struct handle *map,
		     struct buffer *answer)
{
	char name[8];

	snprintf(name, sizeof(name), "pin%u", step->key % PINS);
	answer_error(answer, step->kind == STEP_PIN
				     ? pin(map, &root, name)
				     : tree_unlink(side->world->backend, &root, name));
}

static void step_device(struct side *side, const struct step *step, struct handle *map,
			struct buffer *answer)
{
	struct world *world = side->world;
	int error;

	if (side->plan->subject->value != THING_DEVICE)
		return;
	error = side->has_device ? world->device_remove(world, DEVICE_NAME)
				 : world->device_add(world, DEVICE_NAME, &side->ifindex);
	side->has_device = !side->has_device;
	answer_error(answer, error);
}

static void step_close(struct side *side, const struct step *step, struct handle *map,
		       struct buffer *answer)
{
	if (step->slot)
		slot_set(side, step->slot, NULL);
}

static void step_freeze(struct side *side, const struct step *step, struct handle *map,
			struct buffer *answer)
{
	answer_error(answer, map_freeze(map));
}

void side_step(struct side *side, const struct step *step, struct buffer *answer)
{
	static side_step_fn *const steps[STEP_KINDS] = {
		[STEP_LOOKUP] = step_lookup,
		[STEP_UPDATE] = step_update,
		[STEP_DELETE] = step_delete,
		[STEP_NEXT] = step_next,
		[STEP_TAKE] = step_lookup,
		[STEP_LOOKUP_BATCH] = step_lookup_batch,
		[STEP_TAKE_BATCH] = step_lookup_batch,
		[STEP_UPDATE_BATCH] = step_change_batch,
		[STEP_DELETE_BATCH] = step_change_batch,
		[STEP_WALK] = step_walk,
		[STEP_WALK_DELETE] = step_walk,
		[STEP_BATCH_WALK] = step_batch_walk,
		[STEP_FREEZE] = step_freeze,
		[STEP_OPEN] = step_open,
		[STEP_CLOSE] = step_close,
		[STEP_INFO] = step_info,
		[STEP_PIN] = step_pin,
		[STEP_UNPIN] = step_pin,
		[STEP_PIN_OPEN] = step_open,
		[STEP_DEVICE] = step_device,
	};
	struct handle *map = side->handles[step->slot];

	steps[step->kind](side, step, map ? map : side->handles[0], answer);
}

/* --- beginning and end --- */

static int map_make(struct side *side)
{
	const struct plan *plan = side->plan;
	struct map_spec spec;
	int error = subject_spec(plan->subject, side->world, &spec);

	if (error)
		return error;
	spec.key_size = plan->key_size;
	spec.value_size = plan->value_size;
	spec.max_entries = plan->max_entries;
	spec.map_flags = plan->flags;
	spec.map_extra = plan->map_extra;
	return map_create(side->world->backend, &spec, &side->handles[0]);
}

int side_open(struct side *side, struct world *world, const struct plan *plan)
{
	int error;

	*side = (struct side){.world = world, .plan = plan, .ifindex = 99998};
	error = pool_fill(side);
	if (!error)
		error = map_make(side);
	if (!error)
		error = map_info(side->handles[0], &side->info);
	if (!error)
		side->value_bytes = map_value_bytes(side->info.type, side->info.value_size,
						    world->backend->possible_cpus);
	return error;
}

bool side_takes_steps(const struct side *side)
{
	return side->info.key_size <= KEY_BYTES_MAX && side->value_bytes <= VALUE_BYTES_MAX;
}

void side_close(struct side *side)
{
	char name[8];

	for (unsigned i = 0; i < PINS; i++) {
		snprintf(name, sizeof(name), "pin%u", i);
		tree_unlink(side->world->backend, &root, name);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		slot_set(side, i, NULL);
	side->world->tidy(side->world);
}
