// SPDX-License-Identifier: BSD-2-Clause
#include "element.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/walk.h>
#include "caller_file.h"

#define NUMBER_MAX 8 /* bytes: 4, or 8 in values that show a socket's cookie */

/* The number of a file of this process, in the bytes where the caller's stood. */
struct borrowed {
	int fd;
	unsigned char bytes[NUMBER_MAX];
};

static void borrowed_return(struct borrowed *borrowed)
{
	if (borrowed->fd >= 0)
		close(borrowed->fd);
}

static uint64_t number_read(const void *bytes, size_t size)
{
	uint32_t small;
	uint64_t big;
	if (size == sizeof(small))
		return memcpy(&small, bytes, sizeof(small)), small;
	return memcpy(&big, bytes, sizeof(big)), big;
}

static void number_write(unsigned char *bytes, size_t size, int number)
{
	uint32_t small = (uint32_t)number;
	uint64_t big = small;
	memcpy(bytes, size == sizeof(small) ? (const void *)&small : &big, size);
}

/* A number that is not open there becomes one that is open nowhere. */
static int borrow(struct request *request, const void *bytes, size_t size,
		  struct borrowed *borrowed)
{
	uint64_t number = number_read(bytes, size);
	memcpy(borrowed->bytes, bytes, size);
	if (number > INT_MAX) /* refused as such */
		return 0;
	int fd = caller_file(request, (int)number);
	if (fd < 0 && fd != -EBADF)
		return fault_set(&request->fault, EPERM,
				 "open file %d of process %d cannot be borrowed: %s", (int)number,
				 request->pid, strerror(-fd));
	borrowed->fd = fd < 0 ? -1 : fd;
	number_write(borrowed->bytes, size, fd < 0 ? INT_MAX : fd);
	return 0;
}

/* Key and value, either of which may have to be borrowed. */
struct element {
	struct borrowed key, value;
	const void *key_bytes, *value_bytes;
};

static void element_return(struct element *element)
{
	borrowed_return(&element->key);
	borrowed_return(&element->value);
}

/* Whether numbers in its keys or values are of open files. */
static bool has_files(const struct object *map)
{
	const struct map_type *type = map_type_get(map->info.type);
	return map->handle->backend->takes_files && (type->key_is_fd || type->value == VALUE_FD);
}

static int element_borrow(struct request *request, const struct object *map, const void *key,
			  const void *value, struct element *element)
{
	const struct map_type *type = map_type_get(map->info.type);
	int rc = 0;
	*element = (struct element){{.fd = -1}, {.fd = -1}, key, value};
	if (!has_files(map))
		return 0;
	if (type->key_is_fd) {
		rc = borrow(request, key, sizeof(int), &element->key);
		element->key_bytes = element->key.bytes;
	}
	if (!rc && value && type->value == VALUE_FD) {
		rc = borrow(request, value, map->info.value_size, &element->value);
		element->value_bytes = element->value.bytes;
	}
	if (rc)
		element_return(element);
	return rc;
}

int element_lookup(struct request *request, struct object *map, const void *key, void *value,
		   uint64_t flags)
{
	struct element element;
	int rc = element_borrow(request, map, key, NULL, &element);
	if (rc)
		return rc;
	rc = map_lookup(map->handle, element.key_bytes, value, flags);
	element_return(&element);
	return rc;
}

int element_update(struct request *request, struct object *map, const void *key, const void *value,
		   uint64_t flags)
{
	struct element element;
	int rc = element_borrow(request, map, key, value, &element);
	if (rc)
		return rc;
	rc = map_update(map->handle, element.key_bytes, element.value_bytes, flags);
	element_return(&element);
	return rc;
}

int element_delete(struct request *request, struct object *map, const void *key)
{
	struct element element;
	int rc = element_borrow(request, map, key, NULL, &element);
	if (rc)
		return rc;
	rc = map_delete(map->handle, element.key_bytes);
	element_return(&element);
	return rc;
}

int element_update_many(struct request *request, struct object *map, const void *keys,
			const void *values, uint32_t count, uint64_t flags, uint32_t *done)
{
	int rc = 0;
	if (!has_files(map))
		return map_update_many(map->handle, keys, values, count, flags, done);
	for (*done = 0; !rc && *done < count; *done += !rc)
		rc = element_update(
			request, map, (const char *)keys + (size_t)*done * map->info.key_size,
			(const char *)values + (size_t)*done * map->info.value_size, flags);
	return rc;
}
