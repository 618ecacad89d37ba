// SPDX-License-Identifier: BSD-2-Clause
/*
 * What differs between two snapshots. Names are compared by path, maps behind the same name by
 * their attributes and elements, and references by what they refer to: an id says nothing
 * about another machine, or another day.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/codecs.h"
#include "image/join.h"

struct diff {
	struct image *from, *to;
	struct image_codecs *from_codecs, *to_codecs;
	const struct snapshot_diff_options *options;
	struct fault *fault;
	const char *path; /* of the maps being compared */
	const struct image_map *from_map, *to_map;
	bool different;
	struct buffer line;
};

/* --- output --- */

static const char *const change_words[] = {
	[JOIN_ADDED] = "added", [JOIN_REMOVED] = "removed", [JOIN_CHANGED] = "changed"};
static const char change_signs[] = {[JOIN_ADDED] = '+', [JOIN_REMOVED] = '-', [JOIN_CHANGED] = '~'};

static int line_end(struct diff *diff)
{
	int error = buffer_error(&diff->line);

	diff->different = true;
	if (!error)
		error = diff->options->print(diff->options->context, diff->line.data);
	buffer_reset(&diff->line);
	return error;
}

static void append_json_string(struct buffer *out, const char *text)
{
	json_t *string = json_string(text);
	cleanup_free char *quoted =
		string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	buffer_append_string(out, quoted ? quoted : "null");
	json_decref(string);
}

static int print_name(struct diff *diff, enum join_change change, const struct image_node *node)
{
	struct buffer *line = &diff->line;

	if (!diff->options->json) {
		buffer_append_format(line, "%c %s (%s)", change_signs[change], node->path,
				     image_node_kind_name(node->kind));
		return line_end(diff);
	}
	buffer_append_format(line, "{\"change\":\"%s\",\"path\":", change_words[change]);
	append_json_string(line, node->path);
	buffer_append_format(line, ",\"kind\":\"%s\"}", image_node_kind_name(node->kind));
	return line_end(diff);
}

static int print_attribute(struct diff *diff, const char *path, const char *name, const char *from,
			   const char *to)
{
	struct buffer *line = &diff->line;

	if (!diff->options->json) {
		buffer_append_format(line, "~ %s: %s: %s -> %s", path, name, from, to);
		return line_end(diff);
	}
	buffer_append_string(line, "{\"change\":\"changed\",\"path\":");
	append_json_string(line, path);
	buffer_append_format(line, ",\"attribute\":\"%s\",\"from\":", name);
	append_json_string(line, from);
	buffer_append_string(line, ",\"to\":");
	append_json_string(line, to);
	buffer_append_char(line, '}');
	return line_end(diff);
}

/* The side that has the key prints it. */
static void append_element_json(struct diff *diff, enum join_change change, const void *key,
				const void *from_value, const void *to_value)
{
	struct buffer *line = &diff->line;

	buffer_append_format(line, "{\"change\":\"%s\",\"map\":", change_words[change]);
	append_json_string(line, diff->path);
	buffer_append_string(line, ",\"key\":");
	if (to_value)
		image_print_key_json(diff->to_codecs, diff->to_map, key, line);
	else
		image_print_key_json(diff->from_codecs, diff->from_map, key, line);
	if (from_value) {
		buffer_append_string(line, to_value ? ",\"from\":" : ",\"value\":");
		image_print_value(diff->from_codecs, diff->from_map, from_value, line);
	}
	if (to_value) {
		buffer_append_string(line, from_value ? ",\"to\":" : ",\"value\":");
		image_print_value(diff->to_codecs, diff->to_map, to_value, line);
	}
	buffer_append_char(line, '}');
}

static void append_element_text(struct diff *diff, enum join_change change, const void *key,
				const void *from_value, const void *to_value)
{
	struct buffer *line = &diff->line;

	buffer_append_format(line, "%c %s: ", change_signs[change], diff->path);
	if (to_value)
		image_print_name(diff->to_codecs, diff->to_map, key, line);
	else
		image_print_name(diff->from_codecs, diff->from_map, key, line);
	buffer_append_char(line, '\t');
	if (from_value)
		image_print_value(diff->from_codecs, diff->from_map, from_value, line);
	if (from_value && to_value)
		buffer_append_string(line, " -> ");
	if (to_value)
		image_print_value(diff->to_codecs, diff->to_map, to_value, line);
}

/* --- references: what they stand for --- */

struct meaning {
	unsigned char bytes[24];
};

static void prog_mean(const struct image *image, uint32_t id, unsigned char meaning[8])
{
	const struct image_prog *prog = image_find_prog(image, id);

	memset(meaning, 0, 8);
	if (prog)
		memcpy(meaning, prog->tag, 8);
}

static void map_mean(struct image *image, uint32_t id, unsigned char meaning[8])
{
	const struct image_map *map = image_find_map(image, id);
	uint64_t hash = 0;

	if (map) {
		const uint64_t attributes[] = {
			map->info.type,	       map->info.key_size,  map->info.value_size,
			map->info.max_entries, map->info.map_flags, map->elements,
			map->digest.low,       map->digest.high,    map->info.map_extra};

		hash = XXH3_64bits(attributes, sizeof(attributes));
	}
	memcpy(meaning, &hash, sizeof(hash));
}

static void value_mean(struct image *image, const struct image_map *map, const void *value,
		       struct meaning *meaning)
{
	enum map_value kind = map_type_get(map->info.type)->value;
	const struct image_device *device;
	uint32_t words[2] = {0, 0};
	uint64_t hash;

	memset(meaning, 0, sizeof(*meaning));
	memcpy(words, value, map->value_bytes < sizeof(words) ? map->value_bytes : sizeof(words));
	switch (kind) {
	case VALUE_MAP:
		map_mean(image, words[0], meaning->bytes);
		return;
	case VALUE_PROG:
		prog_mean(image, words[0], meaning->bytes);
		return;
	case VALUE_DEVMAP:
		device = image_find_device(image, words[0]);
		hash = device ? XXH3_64bits(device->name, strlen(device->name)) : words[0];
		memcpy(meaning->bytes, &hash, sizeof(hash));
		break;
	default:
		memcpy(meaning->bytes, &words[0], sizeof(words[0]));
		break;
	}
	prog_mean(image, words[1], meaning->bytes + 8);
}

static bool values_mean_the_same(struct diff *diff, const void *from_value, const void *to_value)
{
	enum map_value kind = map_type_get(diff->to_map->info.type)->value;
	struct meaning from, to;

	if (kind == VALUE_PLAIN || kind == VALUE_FD)
		return false;
	value_mean(diff->from, diff->from_map, from_value, &from);
	value_mean(diff->to, diff->to_map, to_value, &to);
	return !memcmp(&from, &to, sizeof(from));
}

static int element_visit(void *context, enum join_change change, const void *key,
			 const void *from_value, const void *to_value)
{
	struct diff *diff = context;

	/* equal ids of two machines, or days, need not mean the same */
	if (change == JOIN_SAME && (map_type_get(diff->to_map->info.type)->value == VALUE_PLAIN ||
				    values_mean_the_same(diff, from_value, to_value)))
		return 0;
	if (change == JOIN_CHANGED && values_mean_the_same(diff, from_value, to_value))
		return 0;
	if (change == JOIN_SAME)
		change = JOIN_CHANGED;
	if (diff->options->json)
		append_element_json(diff, change, key, from_value, to_value);
	else
		append_element_text(diff, change, key, from_value, to_value);
	return line_end(diff);
}

/* --- maps --- */

struct texts {
	char from[64], to[64];
};

static int number_compare(struct diff *diff, const char *name, uint64_t from, uint64_t to)
{
	struct texts texts;

	if (from == to)
		return 0;
	snprintf(texts.from, sizeof(texts.from), "%llu", (unsigned long long)from);
	snprintf(texts.to, sizeof(texts.to), "%llu", (unsigned long long)to);
	return print_attribute(diff, diff->path, name, texts.from, texts.to);
}

static int flags_compare(struct diff *diff)
{
	struct buffer from = BUFFER_INIT, to = BUFFER_INIT;
	int error = 0;

	if (diff->from_map->info.map_flags != diff->to_map->info.map_flags) {
		map_flags_print(diff->from_map->info.map_flags, &from);
		map_flags_print(diff->to_map->info.map_flags, &to);
		error = print_attribute(diff, diff->path, "flags", from.data, to.data);
	}
	buffer_free(&from);
	buffer_free(&to);
	return error;
}

static int attributes_compare(struct diff *diff)
{
	const struct map_info *from = &diff->from_map->info, *to = &diff->to_map->info;
	char from_type[24], to_type[24];
	int error = 0;

	if (from->type != to->type)
		error = print_attribute(diff, diff->path, "type",
					map_type_name(from->type, from_type),
					map_type_name(to->type, to_type));
	if (!error && strcmp(from->name, to->name) != 0)
		error = print_attribute(diff, diff->path, "name", from->name, to->name);
	if (!error && strcmp(diff->from_map->ifname, diff->to_map->ifname) != 0)
		error = print_attribute(diff, diff->path, "device", diff->from_map->ifname,
					diff->to_map->ifname);
	if (!error)
		error = number_compare(diff, "key_size", from->key_size, to->key_size);
	if (!error)
		error = number_compare(diff, "value_size", from->value_size, to->value_size);
	if (!error)
		error = number_compare(diff, "max_entries", from->max_entries, to->max_entries);
	if (!error)
		error = number_compare(diff, "extra", from->map_extra, to->map_extra);
	if (!error)
		error = number_compare(diff, "frozen", diff->from_map->state.frozen,
				       diff->to_map->state.frozen);
	return error ? error : flags_compare(diff);
}

static int map_compare(struct diff *diff, const char *path, uint32_t from_id, uint32_t to_id)
{
	const struct image_map *from = image_find_map(diff->from, from_id);
	const struct image_map *to = image_find_map(diff->to, to_id);
	bool references;
	int error;

	if (!from || !to)
		return 0;
	diff->path = path;
	diff->from_map = from;
	diff->to_map = to;
	error = attributes_compare(diff);
	if (error || diff->options->brief || !from->contents || !to->contents)
		return error;
	if (from->info.type != to->info.type || from->info.key_size != to->info.key_size ||
	    from->value_bytes != to->value_bytes)
		return 0;
	references = map_type_get(to->info.type)->value != VALUE_PLAIN;
	if (!references && from->has_digest && to->has_digest && from->elements == to->elements &&
	    digest_equal(&from->digest, &to->digest))
		return 0;
	return image_join(diff->from, from, diff->to, to, references, element_visit, diff,
			  diff->fault);
}

/* --- names --- */

static int owner_compare(struct diff *diff, const struct image_node *from,
			 const struct image_node *to)
{
	char before[32], after[32];
	int error = 0;

	/* CRIU's images do not know owners and modes */
	if (diff->from->foreign || diff->to->foreign)
		return 0;
	if (from->mode != to->mode && from->kind != NODE_SYMLINK) {
		snprintf(before, sizeof(before), "%04o", from->mode);
		snprintf(after, sizeof(after), "%04o", to->mode);
		error = print_attribute(diff, to->path, "mode", before, after);
	}
	if (!error && (from->uid != to->uid || from->gid != to->gid)) {
		snprintf(before, sizeof(before), "%u:%u", from->uid, from->gid);
		snprintf(after, sizeof(after), "%u:%u", to->uid, to->gid);
		error = print_attribute(diff, to->path, "owner", before, after);
	}
	return error;
}

static int node_compare(struct diff *diff, const struct image_node *from,
			const struct image_node *to)
{
	unsigned char from_prog[8], to_prog[8];
	int error;

	if (from->kind != to->kind)
		return print_attribute(diff, to->path, "kind", image_node_kind_name(from->kind),
				       image_node_kind_name(to->kind));
	error = owner_compare(diff, from, to);
	if (!error && from->kind == NODE_SYMLINK && strcmp(from->target, to->target) != 0)
		error = print_attribute(diff, to->path, "target", from->target, to->target);
	if (!error && from->kind == NODE_PROG) {
		prog_mean(diff->from, from->id, from_prog);
		prog_mean(diff->to, to->id, to_prog);
		if (memcmp(from_prog, to_prog, sizeof(to_prog)) != 0)
			error = print_attribute(diff, to->path, "program", "another tag",
						"another tag");
	}
	if (!error && from->kind == NODE_MAP)
		error = map_compare(diff, to->path, from->id, to->id);
	return error;
}

/* The only top-level name, which is that of the place: two places are compared by what is in them.
 */
static const char *only_root(const struct image *image)
{
	const char *root = NULL;

	for (size_t i = 0; i < image->node_count; i++) {
		if (strchr(image->nodes[i].path, '/'))
			continue;
		if (root || image->nodes[i].kind != NODE_DIRECTORY)
			return NULL;
		root = image->nodes[i].path;
	}
	return root;
}

/*
 * What the names of each image begin with that is the name of a place, not of what is there: NULL
 * in both where the names are compared as they stand, "" where there is no such name.
 */
struct places {
	const char *from, *to;
};

/*
 * CRIU's images, and dumps of several paths, have no place: against a directory they are compared
 * with what is in it, unless it is one of those paths.
 */
static struct places places_find(struct image *from, struct image *to)
{
	struct places places = {only_root(from), only_root(to)};

	if (places.from && !places.to)
		places.to = image_find_node(to, places.from) ? NULL : "";
	else if (places.to && !places.from)
		places.from = image_find_node(from, places.to) ? NULL : "";
	if (!places.from || !places.to)
		places = (struct places){NULL, NULL};
	return places;
}

/* `path` of one image in another whose place has another name. */
static const struct image_node *counterpart(struct image *other, const char *place,
					    const char *other_place, const char *path)
{
	cleanup_free char *moved = NULL;

	if (!place)
		return image_find_node(other, path);
	path += strlen(place);
	path += *path == '/';
	if (asprintf(&moved, "%s%s%s", other_place, *other_place && *path ? "/" : "", path) < 0) {
		moved = NULL;
		return NULL;
	}
	return image_find_node(other, moved);
}

/* A place that the other side has no name for is nothing that one of them lacks. */
static bool is_nameless(const char *place, const char *other_place, const char *path)
{
	return place && !*other_place && !strcmp(place, path);
}

static int nodes_compare(struct diff *diff)
{
	struct places places = places_find(diff->from, diff->to);
	int error = 0;

	for (size_t i = 0; !error && i < diff->from->node_count; i++) {
		const struct image_node *node = &diff->from->nodes[i];

		if (!is_nameless(places.from, places.to, node->path) &&
		    !counterpart(diff->to, places.from, places.to, node->path))
			error = print_name(diff, JOIN_REMOVED, node);
	}
	for (size_t i = 0; !error && i < diff->to->node_count; i++) {
		const struct image_node *node = &diff->to->nodes[i];
		const struct image_node *from =
			counterpart(diff->from, places.to, places.from, node->path);

		if (from)
			error = node_compare(diff, from, node);
		else if (!is_nameless(places.to, places.from, node->path))
			error = print_name(diff, JOIN_ADDED, node);
	}
	return error;
}

int snapshot_diff(struct image *from, struct image *to, const struct snapshot_diff_options *options,
		  bool *different, struct fault *fault)
{
	struct diff diff = {
		.from = from, .to = to, .options = options, .fault = fault, .line = BUFFER_INIT};
	int error = image_codecs_open(from, &diff.from_codecs, fault);

	if (!error)
		error = image_codecs_open(to, &diff.to_codecs, fault);
	if (!error) {
		error = nodes_compare(&diff);
		if (error && fault && !fault->text[0])
			fault_set(fault, -error, "%s", strerror(-error));
	}
	image_codecs_close(diff.from_codecs);
	image_codecs_close(diff.to_codecs);
	buffer_free(&diff.line);
	*different = diff.different;
	return error;
}
