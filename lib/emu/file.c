// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/file.h"

static void file_free(struct emu_object *object)
{
	free(object);
}

static void file_closed(struct emu_object *object)
{
	atomic_fetch_add(&object->emu->files_closed, 1);
}

static const struct emu_object_ops file_ops = {
	.free = file_free,
	.last_user_gone = file_closed,
};

int emu_file_open(struct backend *backend, enum emu_file_kind kind, int *fd)
{
	struct emu_file *file = calloc(1, sizeof(*file));
	struct handle *handle;
	int error;

	if (!file)
		return -ENOMEM;
	object_init(&file->object, emu_of(backend), OBJECT_FILE, &file_ops);
	file->kind = kind;
	file->serial = atomic_fetch_add(&emu_of(backend)->last_serial, 1) + 1;
	error = *fd < 0 ? handle_new(&file->object, HANDLE_READ | HANDLE_WRITE, &handle)
			: handle_new_at(&file->object, HANDLE_READ | HANDLE_WRITE, *fd, &handle);
	if (!error)
		*fd = handle_fd(handle);
	return error;
}

int emu_file_close(struct backend *backend, int fd)
{
	struct handle *handle = fd_handle(emu_of(backend), fd, OBJECT_FILE);

	if (!handle)
		return -EBADF;
	emu_handle_close(handle);
	return 0;
}

void files_close_all(struct emu *emu)
{
	struct handle *handle;

	while ((handle = fd_next_handle(emu, OBJECT_FILE)))
		emu_handle_close(handle);
}

int file_from_fd(struct emu *emu, int64_t fd, unsigned kinds, int wrong, struct emu_file **file)
{
	struct emu_object *object;
	int error = fd_object_any(emu, fd, &object);

	*file = (struct emu_file *)object;
	if (error)
		return error;
	if (object && object->kind == OBJECT_FILE && (kinds & 1u << (*file)->kind))
		return 0;
	object_put(object);
	return wrong;
}

void file_put(struct emu_file *file)
{
	if (file)
		object_put(&file->object);
}
