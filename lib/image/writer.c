// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/checksum.h"
#include "image/manifest.h"
#include "image/message.h"
#include "image/output.h"
#include "image/spool.h"
#include "image/writer.h"

struct writer {
	struct output output;
	uint64_t entry_max;
	struct sealed_file *data, *manifest;
	struct spool keys, values;
	/* the map that is being written */
	uint32_t map_id;
	size_t key_size, value_size;
	uint32_t count;
	bool removed;
	struct image_map written; /* its runs and elements so far */
};

static int data_start(struct writer *writer, struct fault *fault)
{
	static const uint32_t magic[] = {IMAGE_MAGIC_COMMON, IMAGE_MAGIC_BPFMAP_DATA};
	int error = sealed_file_create(writer->output.fd, IMAGE_MANIFEST, &writer->manifest, fault);

	if (!error)
		error = sealed_file_create(writer->output.fd, IMAGE_BPFMAP_DATA, &writer->data,
					   fault);
	if (error)
		return error;
	sealed_file_write(writer->data, magic, sizeof(magic));
	if (spool_init(&writer->keys, writer->output.fd, WRITER_KEYS_MEMORY, WRITER_SPOOL_MEMORY) ||
	    spool_init(&writer->values, writer->output.fd, WRITER_VALUES_MEMORY,
		       WRITER_SPOOL_MEMORY))
		return fault_set(fault, ENOMEM, "out of memory");
	return 0;
}

int writer_open(const char *directory, bool replace, uint64_t entry_max, struct writer **writer,
		struct fault *fault)
{
	struct writer *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->keys.fd = made->values.fd = -1;
	made->entry_max = entry_max ? entry_max : WRITER_ENTRY_MAX;
	error = output_open(directory, replace, &made->output, fault);
	if (!error)
		error = data_start(made, fault);
	if (error) {
		writer_close(made);
		return error;
	}
	*writer = made;
	return 0;
}

void writer_close(struct writer *writer)
{
	if (!writer)
		return;
	sealed_file_close(writer->data);
	sealed_file_close(writer->manifest);
	spool_free(&writer->keys);
	spool_free(&writer->values);
	output_close(&writer->output);
	free(writer->written.runs);
	free(writer);
}

void writer_closep(struct writer **writer)
{
	writer_close(*writer);
}

/* --- elements --- */

int writer_map_begin(struct writer *writer, const struct image_map *map, struct fault *fault)
{
	free(writer->written.runs);
	writer->written = (struct image_map){0};
	writer->map_id = map->info.id;
	writer->key_size = map->info.key_size;
	writer->value_size = map->value_bytes;
	writer->count = 0;
	writer->removed = false;
	return 0;
}

int writer_map_forget(struct writer *writer)
{
	int error = spool_reset(&writer->keys);

	if (!error)
		error = spool_reset(&writer->values);
	writer->count = 0;
	return writer->written.run_count ? -EIO : error;
}

/* What has gathered in the spools becomes one data entry. */
static int writer_put_entry(struct writer *writer, struct fault *fault)
{
	struct image_run *run = image_map_add_run(&writer->written);
	BpfmapData message = BPFMAP_DATA__INIT;
	uint64_t values_bytes = spool_size(&writer->values);
	unsigned char packed[64];
	uint32_t size;
	int error;

	if (!run)
		return fault_set(fault, ENOMEM, "out of memory");
	message.map_id = writer->map_id;
	message.keys_bytes = (uint32_t)spool_size(&writer->keys);
	message.values_bytes = (uint32_t)values_bytes;
	message.count = writer->count;
	size = (uint32_t)bpfmap_data__pack(&message, packed);
	sealed_file_write(writer->data, &size, sizeof(size));
	sealed_file_write(writer->data, packed, size);
	run->keys_at = sealed_file_size(writer->data);
	run->values_at = run->keys_at + message.keys_bytes;
	run->keys_bytes = message.keys_bytes;
	run->values_bytes = message.values_bytes;
	run->count = writer->count;
	run->removed = writer->removed;
	error = spool_pour(&writer->keys, writer->data);
	if (!error)
		error = spool_pour(&writer->values, writer->data);
	if (!run->removed)
		writer->written.elements += writer->count;
	writer->count = 0;
	if (error)
		return fault_set(fault, -error, "%s: cannot write: %s", IMAGE_BPFMAP_DATA,
				 strerror(-error));
	return 0;
}

/* How many of `count` elements still fit into the entry; 0 only when it is full. */
static uint32_t writer_room(const struct writer *writer, uint32_t count)
{
	uint64_t widest =
		writer->value_size > writer->key_size ? writer->value_size : writer->key_size;
	uint64_t room = writer->entry_max / (widest ? widest : 1);

	/* one element always fits: no key or value comes near 4 GiB */
	room = room ? room : 1;
	room = room > writer->count ? room - writer->count : 0;
	return room < count ? (uint32_t)room : count;
}

static int writer_spool(struct writer *writer, const unsigned char *keys,
			const unsigned char *values, uint32_t count, struct fault *fault)
{
	int error = spool_add(&writer->keys, keys, count * writer->key_size);

	if (!error && values)
		error = spool_add(&writer->values, values, count * writer->value_size);
	if (error)
		return fault_set(fault, -error, "%s: cannot write: %s", IMAGE_BPFMAP_DATA,
				 strerror(-error));
	writer->count += count;
	return 0;
}

int writer_map_add(struct writer *writer, const void *keys, const void *values, uint32_t count,
		   bool removed, struct fault *fault)
{
	static const unsigned char none;
	const unsigned char *key = keys ? keys : &none, *value = values ? values : &none;
	int error = 0;

	if (writer->removed != removed && writer->count)
		error = writer_put_entry(writer, fault);
	writer->removed = removed;
	while (!error && count) {
		uint32_t step = writer_room(writer, count);

		if (!step) {
			error = writer_put_entry(writer, fault);
			continue;
		}
		error = writer_spool(writer, key, removed ? NULL : value, step, fault);
		key += step * writer->key_size;
		value += removed ? 0 : step * writer->value_size;
		count -= step;
	}
	return error;
}

int writer_map_end(struct writer *writer, struct image_map *map, struct fault *fault)
{
	int error = 0;

	/* an empty map has an entry too, as in CRIU's images */
	if (writer->count || !writer->written.run_count)
		error = writer_put_entry(writer, fault);
	if (error)
		return error;
	free(map->runs);
	map->runs = move_ptr(writer->written.runs);
	map->run_count = writer->written.run_count;
	map->elements = writer->written.elements;
	return 0;
}

/* --- the other files --- */

static void file_message_fill(const struct image_map *map, uint32_t id, BpfmapOwner *owner,
			      char name[OBJECT_NAME_MAX + 1], BpfmapFile *message)
{
	memcpy(name, map->info.name, OBJECT_NAME_MAX);
	name[OBJECT_NAME_MAX] = '\0';
	*owner = (BpfmapOwner)BPFMAP_OWNER__INIT;
	*message = (BpfmapFile)BPFMAP_FILE__INIT;
	message->id = id;
	message->flags = O_RDWR;
	message->fown = owner;
	message->map_type = map->info.type;
	message->key_size = map->info.key_size;
	message->value_size = map->info.value_size;
	message->map_id = map->info.id;
	message->max_entries = map->info.max_entries;
	message->map_flags = map->info.map_flags;
	message->memlock = map->state.memlock;
	message->frozen = map->state.frozen;
	message->map_name = name;
	message->ifindex = map->info.ifindex;
	/* CRIU 4.2 writes none for the maps it knows */
	message->has_map_extra = map->info.map_extra != 0;
	message->map_extra = map->info.map_extra;
}

static void message_put(struct sealed_file *file, const ProtobufCMessage *message)
{
	unsigned char packed[512];
	uint32_t size = (uint32_t)protobuf_c_message_get_packed_size(message);

	protobuf_c_message_pack(message, packed);
	sealed_file_write(file, &size, sizeof(size));
	sealed_file_write(file, packed, size);
}

/* bpfmap-file.img (wrapped false) or files.img (true: each in a file_entry). */
static void maps_put(struct sealed_file *file, const struct image *image, bool wrapped)
{
	const uint32_t magic[] = {IMAGE_MAGIC_COMMON,
				  wrapped ? IMAGE_MAGIC_FILES : IMAGE_MAGIC_BPFMAP_FILE};

	sealed_file_write(file, magic, sizeof(magic));
	for (size_t i = 0; i < image->map_count; i++) {
		char name[OBJECT_NAME_MAX + 1];
		FileEntry entry = FILE_ENTRY__INIT;
		BpfmapOwner owner;
		BpfmapFile message;

		file_message_fill(&image->maps[i], (uint32_t)i + 1, &owner, name, &message);
		entry.type = FILE_TYPE_BPFMAP;
		entry.id = message.id;
		entry.bpf = &message;
		message_put(file, wrapped ? &entry.base : &message.base);
	}
}

static void files_put(struct sealed_file *file, const struct image *image)
{
	maps_put(file, image, true);
}

static void bpfmap_file_put(struct sealed_file *file, const struct image *image)
{
	maps_put(file, image, false);
}

static void inventory_put(struct sealed_file *file, const struct image *image)
{
	static const uint32_t magic = IMAGE_MAGIC_INVENTORY;
	Inventory message = INVENTORY__INIT;

	sealed_file_write(file, &magic, sizeof(magic));
	message.img_version = 2;
	message.has_fdinfo_per_id = message.fdinfo_per_id = true;
	message.has_ns_per_id = message.ns_per_id = true;
	message_put(file, &message.base);
}

static int writer_put_file(struct writer *writer, const char *name,
			   void (*put)(struct sealed_file *file, const struct image *image),
			   const struct image *image, struct buffer *sums, struct fault *fault)
{
	cleanup_with(sealed_file_closep) struct sealed_file *file = NULL;
	int error = sealed_file_create(writer->output.fd, name, &file, fault);

	if (error)
		return error;
	put(file, image);
	return sealed_file_finish(file, sums, fault);
}

static int writer_put_manifest(struct writer *writer, const struct image *image,
			       struct buffer *sums, struct fault *fault)
{
	cleanup_free char *text = json_dumps(image->manifest, JSON_INDENT(1) | JSON_ENSURE_ASCII);

	if (!text)
		return fault_set(fault, ENOMEM, "%s: out of memory", IMAGE_MANIFEST);
	sealed_file_write(writer->manifest, text, strlen(text));
	sealed_file_write(writer->manifest, "\n", 1);
	return sealed_file_finish(writer->manifest, sums, fault);
}

static int writer_put_sums(struct writer *writer, const struct buffer *sums, struct fault *fault)
{
	cleanup_with(sealed_file_closep) struct sealed_file *file = NULL;
	int error = buffer_error(sums);

	if (error)
		return fault_set(fault, -error, "%s: out of memory", IMAGE_SUMS);
	error = sealed_file_create(writer->output.fd, IMAGE_SUMS, &file, fault);
	if (error)
		return error;
	sealed_file_write(file, sums->data, sums->length);
	return sealed_file_finish(file, NULL, fault);
}

/*
 * All files at once, the largest first: one commit of the file system's journal then serves them
 * all, where a sync after each file would cost one each.
 */
static int writer_sync(struct writer *writer, struct fault *fault)
{
	static const char *const names[] = {IMAGE_BPFMAP_DATA, IMAGE_MANIFEST, IMAGE_BPFMAP_FILE,
					    IMAGE_INVENTORY,   IMAGE_FILES,    IMAGE_SUMS};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_close int fd =
			openat(writer->output.fd, names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fsync(fd))
			return fault_set(fault, errno, "%s: cannot be synced: %s", names[i],
					 strerror(errno));
	}
	return 0;
}

int writer_commit(struct writer *writer, const struct image *image, bool criu, struct fault *fault)
{
	struct buffer sums = BUFFER_INIT;
	int error = sealed_file_finish(writer->data, &sums, fault);

	if (!error)
		error = writer_put_file(writer, IMAGE_INVENTORY, inventory_put, image, &sums,
					fault);
	if (!error)
		error = writer_put_file(writer, IMAGE_BPFMAP_FILE, bpfmap_file_put, image, &sums,
					fault);
	if (!error && criu)
		error = writer_put_file(writer, IMAGE_FILES, files_put, image, &sums, fault);
	if (!error)
		error = writer_put_manifest(writer, image, &sums, fault);
	if (!error)
		error = writer_put_sums(writer, &sums, fault);
	buffer_free(&sums);
	if (!error)
		error = writer_sync(writer, fault);
	return error ? error : output_commit(&writer->output, fault);
}
