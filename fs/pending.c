// SPDX-License-Identifier: BSD-2-Clause
#include "pending.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/spec.h>
#include "file.h"
#include "formats.h"
#include "lane.h"
#include "pin.h"
#include "stat.h"

static int pending_stat(struct request *request, struct node *node, struct stat *st)
{
	stat_mounter(request->fs, node, st);
	return 0;
}

/* The inode on bpffs that the SPEC has made; 0: none was written yet. */
struct pending {
	ino_t pin;
};

static struct pending *pending_of(struct node *node)
{
	return (struct pending *)node->data;
}

/* What cp -p, mv and install do when they have written the SPEC is done to the pin. */
static int change_pin(struct request *request, struct node *node, const struct attr_change *change)
{
	struct attr_change rest = *change;
	struct stat st;
	cleanup_free char *path = node_path(request->fs->nodes, node, NULL);
	if (!path)
		return -ENOMEM;
	int rc = tree_stat(request->fs->backend, path, &st);
	if (rc)
		return rc;
	rest.valid &= ~FUSE_SET_ATTR_SIZE;
	return st.st_ino == pending_of(node)->pin ? tree_setattr(request, node, &rest) : -ESTALE;
}

static int pending_setattr(struct request *request, struct node *node,
			   const struct attr_change *change)
{
	if (!(change->valid & ~(FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_CTIME)))
		return 0;
	if (pending_of(node)->pin)
		return change_pin(request, node, change);
	return fault_set(&request->fault, EPERM,
			 "expected a SPEC to be written to this new name, "
			 "such as \"type=hash key=4 value=8 entries=1024\"");
}

static int pending_open(struct request *request, struct file *file)
{
	return 0;
}

static int pending_read(struct request *request, struct file *file, off_t offset, size_t size,
			const char **data, size_t *length)
{
	*data = "";
	*length = 0;
	return 0;
}

static void remember_format(struct request *request, struct handle *handle, const char *format)
{
	uint32_t id;
	if (format && handle->kind == OBJECT_MAP && object_id(handle, &id) == 0)
		formats_set(request->fs->formats, request->fs->backend, id, format);
}

static int enter_device(void *context, uint32_t ifindex)
{
	return lane_enter_device(context, ifindex);
}

static int pending_write(struct request *request, struct file *file, const char *data,
			 size_t length, off_t offset)
{
	struct filesystem *fs = request->fs;
	struct caller caller = request_caller(request);
	cleanup_free char *path = node_path(fs->nodes, file->node, NULL);
	cleanup_free char *format = NULL;
	const struct spec_device_gate gate = {enter_device, request};
	struct handle *handle;
	if (!path)
		return -ENOMEM;
	int rc = spec_open(fs->backend, data, length, &handle, &format, &gate, &request->fault);
	if (rc)
		return rc;
	caller.umask = file->umask;
	rc = pin(handle, &caller, path);
	if (!rc) {
		struct stat st;
		remember_format(request, handle, format);
		if (tree_stat(fs->backend, path, &st) == 0)
			pending_of(file->node)->pin = st.st_ino;
		node_unlink(fs->nodes, file->node->parent, file->node->name);
	}
	handle_close(handle);
	return rc;
}

static const struct file_ops pending_file_ops = {
	.open = pending_open,
	.read = pending_read,
	.write = pending_write,
};

static const struct node_kind kind_pending = {
	.type = S_IFREG,
	.mode = 0600,
	.stat = pending_stat,
	.setattr = pending_setattr,
	.file = &pending_file_ops,
};

/*
 * The daemon would act with its own rights: whoever may write to a directory could have any map
 * by its id. bpf(2) asks for CAP_BPF and CAP_SYS_ADMIN, which only these two stand for.
 */
static bool may_make_objects(const struct request *request)
{
	return request->uid == 0 || request->uid == request->fs->uid;
}

int pending_create(struct request *request, struct node *dir, const char *name, struct file *file,
		   struct node **child, struct stat *st)
{
	if (request->fs->backend->read_only)
		return -EROFS;
	if (!may_make_objects(request))
		return fault_set(&request->fault, EPERM,
				 "expected root or the user who mounted: nobody else makes or "
				 "pins objects here");
	uint64_t ino = node_ino(dir->ino, name, strlen(name));
	file->umask = request->umask;
	const struct pending nothing = {0};
	*child = node_child(request->fs->nodes, dir, name, &kind_pending, ino, &nothing,
			    sizeof(nothing));
	return *child ? 0 : -ENOMEM;
}
