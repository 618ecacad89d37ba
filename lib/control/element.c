// SPDX-License-Identifier: BSD-2-Clause
/* The elements of control maps, from what a type reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "control/control_type.h"

/*
 * A type's elements, read now, in the order of their keys' bytes. That order is also iteration's:
 * what follows a key is known even when the key itself has gone.
 */
struct elements {
	const struct control_type *type;
	struct buffer bytes;
	size_t stride, count;
};

static int compare(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(const uint32_t *)key_size);
}

static int elements_read(struct handle *map, struct elements *elements)
{
	const struct control_type *type = control_type_of(map);
	uint32_t key_size = type->key_size;
	int error;

	*elements = (struct elements){.type = type, .bytes = BUFFER_INIT};
	elements->stride = (size_t)type->key_size + type->value_size;
	error = type->read_all(control_parent(map), &elements->bytes);
	if (!error)
		error = buffer_error(&elements->bytes);
	if (error) {
		buffer_free(&elements->bytes);
		return error;
	}
	elements->count = elements->bytes.length / elements->stride;
	if (elements->count)
		qsort_r(elements->bytes.data, elements->count, elements->stride, compare,
			&key_size);
	return 0;
}

static const char *key_at(const struct elements *elements, size_t index)
{
	return elements->bytes.data + index * elements->stride;
}

static const char *value_at(const struct elements *elements, size_t index)
{
	return key_at(elements, index) + elements->type->key_size;
}

/* The first element whose key is greater than `key`, or not smaller; NULL: the first of all. */
static size_t bound(const struct elements *elements, const void *key, bool greater)
{
	size_t low = 0, high = key ? elements->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(key_at(elements, middle), key, elements->type->key_size);

		if (order < 0 || (greater && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool find(const struct elements *elements, const void *key, size_t *index)
{
	*index = bound(elements, key, false);
	return *index < elements->count &&
	       !memcmp(key_at(elements, *index), key, elements->type->key_size);
}

int control_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags)
{
	const struct control_type *type = control_type_of(map);
	struct elements elements;
	size_t index;
	int error;

	if (flags)
		return -EINVAL;
	if (type->lookup)
		return type->lookup(control_parent(map), key, value);
	error = elements_read(map, &elements);
	if (error)
		return error;
	if (find(&elements, key, &index))
		memcpy(value, value_at(&elements, index), type->value_size);
	else
		error = -ENOENT;
	buffer_free(&elements.bytes);
	return error;
}

int control_map_update(struct handle *map, const void *key, const void *value, uint64_t flags)
{
	const struct control_type *type = control_type_of(map);

	if (flags > BPF_EXIST)
		return -EINVAL;
	return type->update ? type->update(control_parent(map), key, value, flags) : -EPERM;
}

const char *control_map_update_reason(struct handle *map, int error)
{
	const struct control_reason *reason = control_type_of(map)->reasons;

	while (reason && reason->error && reason->error != -error)
		reason++;
	return reason ? reason->sentence : NULL;
}

int control_map_delete(struct handle *map, const void *key)
{
	const struct control_type *type = control_type_of(map);

	return type->delete ? type->delete (control_parent(map), key) : -EPERM;
}

int control_map_next_key(struct handle *map, const void *key, void *next)
{
	struct elements elements;
	int error = elements_read(map, &elements);
	size_t index;

	if (error)
		return error;
	index = bound(&elements, key, true);
	if (index < elements.count)
		memcpy(next, key_at(&elements, index), elements.type->key_size);
	else
		error = -ENOENT;
	buffer_free(&elements.bytes);
	return error;
}

/* The token is the last key given. */
int control_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys,
			     void *values, uint32_t *count, uint64_t elem_flags)
{
	const struct control_type *type = control_type_of(map);
	struct elements elements;
	uint32_t room = *count, given = 0;
	int error = elem_flags ? -EINVAL : elements_read(map, &elements);
	size_t index;

	*count = 0;
	if (error)
		return error;
	for (index = bound(&elements, in, true); given < room && index < elements.count; index++) {
		memcpy((char *)keys + (size_t)given * type->key_size, key_at(&elements, index),
		       type->key_size);
		memcpy((char *)values + (size_t)given * type->value_size,
		       value_at(&elements, index), type->value_size);
		given++;
	}
	if (given)
		memcpy(out, key_at(&elements, index - 1), type->key_size);
	else if (in)
		memmove(out, in, type->key_size);
	*count = given;
	if (index >= elements.count)
		error = -ENOENT;
	buffer_free(&elements.bytes);
	return error;
}
