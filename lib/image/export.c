// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "image/btf_json.h"
#include "image/codecs.h"
#include "image/elements.h"
#include "text/btf_read.h"

/* How often what was rendered is written out, in bytes. */
#define EXPORT_FLUSH (256u << 10)

struct export
{
	struct image *image;
	struct image_codecs *codecs; /* ours */
	struct btf *btf;	     /* bpftool's: of the current map */
	const struct image_map *map;
	struct buffer out;
	FILE *file;
	struct fault *fault;
};

static int export_flush(struct export *export, size_t limit)
{
	int error = buffer_error(&export->out);

	if (error)
		return fault_set(export->fault, -error, "out of memory");
	if (export->out.length < limit)
		return 0;
	if (fwrite(export->out.data, 1, export->out.length, export->file) != export->out.length)
		return fault_set(export->fault, errno ? errno : EIO, "cannot write: %s",
				 strerror(errno));
	buffer_reset(&export->out);
	return 0;
}

/* --- ours --- */

static void element_ours(struct export *export, const void *key, const void *value)
{
	struct buffer *out = &export->out;

	buffer_append_char(out, '{');
	if (export->map->info.key_size) {
		buffer_append_string(out, "\"key\":");
		image_print_key_json(export->codecs, export->map, key, out);
		buffer_append_char(out, ',');
	}
	buffer_append_string(out, "\"value\":");
	image_print_value(export->codecs, export->map, value, out);
	buffer_append_char(out, '}');
}

/* --- bpftool's --- */

static void bytes_bpftool(struct buffer *out, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	buffer_append_char(out, '[');
	for (size_t i = 0; i < length; i++) {
		char text[8] = {',', '"', '0', 'x', digits[bytes[i] >> 4], digits[bytes[i] & 15],
				'"'};

		buffer_append(out, text + !i, 7 - !i);
	}
	buffer_append_char(out, ']');
}

/* `print` gives one CPU's value. */
static void cpus_bpftool(struct export *export, const unsigned char *value,
			 void (*print)(struct export *export, const unsigned char *value))
{
	size_t slot = (export->map->info.value_size + 7) & ~(size_t)7;

	buffer_append_string(&export->out, "\"values\":[");
	for (size_t cpu = 0; cpu * slot < export->map->value_bytes; cpu++) {
		buffer_append_format(&export->out, "%s{\"cpu\":%zu,\"value\":", cpu ? "," : "",
				     cpu);
		print(export, value + cpu * slot);
		buffer_append_char(&export->out, '}');
	}
	buffer_append_char(&export->out, ']');
}

static void value_raw(struct export *export, const unsigned char *value)
{
	bytes_bpftool(&export->out, value, export->map->info.value_size);
}

static void typed(struct export *export, uint32_t type_id, const void *bytes, size_t size)
{
	size_t before = export->out.length;

	if (btf_json_print(export->btf, type_id, bytes, size, &export->out))
		return;
	/* half a value must not remain */
	export->out.length = before;
	buffer_append_string(&export->out, "null");
}

static void value_typed(struct export *export, const unsigned char *value)
{
	typed(export, export->map->info.btf_value_type_id, value, export->map->info.value_size);
}

static void value_bpftool(struct export *export, const unsigned char *value,
			  void (*print)(struct export *export, const unsigned char *value))
{
	if (map_type_get(export->map->info.type)->percpu) {
		cpus_bpftool(export, value, print);
		return;
	}
	buffer_append_string(&export->out, "\"value\":");
	print(export, value);
}

static void element_bpftool(struct export *export, const void *key, const void *value)
{
	const struct map_info *info = &export->map->info;
	struct buffer *out = &export->out;

	buffer_append_string(out, "{\"key\":");
	bytes_bpftool(out, key, info->key_size);
	buffer_append_char(out, ',');
	value_bpftool(export, value, value_raw);
	if (export->btf) {
		buffer_append_string(out, ",\"formatted\":{");
		if (info->btf_key_type_id) { /* a section of variables has none */
			buffer_append_string(out, "\"key\":");
			typed(export, info->btf_key_type_id, key, info->key_size);
			buffer_append_char(out, ',');
		}
		value_bpftool(export, value, value_typed);
		buffer_append_char(out, '}');
	}
	buffer_append_char(out, '}');
}

/* bpftool shows empty slots of these with the error that the lookup gave. */
static bool shows_empty_slots(const struct image_map *map)
{
	enum map_value kind = map_type_get(map->info.type)->value;

	return map_type_get(map->info.type)->indexed && map->contents &&
	       (kind == VALUE_DEVMAP || kind == VALUE_CPUMAP);
}

static int empty_slots(struct export *export, uint32_t from, uint32_t to, bool *first)
{
	int error = 0;

	for (uint32_t index = from; !error && index < to; index++) {
		buffer_append_string(&export->out, *first ? "" : ",");
		*first = false;
		buffer_append_string(&export->out, "{\"key\":");
		bytes_bpftool(&export->out, (const unsigned char *)&index, sizeof(index));
		buffer_append_string(&export->out,
				     ",\"value\":{\"error\":\"No such file or directory\"}}");
		error = export_flush(export, EXPORT_FLUSH);
	}
	return error;
}

/* bpftool's dump of a queue or stack is empty: it cannot list their keys. */
static bool has_elements(const struct image_map *map, enum snapshot_export shape)
{
	return map->contents && (shape == SNAPSHOT_EXPORT_OURS || map->info.key_size);
}

/* --- both --- */

static int chunk_export(struct export *export, enum snapshot_export shape,
			const struct elements *elements, bool *first, uint32_t *next)
{
	const struct image_map *map = export->map;
	bool holes = shape == SNAPSHOT_EXPORT_BPFTOOL && shows_empty_slots(map);
	int error = 0;

	for (uint32_t i = 0; !error && i < elements->count; i++) {
		const unsigned char *key = elements->keys + (size_t)i * map->info.key_size;
		const unsigned char *value = elements->values + i * map->value_bytes;
		uint32_t index = 0;

		if (holes) {
			memcpy(&index, key, sizeof(index));
			error = empty_slots(export, *next, index, first);
			*next = index + 1;
		}
		buffer_append_string(&export->out, *first ? "" : ",");
		*first = false;
		if (shape == SNAPSHOT_EXPORT_OURS)
			element_ours(export, key, value);
		else
			element_bpftool(export, key, value);
		if (!error)
			error = export_flush(export, EXPORT_FLUSH);
	}
	return error;
}

static int elements_export(struct export *export, enum snapshot_export shape)
{
	const struct image_map *map = export->map;
	struct elements elements;
	uint32_t next = 0;
	bool first = true;
	int more = 0, error = 0;

	buffer_append_char(&export->out, '[');
	if (has_elements(map, shape)) {
		error = elements_open(export->image, map, &elements, export->fault);
		if (error)
			return error;
		while (!error && (more = elements_next(&elements, export->fault)) > 0)
			error = chunk_export(export, shape, &elements, &first, &next);
		elements_close(&elements);
	}
	if (!error && !more && shape == SNAPSHOT_EXPORT_BPFTOOL && shows_empty_slots(map))
		error = empty_slots(export, next, map->info.max_entries, &first);
	buffer_append_char(&export->out, ']');
	return error ? error : more;
}

static void map_head_ours(struct export *export)
{
	const struct map_info *info = &export->map->info;
	struct buffer flags = BUFFER_INIT;
	char type[24];

	map_flags_print(info->map_flags, &flags);
	buffer_append_format(&export->out,
			     "{\"id\":%" PRIu32 ",\"type\":\"%s\",\"key_size\":%" PRIu32
			     ",\"value_size\":%" PRIu32 ",\"max_entries\":%" PRIu32
			     ",\"flags\":\"%s\",\"frozen\":%s,\"elements\":",
			     info->id, map_type_name(info->type, type), info->key_size,
			     info->value_size, info->max_entries, flags.data ? flags.data : "0",
			     export->map->state.frozen ? "true" : "false");
	buffer_free(&flags);
}

static void btf_open(struct export *export)
{
	const struct image_btf *btf = image_find_btf(export->image, export->map->info.btf_id);

	export->btf = NULL;
	if (export->map->info.btf_id && btf)
		btf_parse(btf->bytes, btf->length, &export->btf);
}

static int map_export(struct export *export, enum snapshot_export shape,
		      const struct image_map *map, bool whole)
{
	bool ours = shape == SNAPSHOT_EXPORT_OURS && whole;
	int error;

	export->map = map;
	if (shape == SNAPSHOT_EXPORT_BPFTOOL)
		btf_open(export);
	if (ours)
		map_head_ours(export);
	error = elements_export(export, shape);
	if (ours)
		buffer_append_char(&export->out, '}');
	btf__free(export->btf);
	export->btf = NULL;
	return error;
}

static const struct image_map *map_by_word(struct image *image, const char *word)
{
	const struct image_node *node = image_find_node(image, word);
	char *end;
	unsigned long id = strtoul(word, &end, 10);

	if (node && node->kind == NODE_MAP)
		return image_find_map(image, node->id);
	for (size_t i = 0; i < image->map_count; i++)
		if (!strcmp(image->maps[i].info.name, word))
			return &image->maps[i];
	return *end ? NULL : image_find_map(image, (uint32_t)id);
}

static void append_quoted(struct buffer *out, const char *text)
{
	json_t *string = json_string(text);
	cleanup_free char *quoted =
		string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	buffer_append_string(out, quoted ? quoted : "\"?\"");
	json_decref(string);
}

static int export_all(struct export *export, enum snapshot_export shape)
{
	char label[96];
	int error = 0;

	buffer_append_char(&export->out, '{');
	for (size_t i = 0; !error && i < export->image->map_count; i++) {
		const struct image_map *map = &export->image->maps[i];

		buffer_append_string(&export->out, i ? ",\n" : "");
		append_quoted(&export->out, image_map_label(export->image, map, label));
		buffer_append_char(&export->out, ':');
		error = map_export(export, shape, map, true);
	}
	buffer_append_string(&export->out, "}\n");
	return error;
}

static int export_one(struct export *export, enum snapshot_export shape, const char *word)
{
	const struct image_map *map = map_by_word(export->image, word);
	int error;

	if (!map)
		return fault_set(export->fault, ENOENT, "there is no map %s in the snapshot", word);
	error = map_export(export, shape, map, false);
	buffer_append_char(&export->out, '\n');
	return error;
}

int snapshot_export(struct image *image, enum snapshot_export shape, const char *map, FILE *file,
		    struct fault *fault)
{
	struct export export = {.image = image, .out = BUFFER_INIT, .file = file, .fault = fault};
	int error = 0;

	if (shape == SNAPSHOT_EXPORT_OURS)
		error = image_codecs_open(image, &export.codecs, fault);
	if (!error)
		error = map ? export_one(&export, shape, map) : export_all(&export, shape);
	if (!error)
		error = export_flush(&export, 0);
	image_codecs_close(export.codecs);
	buffer_free(&export.out);
	return error;
}
