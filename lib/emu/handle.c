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

static int fd_install(struct fd_table *table, struct emu_handle *handle)
{
	size_t number = table->lowest_free;

	while (number < table->capacity && table->handles[number])
		number++;
	if (number == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 16;
		struct emu_handle **handles =
			reallocarray(table->handles, capacity, sizeof(*handles));

		if (!handles)
			return -ENOMEM;
		memset(handles + table->capacity, 0,
		       (capacity - table->capacity) * sizeof(*handles));
		table->handles = handles;
		table->capacity = capacity;
	}
	table->handles[number] = handle;
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

int handle_new(struct emu_object *object, unsigned mode, struct handle **result)
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
		error = fd_install(table, handle);
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

void emu_handle_close(struct handle *handle)
{
	struct emu_handle *open = emu_handle(handle);

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

bool fd_is_open(struct emu *emu, int64_t fd)
{
	struct emu_handle *handle;
	int error;

	if (fd < 0 || fd > INT_MAX)
		return false;
	pthread_mutex_lock(&emu->fds.lock);
	error = fd_lookup(&emu->fds, (int)fd, &handle);
	pthread_mutex_unlock(&emu->fds.lock);
	return error != -EBADF;
}

int fd_as_socket(struct emu *emu, int64_t fd)
{
	return fd_is_open(emu, fd) ? -ENOTSOCK : -EBADF;
}
