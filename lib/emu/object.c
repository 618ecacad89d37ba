// SPDX-License-Identifier: BSD-2-Clause
#include "emu/object.h"
#include "emu/state.h"

void object_init(struct emu_object *object, struct emu *emu, enum object_kind kind,
		 const struct emu_object_ops *ops)
{
	object->ops = ops;
	object->emu = emu;
	object->kind = kind;
	object->next_dying = NULL;
	atomic_init(&object->id, 0);
	atomic_init(&object->references, 1);
	atomic_init(&object->users, 0);
}

int object_publish(struct emu_object *object)
{
	return id_table_add(&object->emu->ids[object->kind], object);
}

void object_unpublish(struct emu_object *object)
{
	id_table_remove(&object->emu->ids[object->kind], object);
}

struct emu_object *object_get(struct emu_object *object)
{
	atomic_fetch_add(&object->references, 1);
	return object;
}

bool object_get_unless_dead(struct emu_object *object)
{
	unsigned references = atomic_load(&object->references);

	while (references)
		if (atomic_compare_exchange_weak(&object->references, &references, references + 1))
			return true;
	return false;
}

/* Frees the object and all that its end brings down, one after the other. */
static void bury(struct emu_object *object)
{
	static __thread struct emu_object *dying;
	static __thread bool busy;

	object->next_dying = dying;
	dying = object;
	if (busy)
		return;
	busy = true;
	while (dying) {
		object = dying;
		dying = object->next_dying;
		object->ops->free(object);
	}
	busy = false;
}

void object_put(struct emu_object *object)
{
	if (!object || atomic_fetch_sub(&object->references, 1) != 1)
		return;
	object_unpublish(object);
	bury(object);
}

struct emu_object *object_get_user(struct emu_object *object)
{
	atomic_fetch_add(&object->users, 1);
	return object_get(object);
}

void object_put_user(struct emu_object *object)
{
	if (!object)
		return;
	if (atomic_fetch_sub(&object->users, 1) == 1 && object->ops->last_user_gone)
		object->ops->last_user_gone(object);
	object_put(object);
}
