// SPDX-License-Identifier: BSD-2-Clause
#include "key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/explain.h>
#include <bpfuse/walk.h>
#include "element.h"
#include "lane.h"
#include "listing.h"
#include "map_dir.h"
#include "staging.h"
#include "stat.h"

/* A short form of a long name says nothing of the key: look at all of them. */
static int search(struct request *request, struct object *map, struct codec *codec,
		  const char *name, unsigned char *key)
{
	cleanup_with(walk_closep) struct walk *walk = NULL;
	int rc = lane_enter(request, map);
	if (!rc)
		rc = walk_open(map->handle, 0, &walk);
	struct buffer text = BUFFER_INIT;
	struct walk_chunk chunk;
	while (!rc && (rc = walk_next(walk, &chunk)) > 0) {
		rc = 0;
		for (uint32_t i = 0; i < chunk.count && !rc; i++) {
			const unsigned char *candidate = chunk.keys + i * chunk.key_size;
			buffer_reset(&text);
			rc = codec_print_name(codec, candidate, &text);
			if (rc || strcmp(text.data, name) != 0)
				continue;
			memcpy(key, candidate, chunk.key_size);
			buffer_free(&text);
			return 0;
		}
	}
	buffer_free(&text);
	return rc ? rc : -ENOENT;
}

int key_parse(struct request *request, struct object *map, struct codec *codec, const char *name,
	      unsigned char **key)
{
	cleanup_free unsigned char *bytes = calloc(1, codec_key_bytes(codec) + 1);
	if (!bytes)
		return -ENOMEM;
	int rc = codec_parse_name(codec, name, bytes, &request->fault);
	if (rc == -ESRCH)
		rc = search(request, map, codec, name, bytes);
	if (rc)
		return rc;
	*key = move_ptr(bytes);
	return 0;
}

uint64_t key_lock_flag(const struct codec *codec)
{
	return codec_has_lock(codec) ? BPF_F_LOCK : 0;
}

/* Looks up; *value is malloc'ed, of codec_value_bytes(). The sentence names the key. */
static int key_read(struct request *request, struct node *node, struct object *map,
		    struct codec *codec, unsigned char **value)
{
	int rc = lane_enter(request, map);
	if (rc)
		return rc;
	cleanup_free unsigned char *bytes = calloc(1, codec_value_bytes(codec) + 1);
	if (!bytes)
		return -ENOMEM;
	rc = element_lookup(request, map, key_of(node)->bytes, bytes, key_lock_flag(codec));
	if (rc)
		return explain_map_error(&request->fault, MAP_OP_LOOKUP, &map->info, node->name, 0,
					 rc);
	*value = move_ptr(bytes);
	return 0;
}

int key_explain_update(struct request *request, const struct object *map, const char *name,
		       uint64_t flags, int rc)
{
	const char *reason = map_update_reason(map->handle, rc);
	if (reason)
		return fault_set(&request->fault, -rc, "%s", reason);
	return explain_map_error(&request->fault, MAP_OP_UPDATE, &map->info, name, flags, rc);
}

int key_update(struct request *request, struct file *file, const void *value)
{
	struct object *map = file->object;
	struct key_data *key = key_of(file->node);
	uint64_t flags = file->update_flags | key_lock_flag(file->codec);
	int rc = element_update(request, map, key->bytes, value, flags);
	if (rc)
		return key_explain_update(request, map, file->node->name, flags, rc);
	if (file->update_flags == BPF_NOEXIST)
		file->update_flags = BPF_ANY;
	return 0;
}

static int print(struct request *request, struct node *node, const struct codec *codec,
		 const void *value, struct buffer *text)
{
	const struct key_view *view = node->kind->file_data;
	int rc = view->print(request, codec, value, text);
	return rc ? rc : buffer_error(text);
}

int key_render(struct request *request, struct node *node, struct object *map, struct buffer *text)
{
	cleanup_with(codec_putp) struct codec *codec = NULL;
	cleanup_free unsigned char *value = NULL;
	int rc = object_codec(request, map, &codec);
	if (!rc)
		rc = key_read(request, node, map, codec, &value);
	return rc ? rc : print(request, node, codec, value, text);
}

/* Types whose elements bpf(2) does not show still take and delete them: a file, unreadable. */
static bool is_unreadable(int rc)
{
	return rc == -ENOTSUPP || rc == -EOPNOTSUPP || rc == -ENOSPC || rc == -EPERM;
}

/* Attributes of a key; a value that was not given is looked up in the map, which is held. */
static int stat_key(struct request *request, struct node *node, const struct key_listed *listed,
		    struct stat *st)
{
	cleanup_free unsigned char *value = NULL;
	struct buffer text = BUFFER_INIT;
	int rc = 0;
	stat_owned(request->fs, node, listed->owner, st);
	if (!listed->value)
		rc = key_read(request, node, listed->map, listed->codec, &value);
	if (!rc)
		rc = print(request, node, listed->codec, value ? value : listed->value, &text);
	if (!rc)
		stat_content(request->fs, node, text.data ? text.data : "", text.length, st);
	buffer_free(&text);
	return is_unreadable(rc) ? 0 : rc;
}

int key_stat(struct request *request, struct node *node, struct stat *st)
{
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	struct stat owner;
	int rc = object_acquire(request, node, &held.object, &owner);
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	const struct key_listed key = {.map = held.object, .codec = codec, .owner = &owner};
	if (!rc)
		rc = stat_key(request, node, &key, st);
	/* Not written yet: an empty file. */
	return rc == -ENOENT && key_of(node)->pending ? 0 : rc;
}

static struct node *child_of(struct request *request, const struct object *map, struct node *dir,
			     const char *name, const struct node_kind *kind, const void *key,
			     uint32_t key_size)
{
	cleanup_free struct key_data *data = calloc(1, sizeof(*data) + key_size);
	if (!data)
		return NULL;
	data->size = key_size;
	memcpy(data->bytes, key, key_size);
	struct node *node =
		node_child(request->fs->nodes, dir, name, kind, key_ino(dir->ino, key, key_size),
			   data, sizeof(*data) + key_size);
	/* The number of an open file means something else to each process. */
	if (node)
		node->uncached = map_type_get(map->info.type)->key_is_fd;
	return node;
}

int key_child(struct request *request, struct node *dir, const struct node_kind *kind,
	      const struct key_listed *listed, struct node **child, struct stat *st)
{
	uint32_t key_size = (uint32_t)codec_key_bytes(listed->codec);
	struct node *node =
		child_of(request, listed->map, dir, listed->name, kind, listed->key, key_size);
	if (!node)
		return -ENOMEM;
	int rc = stat_key(request, node, listed, st);
	if (rc) {
		node_unref(request->fs->nodes, node);
		return rc;
	}
	*child = node;
	return 0;
}

int key_lookup(struct request *request, struct node *dir, const char *name,
	       const struct node_kind *kind, struct node **child, struct stat *st)
{
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	cleanup_free unsigned char *key = NULL;
	struct stat owner;
	int rc = object_acquire(request, dir, &held.object, &owner);
	if (!rc && !map_is_keyed(held.object))
		rc = -ENOENT;
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	if (rc)
		return rc;
	rc = key_parse(request, held.object, codec, name, &key);
	if (rc)
		return rc == -EINVAL ? -ENOENT : rc;
	const struct key_listed listed = {name, key, NULL, held.object, codec, &owner};
	return key_child(request, dir, kind, &listed, child, st);
}

int key_create(struct request *request, struct node *dir, const char *name,
	       const struct node_kind *kind, struct file *file, struct node **child,
	       struct stat *st)
{
	cleanup_free unsigned char *key = NULL;
	struct stat owner;
	int rc = object_acquire(request, dir, &file->object, &owner);
	if (!rc && !map_is_keyed(file->object))
		rc = fault_set(&request->fault, EINVAL, "this type of map has no keys");
	if (!rc)
		rc = object_codec(request, file->object, &file->codec);
	if (rc)
		return rc;
	rc = key_parse(request, file->object, file->codec, name, &key);
	if (rc == -ENOENT)
		return fault_set(&request->fault, EINVAL,
				 "no key of this map has this short name; a new key of so long a "
				 "name comes through .map/entries");
	if (rc)
		return rc;
	*child = child_of(request, file->object, dir, name, kind, key,
			  (uint32_t)codec_key_bytes(file->codec));
	if (!*child)
		return -ENOMEM;
	key_of(*child)->pending = true;
	stat_owned(request->fs, *child, &owner, st);
	file->update_flags = file->flags & O_EXCL ? BPF_NOEXIST : BPF_ANY;
	return 0;
}

/* touch: what was created and not written becomes an element of zeros. */
static int insert_zero(struct request *request, struct node *node)
{
	HELD_OBJECT(held, request);
	cleanup_with(codec_putp) struct codec *codec = NULL;
	int rc = object_acquire(request, node, &held.object, NULL);
	if (!rc)
		rc = object_codec(request, held.object, &codec);
	if (rc)
		return rc;
	cleanup_free void *zeros = calloc(1, codec_value_bytes(codec) + 1);
	if (!zeros)
		return -ENOMEM;
	rc = lane_enter(request, held.object);
	if (rc)
		return rc;
	rc = element_update(request, held.object, key_of(node)->bytes, zeros, BPF_NOEXIST);
	/* Also what slots that are empty and cannot be otherwise answer. */
	if (rc == -EEXIST && element_lookup(request, held.object, key_of(node)->bytes, zeros,
					    key_lock_flag(codec)) != -ENOENT)
		rc = 0;
	if (rc)
		return key_explain_update(request, held.object, node->name, BPF_NOEXIST, rc);
	key_of(node)->pending = false;
	return 0;
}

/* Sizes that tools set around a write are taken; a value cannot be cut or stretched. */
static int check_size(struct request *request, const struct attr_change *change,
		      const struct stat *st)
{
	off_t size = change->attr->st_size;
	if (size == 0 || size == st->st_size || (change->file && size == change->file->end))
		return 0;
	return fault_set(&request->fault, EINVAL,
			 "a value has its own size, %lld bytes of text; "
			 "it cannot be made %lld",
			 (long long)st->st_size, (long long)size);
}

int key_setattr(struct request *request, struct node *node, const struct attr_change *change)
{
	struct stat st;
	int rc = key_stat(request, node, &st);
	if (rc)
		return rc;
	if ((change->valid & FUSE_SET_ATTR_UID && change->attr->st_uid != st.st_uid) ||
	    (change->valid & FUSE_SET_ATTR_GID && change->attr->st_gid != st.st_gid))
		return fault_set(&request->fault, EPERM,
				 "a key belongs to whom its map's pin belongs to");
	if (change->valid & FUSE_SET_ATTR_SIZE)
		rc = check_size(request, change, &st);
	if (!rc && change->valid & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME) &&
	    key_of(node)->pending)
		rc = insert_zero(request, node);
	return rc;
}

int key_open(struct request *request, struct file *file)
{
	int rc = file_hold_map(request, file);
	if (rc)
		return rc;
	if (file->created)
		return 0;
	file->update_flags = file->flags & (O_TRUNC | O_APPEND) ? BPF_ANY : BPF_EXIST;
	rc = file->node->kind->render(request, file->node, file->object, &file->text);
	file->rendered = !rc;
	return file_reads(file) || !is_unreadable(rc) ? rc : 0;
}

int key_file_read(struct request *request, struct file *file, off_t offset, size_t size,
		  const char **data, size_t *length)
{
	int rc = object_check_device(request, file->object);
	if (!rc && !file->rendered) {
		buffer_reset(&file->text);
		rc = file->node->kind->render(request, file->node, file->object, &file->text);
		file->rendered = !rc;
	}
	if (rc)
		return rc;
	file_read_text(file, offset, size, data, length);
	return 0;
}

struct current {
	struct file *file;
};

static int read_current(void *context, void *value)
{
	struct file *file = ((struct current *)context)->file;
	return map_lookup(file->object->handle, key_of(file->node)->bytes, value,
			  key_lock_flag(file->codec));
}

/* One text, checked and applied. */
static int apply_text(struct request *request, struct file *file, const char *text, size_t length,
		      bool *malformed)
{
	struct current context = {file};
	const struct codec_current current = {read_current, &context};
	struct value_input input = {0};
	*malformed = false;
	cleanup_free void *bytes = calloc(1, codec_value_bytes(file->codec) + 1);
	if (!bytes)
		return -ENOMEM;
	input.bytes = bytes;
	int rc = codec_parse_value(file->codec, text, length, &current, &input, &request->fault);
	*malformed = rc == -EINVAL;
	if (!rc)
		rc = key_update(request, file, input.bytes);
	value_input_release(&input);
	return rc;
}

static int text_write(struct request *request, struct file *file, const char *data, size_t length,
		      off_t offset)
{
	int rc = lane_enter(request, file->object);
	if (rc)
		return rc;
	key_of(file->node)->pending = false;
	file->rendered = false;
	return staging_write_text(request, file, data, length, offset, apply_text);
}

static int text_flush(struct request *request, struct file *file)
{
	int rc = file->staged.length ? lane_enter(request, file->object) : 0;
	return rc ? rc : staging_flush_text(request, file, apply_text);
}

static const struct file_ops key_file_ops = {
	.open = key_open,
	.read = key_file_read,
	.write = text_write,
	.flush = text_flush,
};

static int print_text(struct request *request, const struct codec *codec, const void *value,
		      struct buffer *text)
{
	int rc = codec_print_value(codec, value, text);
	buffer_append_char(text, '\n');
	return rc;
}

const struct node_kind kind_key = {
	.type = S_IFREG,
	.mode = 0666,
	.flags = KIND_CACHED,
	.stat = key_stat,
	.setattr = key_setattr,
	.render = key_render,
	.file = &key_file_ops,
	.file_data = &(const struct key_view){print_text},
};
