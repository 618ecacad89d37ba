// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/checksum.h"
#include "image/manifest.h"
#include "image/message.h"
#include "image/reader.h"

/* What SHA256SUMS lists; all that exist must be there. */
static const char *const sealed_names[] = {
	IMAGE_MANIFEST, IMAGE_INVENTORY, IMAGE_BPFMAP_FILE, IMAGE_BPFMAP_DATA, IMAGE_FILES, NULL,
};

/* --- the maps' attributes: bpfmap-file.img, files.img --- */

static void map_from_message(const BpfmapFile *message, struct image_map *map)
{
	struct map_info *info = &map->info;

	*map = (struct image_map){0};
	info->id = message->map_id;
	info->type = message->map_type;
	info->key_size = message->key_size;
	info->value_size = message->value_size;
	info->max_entries = message->max_entries;
	info->map_flags = message->map_flags;
	info->ifindex = message->ifindex;
	info->map_extra = message->has_map_extra ? message->map_extra : 0;
	strncpy(info->name, message->map_name, sizeof(info->name) - 1);
	map->state.memlock = message->memlock;
	map->state.frozen = message->frozen;
}

static bool map_is_same(const struct image_map *a, const struct image_map *b)
{
	const struct map_info *x = &a->info, *y = &b->info;

	return x->type == y->type && x->key_size == y->key_size && x->value_size == y->value_size &&
	       x->max_entries == y->max_entries && x->map_flags == y->map_flags &&
	       x->ifindex == y->ifindex && x->map_extra == y->map_extra &&
	       !strcmp(x->name, y->name) && a->state.frozen == b->state.frozen;
}

/*
 * A map that a process had open twice, or that is in both files, comes more than once: the same
 * each time, or there is something wrong. `single`: in our own bpfmap-file.img each has one.
 */
static int map_take(struct image *image, const BpfmapFile *message, bool single,
		    struct fault *fault)
{
	struct image_map map, *known = image_find_map(image, message->map_id);

	if (!message->map_id)
		return fault_set(fault, EINVAL, "describes a map without an id");
	if (strlen(message->map_name) >= OBJECT_NAME_MAX)
		return fault_set(fault, EINVAL, "map %" PRIu32 " has a name of more than %d bytes",
				 message->map_id, OBJECT_NAME_MAX - 1);
	map_from_message(message, &map);
	if (known && single)
		return fault_set(fault, EINVAL, "describes map %" PRIu32 " twice", message->map_id);
	if (known && !map_is_same(known, &map))
		return fault_set(fault, EINVAL,
				 "contradicts an earlier description of map %" PRIu32,
				 message->map_id);
	if (known)
		return 0;
	known = image_add_map(image);
	if (!known)
		return fault_set(fault, ENOMEM, "out of memory");
	*known = map;
	return 0;
}

static int file_entry_take(struct image *image, const unsigned char *bytes, size_t length,
			   bool single, struct fault *fault)
{
	FileEntry *entry = file_entry__unpack(NULL, length, bytes);
	int error = 0;

	if (!entry)
		return fault_set(fault, EINVAL, "holds an entry that is no file_entry");
	if (entry->type == FILE_TYPE_BPFMAP && !entry->bpf)
		error = fault_set(fault, EINVAL, "holds a BPF map without its description");
	else if (entry->type == FILE_TYPE_BPFMAP)
		error = map_take(image, entry->bpf, single, fault);
	file_entry__free_unpacked(entry, NULL);
	return error;
}

static int bpfmap_file_take(struct image *image, const unsigned char *bytes, size_t length,
			    bool single, struct fault *fault)
{
	BpfmapFile *message = bpfmap_file__unpack(NULL, length, bytes);
	int error;

	if (!message)
		return fault_set(fault, EINVAL, "holds an entry that is no bpfmap_file_entry");
	error = map_take(image, message, single, fault);
	bpfmap_file__free_unpacked(message, NULL);
	return error;
}

static int inventory_take(struct image *image, const unsigned char *bytes, size_t length,
			  bool single, struct fault *fault)
{
	Inventory *message = inventory__unpack(NULL, length, bytes);
	uint32_t version = message ? message->img_version : 0;

	if (message)
		inventory__free_unpacked(message, NULL);
	if (version < 1 || version > 2)
		return fault_set(fault, EINVAL,
				 "says version %" PRIu32 " of CRIU's format; 1 and 2 are known",
				 version);
	return 0;
}

typedef int take_function(struct image *image, const unsigned char *bytes, size_t length,
			  bool single, struct fault *fault);

/* 1: read; 0: there is no such file. */
static int entries_read(struct image *image, int directory, const char *name, uint32_t magic,
			take_function *take, bool single, struct fault *fault)
{
	struct message_file file;
	cleanup_free unsigned char *bytes = NULL;
	size_t length;
	int there = message_file_open(directory, name, magic, &file, fault);

	if (there <= 0)
		return there;
	while ((there = message_next(&file, &bytes, &length, fault)) > 0) {
		int error = take(image, bytes, length, single, fault);

		if (error) {
			fault_prefix(fault, "%s", name);
			there = error;
			break;
		}
	}
	message_file_close(&file);
	return there < 0 ? there : 1;
}

/* --- the elements' places: bpfmap-data.img --- */

static bool runs_are_equal(int fd, const struct image_run *a, const struct image_run *b)
{
	enum { STEP = 64 << 10 };
	cleanup_free unsigned char *left = malloc(STEP), *right = malloc(STEP);
	uint64_t length = (uint64_t)a->keys_bytes + a->values_bytes;

	if (!left || !right || a->count != b->count || a->keys_bytes != b->keys_bytes ||
	    a->values_bytes != b->values_bytes)
		return false;
	for (uint64_t at = 0; at < length; at += STEP) {
		size_t step = length - at < STEP ? (size_t)(length - at) : STEP;

		if (message_read_at(fd, "", left, step, a->keys_at + at, NULL) ||
		    message_read_at(fd, "", right, step, b->keys_at + at, NULL) ||
		    memcmp(left, right, step) != 0)
			return false;
	}
	return true;
}

/*
 * In our images further entries of a map are its next part, as the manifest says. In CRIU's they
 * are the map once more; if they differ nobody can tell which is right.
 */
static int data_take(struct image *image, int fd, const BpfmapData *message, uint64_t at,
		     struct fault *fault)
{
	struct image_map *map = image_find_map(image, message->map_id);
	struct image_run run = {.keys_at = at,
				.values_at = at + message->keys_bytes,
				.keys_bytes = message->keys_bytes,
				.values_bytes = message->values_bytes,
				.count = message->count};
	struct image_run *added;
	char what[64];

	if (!map && image->foreign) {
		snprintf(what, sizeof(what), "map %" PRIu32, message->map_id);
		return image_omit(image, what, "has elements but no description in this image");
	}
	if (!map)
		return fault_set(fault, EINVAL,
				 "holds elements of map %" PRIu32 ", which is described nowhere",
				 message->map_id);
	if (image->foreign && map->run_count) {
		if (runs_are_equal(fd, map->runs, &run))
			return 0;
		return fault_set(fault, EINVAL,
				 "holds map %" PRIu32 " twice with different elements, and no "
				 "manifest says that they are parts of one",
				 message->map_id);
	}
	added = image_map_add_run(map);
	if (!added)
		return fault_set(fault, ENOMEM, "out of memory");
	*added = run;
	return 0;
}

static int data_entry(struct image *image, struct message_file *file, const unsigned char *bytes,
		      size_t length, struct fault *fault)
{
	BpfmapData *message = bpfmap_data__unpack(NULL, length, bytes);
	uint64_t extra = message ? (uint64_t)message->keys_bytes + message->values_bytes : 0;
	int error;

	if (!message)
		return fault_set(fault, EINVAL, "holds an entry that is no bpfmap_data_entry");
	if (extra > file->size - file->at)
		error = fault_set(fault, EINVAL,
				  "truncated: map %" PRIu32 " has %" PRIu64 " bytes, %" PRIu64
				  " are left",
				  message->map_id, extra, file->size - file->at);
	else
		error = data_take(image, file->fd, message, file->at, fault);
	file->at += extra;
	bpfmap_data__free_unpacked(message, NULL);
	return error;
}

static int data_read(struct image *image, int directory, struct fault *fault)
{
	struct message_file file;
	cleanup_free unsigned char *bytes = NULL;
	size_t length;
	int there = message_file_open(directory, IMAGE_BPFMAP_DATA, IMAGE_MAGIC_BPFMAP_DATA, &file,
				      fault);

	if (there <= 0)
		return there;
	image->data_fd = file.fd;
	while ((there = message_next(&file, &bytes, &length, fault)) > 0) {
		int error = data_entry(image, &file, bytes, length, fault);

		if (error) {
			fault_prefix(fault, "%s", IMAGE_BPFMAP_DATA);
			return error;
		}
	}
	return there < 0 ? there : 1;
}

/* --- CRIU's images: what they do not tell --- */

/* The value's size in the file, and the number of CPUs, follow from the sizes. */
static int foreign_map_complete(struct image *image, struct image_map *map, struct fault *fault)
{
	const struct map_type *type = map_type_get(map->info.type);
	uint64_t slot = ((uint64_t)map->info.value_size + 7) & ~7ull, cpus = 0;
	const struct image_run *run = map->run_count ? map->runs : NULL;

	map->contents = true;
	map->promise = map->state.frozen ? PROMISE_EXACT : PROMISE_FUZZY;
	map->elements = run ? run->count : 0;
	if (type->percpu && slot && run && run->count) {
		cpus = run->values_bytes / slot / run->count;
		if (!cpus || cpus > 1u << 16 ||
		    (image->possible_cpus && image->possible_cpus != cpus))
			return fault_set(
				fault, EINVAL,
				"map %" PRIu32
				": the values are not those of a per-CPU map of one machine",
				map->info.id);
		image->possible_cpus = (unsigned)cpus;
	}
	map->value_bytes =
		map_value_bytes(map->info.type, map->info.value_size, cpus ? (unsigned)cpus : 1);
	return 0;
}

/* "Each of its maps is pinned under its name, name_ID where two maps share one." */
static int foreign_pin(struct image *image, const struct image_map *map, struct fault *fault)
{
	const char *name = map->info.name[0] ? map->info.name : "map";
	struct image_node *node;
	unsigned same = 0;
	int length;

	for (size_t i = 0; i < image->map_count; i++)
		same += !strcmp(image->maps[i].info.name, map->info.name);
	node = image_add_node(image);
	if (!node)
		return fault_set(fault, ENOMEM, "out of memory");
	node->kind = NODE_MAP;
	node->mode = 0600;
	node->id = map->info.id;
	if (same > 1 || !map->info.name[0])
		length = asprintf(&node->path, "%s_%" PRIu32, name, map->info.id);
	else
		length = asprintf(&node->path, "%s", name);
	if (length < 0) {
		node->path = NULL;
		image->node_count--;
		return fault_set(fault, ENOMEM, "out of memory");
	}
	/* a dot is fine in a map's name and refused in bpffs's */
	for (char *at = node->path; *at; at++)
		if (*at == '.' || *at == '/')
			*at = '_';
	return 0;
}

static int foreign_check_pins(struct image *image, struct fault *fault)
{
	for (size_t i = 0; i < image->node_count; i++) {
		struct image_node *node = image_find_node(image, image->nodes[i].path);

		if (node && node->id != image->nodes[i].id)
			return fault_set(fault, EINVAL, "two maps would be pinned as %s",
					 node->path);
	}
	return 0;
}

static int foreign_complete(struct image *image, struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; !error && i < image->map_count; i++)
		error = foreign_map_complete(image, &image->maps[i], fault);
	for (size_t i = 0; !error && i < image->map_count; i++)
		error = foreign_pin(image, &image->maps[i], fault);
	return error ? error : foreign_check_pins(image, fault);
}

/* --- the whole --- */

/* Before its sum is made: a sparse file may claim any size. */
static int manifest_check_size(int directory, struct fault *fault)
{
	struct stat st;

	if (fstatat(directory, IMAGE_MANIFEST, &st, AT_SYMLINK_NOFOLLOW) ||
	    st.st_size <= MANIFEST_MAX)
		return 0;
	return fault_set(fault, EINVAL, IMAGE_MANIFEST ": is too large for one");
}

/* Which kind of directory this is: manifest and sums are both there, or neither. */
static int kind_find(struct image *image, int directory, struct fault *fault)
{
	int manifest = manifest_check_size(directory, fault), sums;

	if (manifest)
		return manifest;
	sums = checksum_verify(directory, sealed_names, image->progress, fault);
	if (sums < 0)
		return sums;
	if (!sums && !faccessat(directory, IMAGE_MANIFEST, F_OK, 0))
		return fault_set(fault, EINVAL,
				 "has a manifest but no %s: a dump that was not finished",
				 IMAGE_SUMS);
	manifest = sums ? manifest_load(directory, &image->manifest, fault) : 0;
	if (manifest < 0)
		return manifest;
	if (sums && !manifest)
		return fault_set(fault, EINVAL, "%s is missing", IMAGE_MANIFEST);
	image->foreign = !sums;
	return 0;
}

static int files_read(struct image *image, int directory, struct fault *fault)
{
	int maps, files, data;
	int inventory = entries_read(image, directory, IMAGE_INVENTORY, IMAGE_MAGIC_INVENTORY,
				     inventory_take, false, fault);

	if (inventory < 0)
		return inventory;
	maps = entries_read(image, directory, IMAGE_BPFMAP_FILE, IMAGE_MAGIC_BPFMAP_FILE,
			    bpfmap_file_take, !image->foreign, fault);
	if (maps < 0)
		return maps;
	files = entries_read(image, directory, IMAGE_FILES, IMAGE_MAGIC_FILES, file_entry_take,
			     false, fault);
	if (files < 0)
		return files;
	if (!maps && (!files || !image->foreign))
		return fault_set(fault, ENOENT,
				 "no snapshot: neither %s nor %s describes maps in it",
				 IMAGE_BPFMAP_FILE, IMAGE_FILES);
	data = data_read(image, directory, fault);
	if (data < 0)
		return data;
	if (!data)
		return fault_set(fault, ENOENT, "%s is missing", IMAGE_BPFMAP_DATA);
	return 0;
}

static int image_load(struct image *image, const char *path, enum image_depth depth,
		      struct fault *fault)
{
	cleanup_close int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (directory < 0 && errno == ENOTDIR)
		return fault_set(fault, ENOTDIR,
				 "is no directory (a tar file is read by bpfsnap with -i)");
	if (directory < 0)
		return fault_set(fault, errno, "%s", strerror(errno));
	image->directory = realpath(path, NULL);
	if (!image->directory)
		return fault_set(fault, errno, "%s", strerror(errno));
	error = kind_find(image, directory, fault);
	if (!error)
		error = files_read(image, directory, fault);
	if (!error)
		error = image->foreign ? foreign_complete(image, fault)
				       : manifest_apply(image, fault);
	if (!error)
		error = image_check(image, fault);
	if (!error && depth == IMAGE_ELEMENTS)
		error = image_check_elements(image, fault);
	return error;
}

int image_read(const char *directory, enum image_depth depth,
	       const struct snapshot_progress *progress, struct image **image, struct fault *fault)
{
	struct image *made;
	int error = image_new(&made);

	if (error)
		return fault_set(fault, -error, "out of memory");
	made->progress = progress;
	error = image_load(made, directory, depth, fault);
	made->progress = NULL;
	if (error) {
		fault_prefix(fault, "%.120s", directory);
		image_free(made);
		return error;
	}
	*image = made;
	return 0;
}
