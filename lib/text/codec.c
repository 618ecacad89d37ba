// SPDX-License-Identifier: BSD-2-Clause
/* Which types a map's keys and values have. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "text/characters.h"
#include "text/codec.h"
#include "text/type_btf.h"
#include "text/type_words.h"

/* --- without BTF and words: by the map's type and sizes --- */

static const struct type *plain_key(struct codec *codec)
{
	uint32_t size = codec->info.key_size;

	if (codec->info.type == BPF_MAP_TYPE_LPM_TRIE && size > 4)
		return type_make(&codec->arena,
				 size == 8    ? TYPE_PREFIX4
				 : size == 20 ? TYPE_PREFIX6
					      : TYPE_PREFIX_BYTES,
				 size,
				 size == 8    ? "lpm4"
				 : size == 20 ? "lpm6"
					      : "a prefix");
	return type_of_size(&codec->arena, size);
}

/* Values that the kernel defines, whatever BTF says; NULL for all others. */
static const struct type *reference_value(struct codec *codec)
{
	static const struct {
		enum map_value value;
		enum type_kind kind;
		const char *name;
	} references[] = {
		{VALUE_MAP, TYPE_MAP_REFERENCE, "map"},
		{VALUE_PROG, TYPE_PROG_REFERENCE, "prog"},
		{VALUE_DEVMAP, TYPE_DEVMAP, "devmap"},
		{VALUE_CPUMAP, TYPE_CPUMAP, "cpumap"},
	};
	uint32_t size = codec->info.value_size;

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (references[i].value == codec->map_type->value && (size == 4 || size == 8))
			return type_make(&codec->arena, references[i].kind, size,
					 references[i].name);
	return NULL;
}

/* --- by BTF --- */

static int set_note(struct codec *codec, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A second note goes behind the first. */
static int set_note(struct codec *codec, const char *format, ...)
{
	char note[256];
	size_t used = 0;
	va_list arguments;

	if (codec->note)
		used = (size_t)snprintf(note, sizeof(note), "%.120s; ", codec->note);
	va_start(arguments, format);
	vsnprintf(note + used, sizeof(note) - used, format, arguments);
	va_end(arguments);
	codec->note = arena_copy(&codec->arena, note, strlen(note));
	return codec->note ? 0 : -ENOMEM;
}

/* One of the two types, if it has the size that the map has. */
static int btf_type(struct codec *codec, const struct btf *btf, uint32_t id, bool is_value,
		    const struct type **type, const char **words)
{
	uint32_t size = is_value ? codec->info.value_size : codec->info.key_size;
	const struct type *made;

	if (!id)
		return 0;
	made = type_from_btf(&codec->arena, btf, id, is_value, size);
	*words = btf_type_words(&codec->arena, btf, id);
	if (!made || !*words)
		return -ENOMEM;
	if (made->size != size)
		return set_note(codec,
				"BTF says that the %s, %s, has %u bytes, the map says %u: "
				"shown as bytes",
				is_value ? "value" : "key", **words ? *words : "of no name",
				made->size, size);
	if (made->kind == TYPE_HEX)
		return 0;
	*type = made;
	return 0;
}

/* An LPM trie's key that is a length and an address: named by it. */
static const struct type *prefix_key(struct codec *codec, const struct type *key)
{
	const struct type *data;

	if (codec->info.type != BPF_MAP_TYPE_LPM_TRIE || key->kind != TYPE_STRUCT ||
	    key->member_count != 2 || key->gap_count || key->members[1].offset != 4 ||
	    key->members[0].bit_size || key->members[1].bit_size)
		return key;
	data = key->members[1].type;
	if (data->kind == TYPE_STRUCT && data->member_count == 1)
		data = data->members[0].type;
	if (data->kind == TYPE_STRUCT || data->kind == TYPE_FLOAT || data->kind == TYPE_ENUM)
		return key;
	if (data->size == 4)
		return type_make(&codec->arena, TYPE_PREFIX4, 8, "lpm4");
	if (data->size == 16)
		return type_make(&codec->arena, TYPE_PREFIX6, 20, "lpm6");
	return key;
}

/* Values of struct_ops maps are described by the kernel's BTF, or by a module's. */
static int types_by_btf(struct codec *codec, const struct type **key, const struct type **value)
{
	cleanup_with(btf_freep) struct btf *base = NULL;
	cleanup_with(btf_freep) struct btf *btf = NULL;
	const struct map_info *info = &codec->info;
	bool is_kernels = info->btf_vmlinux_value_type_id != 0;
	uint32_t id = is_kernels ? info->btf_vmlinux_id : info->btf_id;
	uint32_t value_id = is_kernels ? info->btf_vmlinux_value_type_id : info->btf_value_type_id;
	int error;

	/* Kernels before 6.9 do not say which; their own is loaded before all others. */
	if (is_kernels && !id && object_next(codec->backend, OBJECT_BTF, 0, &id))
		return 0;
	if (!id || (!value_id && !info->btf_key_type_id))
		return 0;
	error = btf_parse_object(codec->backend, id, &btf, &base);
	if (error == -ENOMEM)
		return error;
	if (error)
		return set_note(codec, "BTF %u cannot be read (%s): shown as bytes", id,
				strerror(-error));
	if (!is_kernels) {
		error = btf_type(codec, btf, info->btf_key_type_id, false, key,
				 &codec->key_type_name);
		codec->has_lock = btf_type_has_lock(btf, value_id);
	}
	return error ? error : btf_type(codec, btf, value_id, true, value, &codec->value_type_name);
}

/* --- the user's words --- */

/* The TYPE of "key=TYPE value=TYPE"; length 0 if it is not there. */
struct words {
	const char *key, *value;
	size_t key_length, value_length;
};

static int split_format(const char *format, struct words *words, struct fault *fault)
{
	const char *at = format;
	char excerpt[EXCERPT_MAX];

	*words = (struct words){0};
	for (;;) {
		size_t length;
		bool key;

		at += strspn(at, " \t\r\n");
		if (!*at)
			return 0;
		length = strcspn(at, " \t\r\n");
		key = strncmp(at, "key=", 4) == 0;
		if (!key && strncmp(at, "value=", 6) != 0)
			return fault_set(fault, EINVAL,
					 "expected key=TYPE or value=TYPE, got '%s' at position "
					 "%zu",
					 text_excerpt(excerpt, at, length),
					 (size_t)(at - format) + 1);
		if (key ? words->key_length : words->value_length)
			return fault_set(fault, EINVAL, "%s is given twice at position %zu",
					 key ? "key=" : "value=", (size_t)(at - format) + 1);
		if (length == (key ? 4u : 6u))
			return fault_set(fault, EINVAL,
					 "expected a type after the '=' at position %zu",
					 (size_t)(at - format) + length);
		if (key) {
			words->key = at + 4;
			words->key_length = length - 4;
		} else {
			words->value = at + 6;
			words->value_length = length - 6;
		}
		at += length;
	}
}

static bool says(const char *words, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(words, word, length) == 0;
}

/* "btf" and what a reference is called mean the type as it is without words. */
static int apply_words(struct codec *codec, const char *which, const char *words, size_t length,
		       uint32_t size, const struct type **type, bool *changed, struct fault *fault)
{
	int error;

	if (!length || says(words, length, "btf") || says(words, length, (*type)->name))
		return 0;
	if ((*type)->kind >= TYPE_MAP_REFERENCE)
		return fault_set(fault, EINVAL, "%s: the values of this map are always '%s'", which,
				 (*type)->name);
	error = type_words_parse(&codec->arena, words, length, size, type, fault);
	if (error)
		fault_prefix(fault, "%s", which);
	*changed = !error;
	return error;
}

static int apply_format(struct codec *codec, const struct words *words, struct fault *fault)
{
	bool key_changed = false, value_changed = false;
	int error = apply_words(codec, "key", words->key, words->key_length, codec->info.key_size,
				&codec->key, &key_changed, fault);

	if (error)
		return error;
	if (key_changed)
		codec->key_name = codec->key;
	return apply_words(codec, "value", words->value, words->value_length,
			   codec->info.value_size, &codec->element, &value_changed, fault);
}

/* Words whose meaning only a map tells: its own type, or one as long as its keys or values. */
static bool depends_on_map(const char *words, size_t length)
{
	static const char *const dependent[] = {"btf", "str",  "char",	 "hex",
						"map", "prog", "devmap", "cpumap"};

	for (size_t i = 0; i < sizeof(dependent) / sizeof(dependent[0]); i++)
		if (says(words, length, dependent[i]))
			return true;
	return false;
}

static int check_words(const char *which, const char *words, size_t length, struct fault *fault)
{
	struct arena arena = {0};
	const struct type *type;
	int error;

	if (!length || depends_on_map(words, length))
		return 0;
	error = type_words_parse(&arena, words, length, 0, &type, fault);
	if (error)
		fault_prefix(fault, "%s", which);
	arena_free(&arena);
	return error;
}

int codec_check_format(const char *format, struct fault *fault)
{
	struct words words;
	int error = split_format(format, &words, fault);

	if (!error)
		error = check_words("key", words.key, words.key_length, fault);
	return error ? error : check_words("value", words.value, words.value_length, fault);
}

static void append_words(struct buffer *out, const char *which, const char *words, size_t length)
{
	if (!length)
		return;
	buffer_append_format(out, "%s%s=", out->length ? " " : "", which);
	buffer_append(out, words, length);
}

int codec_complete_format(const char *format, const char *older, struct buffer *out,
			  struct fault *fault)
{
	struct words words, rest;
	int error = split_format(format, &words, fault);

	if (!error)
		error = split_format(older, &rest, fault);
	if (error)
		return error;
	if (!words.key_length) {
		words.key = rest.key;
		words.key_length = rest.key_length;
	}
	if (!words.value_length) {
		words.value = rest.value;
		words.value_length = rest.value_length;
	}
	append_words(out, "key", words.key, words.key_length);
	append_words(out, "value", words.value, words.value_length);
	return buffer_error(out);
}

/* --- how all this reads as words --- */

static void append_type(const struct type *type, bool exact, struct buffer *out)
{
	size_t start = out->length;

	if (type->kind >= TYPE_MAP_REFERENCE) {
		buffer_append_string(out, type->name);
	} else if (type->kind == TYPE_HEX) {
		buffer_append_string(out, "hex");
	} else if (!exact || !type_words_print(type, out)) {
		out->length = start;
		buffer_append_string(out, "btf");
	}
}

static int make_format(struct codec *codec)
{
	struct buffer format = BUFFER_INIT;
	int error;

	if (codec->info.key_size) {
		buffer_append_string(&format, "key=");
		append_type(codec->key_name, codec->key == codec->key_name, &format);
	}
	if (codec->info.value_size) {
		buffer_append_string(&format, format.length ? " value=" : "value=");
		append_type(codec->element, true, &format);
	}
	buffer_append(&format, "", 0);
	error = buffer_error(&format);
	if (!error)
		codec->format = arena_copy(&codec->arena, format.data, format.length);
	buffer_free(&format);
	return error || !codec->format ? -ENOMEM : 0;
}

/* --- open, get, put --- */

/* What the types are without words; words of the user come on top. */
static int natural_types(struct codec *codec)
{
	const struct type *reference = reference_value(codec);
	int error;

	codec->key_type_name = codec->value_type_name = "";
	codec->key = plain_key(codec);
	codec->element = type_of_size(&codec->arena, codec->info.value_size);
	codec->key_name = NULL;
	if (!codec->key || !codec->element)
		return -ENOMEM;
	error = types_by_btf(codec, &codec->key, &codec->element);
	if (error)
		return error;
	if (reference)
		codec->element = reference;
	codec->key_name = prefix_key(codec, codec->key);
	return codec->key_name ? 0 : -ENOMEM;
}

static int find_types(struct codec *codec, const struct codec_options *options, struct fault *fault)
{
	const char *format = options && options->format ? options->format : "";
	struct fault unfit = FAULT_INIT;
	bool many = options && options->format_of_many;
	struct words words;
	int error;

	error = split_format(format, &words, fault);
	if (!error)
		error = natural_types(codec);
	if (!error)
		error = apply_format(codec, &words, many ? &unfit : fault);
	if (error != -EINVAL || !unfit.text[0])
		return error;
	codec->note = NULL;
	error = natural_types(codec);
	return error ? error : set_note(codec, "'%.80s' does not fit: %s", format, unfit.text);
}

static int find_value(struct codec *codec)
{
	codec->value = codec->map_type->percpu ? type_percpu(&codec->arena, codec->element,
							     codec->backend->possible_cpus)
					       : codec->element;
	return codec->value ? make_format(codec) : -ENOMEM;
}

/* Forms of its own only a map that never goes away has, so a handle does no harm. */
static int open_forms(struct codec *codec)
{
	if (!codec->backend->ops->map_parse_value)
		return 0;
	return object_open(codec->backend, OBJECT_MAP, codec->info.id, 0, &codec->forms);
}

int codec_open(struct handle *map, const struct codec_options *options, struct codec **codec,
	       struct fault *fault)
{
	struct codec *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	atomic_init(&made->references, 1);
	made->backend = map->backend;
	made->hex_keys = options && options->hex_keys;
	error = map_info(map, &made->info);
	if (!error) {
		made->map_type = map_type_get(made->info.type);
		error = find_types(made, options, fault);
	}
	if (!error)
		error = find_value(made);
	if (!error)
		error = open_forms(made);
	if (error) {
		codec_put(made);
		return error;
	}
	*codec = made;
	return 0;
}

struct codec *codec_get(struct codec *codec)
{
	atomic_fetch_add_explicit(&codec->references, 1, memory_order_relaxed);
	return codec;
}

void codec_put(struct codec *codec)
{
	if (!codec || atomic_fetch_sub_explicit(&codec->references, 1, memory_order_acq_rel) != 1)
		return;
	handle_close(codec->forms);
	arena_free(&codec->arena);
	free(codec);
}

void codec_putp(struct codec **codec)
{
	codec_put(*codec);
}

const char *codec_format(const struct codec *codec)
{
	return codec->format;
}

const char *codec_note(const struct codec *codec)
{
	return codec->note;
}

bool codec_has_lock(const struct codec *codec)
{
	return codec->has_lock;
}

size_t codec_key_bytes(const struct codec *codec)
{
	return codec->info.key_size;
}

size_t codec_value_bytes(const struct codec *codec)
{
	return codec->value->size;
}

const char *codec_key_type_name(const struct codec *codec)
{
	return codec->key_type_name;
}

const char *codec_value_type_name(const struct codec *codec)
{
	return codec->value_type_name;
}
