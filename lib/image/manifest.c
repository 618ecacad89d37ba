// SPDX-License-Identifier: BSD-2-Clause
/* Reading and checking of manifest.json: every list of it has one function for one item. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <bpfuse/cleanup.h>
#include "image/json_read.h"
#include "image/manifest.h"
#include "image/message.h"

#define PATH_LENGTH_MAX 4095
#define NAME_LENGTH_MAX 255

int manifest_load(int directory, json_t **manifest, struct fault *fault)
{
	cleanup_close int fd =
		openat(directory, IMAGE_MANIFEST, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_free char *text = NULL;
	json_error_t problem;
	struct stat st;
	int error;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return fault_set(fault, errno, IMAGE_MANIFEST ": cannot open: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX)
		return fault_set(fault, EINVAL, IMAGE_MANIFEST ": not a manifest");
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return fault_set(fault, ENOMEM, IMAGE_MANIFEST ": out of memory");
	error = message_read_at(fd, IMAGE_MANIFEST, text, (size_t)st.st_size, 0, fault);
	if (error)
		return error;
	*manifest = json_loadb(text, (size_t)st.st_size, JSON_REJECT_DUPLICATES, &problem);
	if (!*manifest)
		return fault_set(fault, EINVAL, IMAGE_MANIFEST ": line %d: %s", problem.line,
				 problem.text);
	return 1;
}

/* --- maps --- */

static int map_apply_runs(struct image_map *map, const json_t *object, struct fault *fault)
{
	json_t *runs = NULL;
	int error = json_read_required(json_read_array(object, "entries", &runs, fault), "entries",
				       fault);

	if (error)
		return error;
	if (json_array_size(runs) != map->run_count)
		return fault_set(fault, EINVAL, "%zu data entries expected, %zu found",
				 json_array_size(runs), map->run_count);
	for (size_t i = 0; i < map->run_count; i++) {
		struct image_run *run = &map->runs[i];
		const json_t *item = json_array_get(runs, i);
		uint64_t count = 0;

		error = json_read_required(json_read_u64(item, "count", &count, fault), "count",
					   fault);
		if (!error && json_read_bool(item, "removed", &run->removed, fault) < 0)
			error = -EINVAL;
		if (!error && count != run->count)
			error = fault_set(fault, EINVAL,
					  "data entry %zu has %" PRIu32 " elements, not %" PRIu64,
					  i, run->count, count);
		if (error)
			return error;
	}
	return 0;
}

static int map_apply_digest(struct image_map *map, const json_t *object, struct fault *fault)
{
	const char *text;
	int there = json_read_string(object, "digest", &text, fault);

	if (there <= 0)
		return there;
	if (digest_parse(text, &map->digest))
		return fault_set(fault, EINVAL, "\"digest\" is not one");
	map->has_digest = true;
	return 0;
}

/* What is in the images too must be the same there. */
static int map_check_double(const struct image_map *map, const json_t *object, struct fault *fault)
{
	char type[24];
	const char *text = NULL;
	bool frozen = map->state.frozen;

	if (json_read_required(json_read_string(object, "type", &text, fault), "type", fault))
		return -EINVAL;
	if (strcmp(text, map_type_name(map->info.type, type)) != 0)
		return fault_set(fault, EINVAL, "is a %s there and a %s in " IMAGE_BPFMAP_FILE,
				 text, type);
	if (json_read_bool(object, "frozen", &frozen, fault) < 0)
		return -EINVAL;
	if (frozen != map->state.frozen)
		return fault_set(fault, EINVAL, "\"frozen\" is not as in " IMAGE_BPFMAP_FILE);
	return 0;
}

static int map_apply_numbers(struct image_map *map, const json_t *object, struct fault *fault)
{
	struct map_info *info = &map->info;
	uint64_t value_bytes = 0, elements = 0;

	if (json_read_u32(object, "btf", &info->btf_id, fault) < 0 ||
	    json_read_u32(object, "btf_key_type_id", &info->btf_key_type_id, fault) < 0 ||
	    json_read_u32(object, "btf_value_type_id", &info->btf_value_type_id, fault) < 0 ||
	    json_read_u32(object, "btf_vmlinux_value_type_id", &info->btf_vmlinux_value_type_id,
			  fault) < 0 ||
	    json_read_u32(object, "inner_map", &map->inner_id, fault) < 0 ||
	    json_read_u32(object, "base_map", &map->base_id, fault) < 0 ||
	    json_read_text(object, "ifname", map->ifname, sizeof(map->ifname), fault) < 0 ||
	    json_read_bool(object, "contents", &map->contents, fault) < 0 ||
	    json_read_required(json_read_u64(object, "value_bytes", &value_bytes, fault),
			       "value_bytes", fault) ||
	    json_read_required(json_read_u64(object, "elements", &elements, fault), "elements",
			       fault))
		return -EINVAL;
	map->value_bytes = (size_t)value_bytes;
	map->elements = elements;
	return 0;
}

static int map_apply_promise(struct image_map *map, const json_t *object, struct fault *fault)
{
	const char *text = "fuzzy";

	if (json_read_string(object, "promise", &text, fault) < 0)
		return -EINVAL;
	if (strcmp(text, "exact") != 0 && strcmp(text, "fuzzy") != 0)
		return fault_set(fault, EINVAL, "\"promise\" is neither exact nor fuzzy");
	map->promise = strcmp(text, "exact") ? PROMISE_FUZZY : PROMISE_EXACT;
	return 0;
}

static int map_apply(struct image *image, const json_t *object, struct fault *fault)
{
	struct image_map *map;
	uint32_t id = 0;
	int error = json_read_required(json_read_u32(object, "id", &id, fault), "id", fault);

	if (error)
		return error;
	map = image_find_map(image, id);
	if (!map)
		return fault_set(fault, EINVAL, "map %" PRIu32 " is not in " IMAGE_BPFMAP_FILE, id);
	if (map->listed)
		return fault_set(fault, EINVAL, "map %" PRIu32 " is listed twice", id);
	map->listed = true;
	map->contents = true;
	error = map_check_double(map, object, fault);
	if (!error)
		error = map_apply_numbers(map, object, fault);
	if (!error)
		error = map_apply_promise(map, object, fault);
	if (!error)
		error = map_apply_digest(map, object, fault);
	if (!error)
		error = map_apply_runs(map, object, fault);
	if (error)
		fault_prefix(fault, "map %" PRIu32, id);
	return error;
}

/* --- the other lists --- */

static int btf_apply(struct image *image, const json_t *object, struct fault *fault)
{
	const char *text = NULL;
	struct image_btf *btf;
	size_t length, padding;
	uint32_t id = 0;

	if (json_read_required(json_read_u32(object, "id", &id, fault), "id", fault) ||
	    json_read_required(json_read_string(object, "base64", &text, fault), "base64", fault))
		return -EINVAL;
	length = strlen(text);
	if (!id || !length || length % 4 || length > INT32_MAX / 2 || image_find_btf(image, id))
		return fault_set(fault, EINVAL, "not a BTF object, or one listed twice");
	padding = (text[length - 1] == '=') + (text[length - 2] == '=');
	btf = image_add_btf(image);
	if (!btf)
		return fault_set(fault, ENOMEM, "out of memory");
	btf->id = id;
	btf->bytes = malloc(length / 4 * 3);
	if (!btf->bytes)
		return fault_set(fault, ENOMEM, "out of memory");
	if (EVP_DecodeBlock(btf->bytes, (const unsigned char *)text, (int)length) !=
	    (int)(length / 4 * 3))
		return fault_set(fault, EINVAL, "\"base64\" is not base64");
	btf->length = length / 4 * 3 - padding;
	return 0;
}

static int tag_parse(const char *text, unsigned char tag[8])
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return -EINVAL;
	for (int i = 0; i < 8; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], 0};

		tag[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return 0;
}

/* Components that lead nowhere else: not empty, not "." or "..". */
static bool path_is_clean(const char *path)
{
	const char *at = path;

	if (!*path || strlen(path) > PATH_LENGTH_MAX)
		return false;
	for (;;) {
		size_t length = strcspn(at, "/");

		if (!length || length > NAME_LENGTH_MAX || (length == 1 && at[0] == '.') ||
		    (length == 2 && !strncmp(at, "..", 2)))
			return false;
		if (!at[length])
			return true;
		at += length + 1;
	}
}

static int prog_apply(struct image *image, const json_t *object, struct fault *fault)
{
	struct image_prog prog = {0}, *added;
	const char *tag = NULL, *pin = NULL;

	if (json_read_required(json_read_u32(object, "id", &prog.id, fault), "id", fault) ||
	    json_read_u32(object, "type", &prog.type, fault) < 0 ||
	    json_read_text(object, "name", prog.name, sizeof(prog.name), fault) < 0 ||
	    json_read_string(object, "pin", &pin, fault) < 0 ||
	    json_read_required(json_read_string(object, "tag", &tag, fault), "tag", fault))
		return -EINVAL;
	if (tag_parse(tag, prog.tag))
		return fault_set(fault, EINVAL, "\"tag\" is not 16 hexadecimal digits");
	if (pin && !path_is_clean(pin))
		return fault_set(fault, EINVAL, "\"pin\" is no path on a bpffs");
	if (!prog.id || image_find_prog(image, prog.id))
		return fault_set(fault, EINVAL, "program %" PRIu32 " is listed twice", prog.id);
	added = image_add_prog(image);
	if (!added)
		return fault_set(fault, ENOMEM, "out of memory");
	*added = prog;
	added->pin = pin ? strdup(pin) : NULL;
	return pin && !added->pin ? fault_set(fault, ENOMEM, "out of memory") : 0;
}

static int device_apply(struct image *image, const json_t *object, struct fault *fault)
{
	struct image_device device = {0}, *added;

	if (json_read_required(json_read_u32(object, "ifindex", &device.ifindex, fault), "ifindex",
			       fault) ||
	    json_read_required(
		    json_read_text(object, "ifname", device.name, sizeof(device.name), fault),
		    "ifname", fault))
		return -EINVAL;
	if (!device.ifindex || image_find_device(image, device.ifindex))
		return fault_set(fault, EINVAL, "interface %" PRIu32 " is listed twice",
				 device.ifindex);
	added = image_add_device(image);
	if (!added)
		return fault_set(fault, ENOMEM, "out of memory");
	*added = device;
	return 0;
}

static int node_kind_parse(const char *text, enum image_node_kind *kind)
{
	for (int i = NODE_DIRECTORY; i <= NODE_LINK; i++) {
		if (!strcmp(text, image_node_kind_name((enum image_node_kind)i))) {
			*kind = (enum image_node_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Its directory must be in the list already: so nothing is made behind a symlink or a pin. */
static int node_check_place(struct image *image, const char *path, struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	const struct image_node *parent;
	cleanup_free char *directory = NULL;

	if (!path_is_clean(path))
		return fault_set(fault, EINVAL, "\"%.100s\" is no path below the target", path);
	if (strchr(path, '.'))
		return fault_set(fault, EINVAL, "\"%.100s\" has a dot, which no bpffs has in names",
				 path);
	if (image_find_node(image, path))
		return fault_set(fault, EINVAL, "\"%.100s\" is listed twice", path);
	if (!slash)
		return 0;
	directory = strndup(path, (size_t)(slash - path));
	if (!directory)
		return fault_set(fault, ENOMEM, "out of memory");
	parent = image_find_node(image, directory);
	if (!parent || parent->kind != NODE_DIRECTORY)
		return fault_set(fault, EINVAL, "\"%.100s\" is in no directory of the snapshot",
				 path);
	return 0;
}

/* A pin must point to something the image knows. Links are known by their pin only. */
static int node_check_object(struct image *image, const struct image_node *node,
			     struct fault *fault)
{
	if (node->kind == NODE_MAP && !image_find_map(image, node->id))
		return fault_set(fault, EINVAL, "is the pin of map %" PRIu32 ", which is not here",
				 node->id);
	if (node->kind == NODE_PROG && !image_find_prog(image, node->id))
		return fault_set(fault, EINVAL,
				 "is the pin of program %" PRIu32 ", which is not listed",
				 node->id);
	return 0;
}

static int node_fill(struct image_node *node, const char *path, const char *target,
		     struct fault *fault)
{
	node->path = strdup(path);
	if (node->kind == NODE_SYMLINK)
		node->target = strdup(target ? target : "");
	if (!node->path || (node->kind == NODE_SYMLINK && !node->target))
		return fault_set(fault, ENOMEM, "out of memory");
	return 0;
}

static int node_apply(struct image *image, const json_t *object, struct fault *fault)
{
	struct image_node node = {0}, *added;
	const char *path = NULL, *kind = NULL, *target = NULL;
	uint32_t mode = 0;
	int error;

	if (json_read_required(json_read_string(object, "path", &path, fault), "path", fault) ||
	    json_read_required(json_read_string(object, "kind", &kind, fault), "kind", fault) ||
	    json_read_required(json_read_u32(object, "mode", &mode, fault), "mode", fault) ||
	    json_read_u32(object, "uid", &node.uid, fault) < 0 ||
	    json_read_u32(object, "gid", &node.gid, fault) < 0 ||
	    json_read_u32(object, "id", &node.id, fault) < 0 ||
	    json_read_u32(object, "link_type", &node.link_type, fault) < 0 ||
	    json_read_u32(object, "prog", &node.prog_id, fault) < 0 ||
	    json_read_string(object, "target", &target, fault) < 0)
		return -EINVAL;
	if (node_kind_parse(kind, &node.kind))
		return fault_set(fault, EINVAL, "\"%.20s\" is no kind of pin tree entry", kind);
	if (mode & ~07777u)
		return fault_set(fault, EINVAL, "\"mode\" is no mode");
	node.mode = mode;
	if (node.kind == NODE_SYMLINK && (!target || !*target || strlen(target) > PATH_LENGTH_MAX))
		return fault_set(fault, EINVAL, "\"target\" of a symlink is missing or too long");
	error = node_check_place(image, path, fault);
	if (!error)
		error = node_check_object(image, &node, fault);
	if (error)
		return error;
	added = image_add_node(image);
	if (!added)
		return fault_set(fault, ENOMEM, "out of memory");
	*added = node;
	return node_fill(added, path, target, fault);
}

/* --- the whole --- */

/* The order matters: pins refer to maps and programs. */
static const struct manifest_list {
	const char *name;
	int (*apply)(struct image *image, const json_t *object, struct fault *fault);
} manifest_lists[] = {
	{"maps", map_apply},	   {"btf", btf_apply},	 {"progs", prog_apply},
	{"devices", device_apply}, {"tree", node_apply},
};

static int list_apply(struct image *image, const struct manifest_list *list, struct fault *fault)
{
	json_t *array = NULL, *item;
	size_t index;
	int error = json_read_required(json_read_array(image->manifest, list->name, &array, fault),
				       list->name, fault);

	if (error)
		return error;
	json_array_foreach (array, index, item) {
		if (!json_is_object(item))
			error = fault_set(fault, EINVAL, "is not an object");
		else
			error = list->apply(image, item, fault);
		if (error) {
			fault_prefix(fault, "\"%s\"[%zu]", list->name, index);
			return error;
		}
	}
	return 0;
}

static int head_check(struct image *image, struct fault *fault)
{
	const char *format = "", *order = "";
	uint32_t version = 0, cpus = 0;

	if (json_read_string(image->manifest, "format", &format, fault) < 0 ||
	    strcmp(format, "bpfuse-snapshot") != 0)
		return fault_set(fault, EINVAL, "is not the manifest of a snapshot");
	if (json_read_required(json_read_u32(image->manifest, "version", &version, fault),
			       "version", fault))
		return -EINVAL;
	if (!version || version > IMAGE_VERSION)
		return fault_set(fault, EINVAL,
				 "version %" PRIu32 " of the format is newer than this program "
				 "knows (%d)",
				 version, IMAGE_VERSION);
	if (json_read_required(json_read_string(image->manifest, "byte_order", &order, fault),
			       "byte_order", fault) ||
	    json_read_required(json_read_u32(image->manifest, "possible_cpus", &cpus, fault),
			       "possible_cpus", fault))
		return -EINVAL;
	if (strcmp(order, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big") != 0)
		return fault_set(fault, EINVAL, "written on a machine of the other byte order");
	if (!cpus || cpus > 1u << 16)
		return fault_set(fault, EINVAL, "\"possible_cpus\" is %" PRIu32, cpus);
	image->possible_cpus = cpus;
	return 0;
}

static int base_apply(struct image *image, struct fault *fault)
{
	const json_t *base = json_object_get(image->manifest, "base");
	const char *directory = NULL;

	if (!base)
		return 0;
	if (json_read_required(json_read_string(base, "directory", &directory, fault), "directory",
			       fault) ||
	    json_read_required(
		    json_read_text(base, "sha256", image->base_sum, sizeof(image->base_sum), fault),
		    "sha256", fault)) {
		fault_prefix(fault, "\"base\"");
		return -EINVAL;
	}
	image->base = strdup(directory);
	return image->base ? 0 : fault_set(fault, ENOMEM, "out of memory");
}

static int omitted_apply(struct image *image, struct fault *fault)
{
	json_t *omitted = NULL, *item;
	size_t index;
	int there = json_read_array(image->manifest, "omitted", &omitted, fault);

	if (there <= 0)
		return there;
	json_array_foreach (omitted, index, item)
		if (!json_is_string(json_object_get(item, "what")) ||
		    !json_is_string(json_object_get(item, "why")))
			return fault_set(fault, EINVAL, "\"omitted\"[%zu] is not as it should be",
					 index);
	json_decref(image->omitted);
	image->omitted = json_incref(omitted);
	return 0;
}

int manifest_apply(struct image *image, struct fault *fault)
{
	int error;

	if (!json_is_object(image->manifest))
		error = fault_set(fault, EINVAL, "is not an object");
	else
		error = head_check(image, fault);
	for (size_t i = 0; !error && i < sizeof(manifest_lists) / sizeof(manifest_lists[0]); i++)
		error = list_apply(image, &manifest_lists[i], fault);
	if (!error)
		error = base_apply(image, fault);
	if (!error)
		error = omitted_apply(image, fault);
	if (error)
		fault_prefix(fault, IMAGE_MANIFEST);
	return error;
}
