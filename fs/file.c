// SPDX-License-Identifier: BSD-2-Clause
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "created.h"
#include "lane.h"
#include "staging.h"

static struct file *open_files;
static pthread_mutex_t open_files_lock = PTHREAD_MUTEX_INITIALIZER;

void file_list_add(struct file *file)
{
	pthread_mutex_lock(&open_files_lock);
	file->next = open_files;
	open_files = file;
	pthread_mutex_unlock(&open_files_lock);
}

static void file_destroy(struct filesystem *fs, struct file *file)
{
	if (file->ops && file->ops->release)
		file->ops->release(fs, file);
	codec_put(move_ptr(file->codec));
	if (file->object)
		object_release(fs, file->object);
	buffer_free(&file->text);
	buffer_free(&file->staged);
	pthread_mutex_destroy(&file->lock);
	node_unref(fs->nodes, file->node);
	free(file);
}

/* False: somebody measures it, and will free it. */
static bool file_list_remove(struct file *file)
{
	pthread_mutex_lock(&open_files_lock);
	struct file **link = &open_files;
	while (*link && *link != file)
		link = &(*link)->next;
	if (*link)
		*link = file->next;
	file->closed = true;
	bool unused = !file->measured;
	pthread_mutex_unlock(&open_files_lock);
	return unused;
}

/* The newest that is open on this node, which stays while it is measured. */
static struct file *measured_get(const struct node *node)
{
	pthread_mutex_lock(&open_files_lock);
	struct file *file = open_files;
	while (file && file->node != node)
		file = file->next;
	if (file)
		file->measured++;
	pthread_mutex_unlock(&open_files_lock);
	return file;
}

static void measured_put(struct filesystem *fs, struct file *file)
{
	pthread_mutex_lock(&open_files_lock);
	bool last = --file->measured == 0 && file->closed;
	pthread_mutex_unlock(&open_files_lock);
	if (last)
		file_destroy(fs, file);
}

/* What ever was locked in a lane may be so for as long as a device likes. */
int file_lock(struct request *request, struct file *file)
{
	uint32_t device = lane_device();
	if (device)
		file->device = device;
	else if (pthread_mutex_trylock(&file->lock) == 0)
		return 0;
	else if (file->device)
		return lane_enter_device(request, file->device);
	pthread_mutex_lock(&file->lock);
	return 0;
}

int file_list_measure(struct request *request, struct node *node,
		      int (*measure)(struct file *file, void *context), void *context)
{
	struct file *file = measured_get(node);
	if (!file)
		return -ENOENT;
	int rc = file_lock(request, file);
	if (!rc) {
		rc = measure(file, context);
		pthread_mutex_unlock(&file->lock);
	}
	measured_put(request->fs, file);
	return rc;
}

struct file *file_new(struct filesystem *fs, struct node *node, int flags)
{
	struct file *file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->flags = flags;
	pthread_mutex_init(&file->lock, NULL);
	if (node) {
		node_ref(fs->nodes, node);
		file_set_node(file, node);
	}
	return file;
}

void file_set_node(struct file *file, struct node *node)
{
	file->node = node;
	file->ops = node->kind->file ? node->kind->file : &rendered_file_ops;
}

void file_free(struct filesystem *fs, struct file *file)
{
	created_end(file);
	bool listed = file->node && file->node->kind->flags & KIND_LAZY_SIZE;
	if (!listed || file_list_remove(file))
		file_destroy(fs, file);
}

int file_hold_object(struct request *request, struct file *file)
{
	if (file->object || !object_owner(file->node))
		return 0;
	return object_acquire(request, file->node, &file->object, NULL);
}

int file_hold_map(struct request *request, struct file *file)
{
	int rc = file_hold_object(request, file);
	if (!rc && !file->codec)
		rc = object_codec(request, file->object, &file->codec);
	return rc;
}

void file_read_text(const struct file *file, off_t offset, size_t size, const char **data,
		    size_t *length)
{
	size_t have = file->text.length;
	size_t start = (uint64_t)offset < have ? (size_t)offset : have;
	*data = file->text.data ? file->text.data + start : "";
	*length = have - start < size ? have - start : size;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

size_t text_trim(const char **text, size_t length)
{
	while (length && is_space((*text)[length - 1]))
		length--;
	while (length && is_space(**text)) {
		(*text)++;
		length--;
	}
	return length;
}

int text_is_one(struct request *request, const char *text, size_t length)
{
	length = text_trim(&text, length);
	if (length == 1 && *text == '1')
		return 0;
	return fault_set(&request->fault, EINVAL, "expected 1, got \"%.*s\"",
			 (int)(length < 40 ? length : 40), text);
}

static int render(struct request *request, struct file *file)
{
	buffer_reset(&file->text);
	int rc = file->node->kind->render(request, file->node, file->object, &file->text);
	if (!rc)
		rc = buffer_error(&file->text);
	file->rendered = !rc;
	return rc;
}

/*
 * Refused when it is opened, as in sysfs, to who means to replace or to lengthen it. Who only
 * rewrites what is there is looked at when it writes, see write_unchanged().
 */
static int check_writable(struct request *request, const struct file *file)
{
	bool replaces = file_writes(file) && file->flags & (O_TRUNC | O_APPEND);
	if (!replaces || file->restored || file->node->kind->accept)
		return 0;
	return fault_set(&request->fault, EACCES, "this file can only be read");
}

static int rendered_open(struct request *request, struct file *file)
{
	const struct node_kind *kind = file->node->kind;
	int rc = check_writable(request, file);
	if (!rc)
		rc = file_hold_object(request, file);
	if (rc)
		return rc;
	if (file_reads(file) && kind->render) {
		rc = render(request, file);
		if (!rc && kind->flags & KIND_LAZY_SIZE)
			file_list_add(file);
		return rc;
	}
	/* `> error.log`: the truncation is all that comes. */
	if ((file->flags & O_TRUNC) && kind->setattr && !object_owner(file->node)) {
		struct stat st = {0};
		struct attr_change change = {.valid = FUSE_SET_ATTR_SIZE, .attr = &st};
		return kind->setattr(request, file->node, &change);
	}
	return 0;
}

static int rendered_read(struct request *request, struct file *file, off_t offset, size_t size,
			 const char **data, size_t *length)
{
	if (!file->rendered && file->node->kind->render) {
		int rc = render(request, file);
		if (rc)
			return rc;
	}
	file_read_text(file, offset, size, data, length);
	return 0;
}

/* All of the text, or up to its end, or a piece where a buffering program cuts. */
static bool is_part_of_text(const struct file *file, const char *data, size_t length, off_t offset)
{
	uint64_t end = (uint64_t)offset + length;
	if (end > file->text.length ||
	    (end < file->text.length && !staging_is_piece(data, length, end)))
		return false;
	return memcmp(file->text.data + offset, data, length) == 0;
}

/*
 * A file that can only be read takes what it says already, and from who makes it anew whatever it
 * said before: `rsync --inplace` and `tar x` of a whole directory come back so.
 */
static int write_unchanged(struct request *request, struct file *file, const char *data,
			   size_t length, off_t offset)
{
	if (file->restored)
		return 0;
	int rc = file->node->kind->render ? render(request, file) : -EACCES;
	if (rc)
		return rc;
	if (is_part_of_text(file, data, length, offset))
		return 0;
	return fault_set(&request->fault, EACCES, "this file can only be read");
}

static int rendered_write(struct request *request, struct file *file, const char *data,
			  size_t length, off_t offset)
{
	if (!file->node->kind->accept)
		return write_unchanged(request, file, data, length, offset);
	int rc = file->node->kind->accept(request, file->node, file->object, data, length);
	file->rendered = false;
	return rc;
}

const struct file_ops rendered_file_ops = {
	.open = rendered_open,
	.read = rendered_read,
	.write = rendered_write,
};
