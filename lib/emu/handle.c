// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "emu/handle.h"
#include "emu/state.h"

void fd_table_init(struct fd_table *table)
{
	*table = (struct fd_table){0};
	pthread_mutex_init(&table->lock, NULL);
}

void fd_table_destroy(struct fd_table *table)
{
	free(table->handles);
	pthread_mutex_destroy(&table->lock);
}

int handle_mode_from_flags(uint32_t flags, unsigned *mode)
{
	switch (flags & (BPF_F_RDONLY | BPF_F_WRONLY)) {
	case 0:
		*mode = HANDLE_READ | HANDLE_WRITE;
		return 0;
	case BPF_F_RDONLY:
		*mode = HANDLE_READ;
		return 0;
	case BPF_F_WRONLY:
		*mode = HANDLE_WRITE;
		return 0;
	default:
		return -EINVAL;
	}
}

static int fd_make_room(struct fd_table *table, size_t number)
{
	size_t capacity = table->capacity ? table->capacity : 16;
	struct emu_handle **handles;

	while (capacity <= number)
		capacity *= 2;
	if (capacity == table->capacity)
		return 0;
	handles = reallocarray(table->handles, capacity, sizeof(*handles));
	if (!handles)
		return -ENOMEM;
	memset(handles + table->capacity, 0, (capacity - table->capacity) * sizeof(*handles));
	table->handles = handles;
	table->capacity = capacity;
	return 0;
}

/* fd -1: the lowest number that is free. */
static int fd_install(struct fd_table *table, struct emu_handle *handle, int fd)
{
	size_t number = fd < 0 ? table->lowest_free : (size_t)(fd - FD_FIRST);
	int error;

	while (fd < 0 && number < table->capacity && table->handles[number])
		number++;
	error = fd_make_room(table, number);
	if (error)
		return error;
	if (table->handles[number])
		return -EBUSY;
	table->handles[number] = handle;
	if (fd < 0)
		table->lowest_free = number + 1;
	handle->handle.fd = (int)number + FD_FIRST;
	return 0;
}

static void fd_remove(struct fd_table *table, int fd)
{
	size_t number = (size_t)(fd - FD_FIRST);

	pthread_mutex_lock(&table->lock);
	table->handles[number] = NULL;
	if (number < table->lowest_free)
		table->lowest_free = number;
	pthread_mutex_unlock(&table->lock);
}

static int install(struct emu_object *object, unsigned mode, int fd, struct handle **result)
{
	struct fd_table *table = &object->emu->fds;
	struct emu_handle *handle = calloc(1, sizeof(*handle));
	int error = -ENOMEM;

	if (handle) {
		handle->handle.backend = &object->emu->backend;
		handle->handle.kind = object->kind;
		handle->object = object;
		handle->mode = mode;
		pthread_mutex_lock(&table->lock);
		error = fd_install(table, handle, fd);
		if (!error)
			atomic_fetch_add(&object->users, 1);
		pthread_mutex_unlock(&table->lock);
	}
	if (error) {
		free(handle);
		object_put(object);
		return error;
	}
	*result = &handle->handle;
	return 0;
}

int handle_new(struct emu_object *object, unsigned mode, struct handle **handle)
{
	return install(object, mode, -1, handle);
}

int handle_new_at(struct emu_object *object, unsigned mode, int fd, struct handle **handle)
{
	if (fd >= FD_FIRST && fd < FD_END)
		return install(object, mode, fd, handle);
	object_put(object);
	return -EBADF;
}

void emu_handle_close(struct handle *handle)
{
	struct emu_handle *open = emu_handle(handle);

	if (open->object->ops->handle_gone)
		open->object->ops->handle_gone(open->object, open);
	fd_remove(&open->object->emu->fds, handle->fd);
	object_put_user(open->object);
	free(open);
}

static int fd_lookup(const struct fd_table *table, int fd, struct emu_handle **handle)
{
	if (fd >= 0 && fd < FD_FIRST)
		return -EINVAL;
	if (fd < 0 || (size_t)(fd - FD_FIRST) >= table->capacity || !table->handles[fd - FD_FIRST])
		return -EBADF;
	*handle = table->handles[fd - FD_FIRST];
	return 0;
}

int fd_object(struct emu *emu, int fd, enum object_kind kind, struct emu_object **object)
{
	struct emu_handle *handle;
	int error;

	pthread_mutex_lock(&emu->fds.lock);
	error = fd_lookup(&emu->fds, fd, &handle);
	if (!error && handle->object->kind != kind)
		error = -EINVAL;
	if (!error)
		*object = object_get(handle->object);
	pthread_mutex_unlock(&emu->fds.lock);
	return error;
}

int fd_object_any(struct emu *emu, int64_t fd, struct emu_object **object)
{
	struct emu_handle *handle = NULL;
	int error;

	if (fd < 0 || fd > INT_MAX)
		return -EBADF;
	pthread_mutex_lock(&emu->fds.lock);
	error = fd_lookup(&emu->fds, (int)fd, &handle);
	*object = handle ? object_get(handle->object) : NULL;
	pthread_mutex_unlock(&emu->fds.lock);
	return error == -EBADF ? error : 0;
}

struct handle *fd_handle(struct emu *emu, int fd, enum object_kind kind)
{
	struct emu_handle *handle = NULL;

	pthread_mutex_lock(&emu->fds.lock);
	fd_lookup(&emu->fds, fd, &handle);
	pthread_mutex_unlock(&emu->fds.lock);
	return handle && handle->object->kind == kind ? &handle->handle : NULL;
}

struct handle *fd_next_handle(struct emu *emu, enum object_kind kind)
{
	struct emu_handle *found = NULL;

	pthread_mutex_lock(&emu->fds.lock);
	for (size_t i = 0; !found && i < emu->fds.capacity; i++)
		if (emu->fds.handles[i] && emu->fds.handles[i]->object->kind == kind)
			found = emu->fds.handles[i];
	pthread_mutex_unlock(&emu->fds.lock);
	return found ? &found->handle : NULL;
}
