// SPDX-License-Identifier: BSD-2-Clause
/* The words of a SPEC, one table entry each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/map_type.h>
#include "spec_reader.h"
#include "text/characters.h"

struct spec_word {
	const char *name;
	const char *expected; /* for the sentence */
	int (*take)(struct spec_reader *reader, const struct spec_word *word,
		    const struct node *node, const char *text);
	enum object_kind kind;
};

static int word_fault(struct spec_reader *reader, const struct spec_word *word,
		      const struct node *node)
{
	char excerpt[EXCERPT_MAX];

	return fault_set(reader->fault, EINVAL, "%s=%s: expected %s at position %u", word->name,
			 node->kind == NODE_OBJECT || node->kind == NODE_LIST
				 ? "..."
				 : text_excerpt(excerpt, node->text, node->length),
			 word->expected, node->position + 1);
}

/* *text stays NULL where the node is none. */
static int word_text(struct spec_reader *reader, const struct spec_word *word,
		     const struct node *node, const char **text)
{
	*text = NULL;
	if (node->kind != NODE_STRING && node->kind != NODE_WORD)
		return 0;
	*text = arena_copy(reader->arena, node->text, node->length);
	if (!*text)
		return -ENOMEM;
	return strlen(*text) == node->length ? 0 : word_fault(reader, word, node);
}

static int take_number(struct spec_reader *reader, const struct spec_word *word,
		       const struct node *node, const char *text, uint64_t most, uint64_t *number)
{
	if (!text || !parse_u64(text, strlen(text), number) || *number > most)
		return word_fault(reader, word, node);
	return 0;
}

static int take_u32(struct spec_reader *reader, const struct spec_word *word,
		    const struct node *node, const char *text, uint32_t *to)
{
	uint64_t number;
	int error = take_number(reader, word, node, text, UINT32_MAX, &number);

	if (!error)
		*to = (uint32_t)number;
	return error;
}

static int take_type(struct spec_reader *reader, const struct spec_word *word,
		     const struct node *node, const char *text)
{
	reader->creates = true;
	if (!text)
		return word_fault(reader, word, node);
	return map_type_parse(text, &reader->spec.type, reader->fault);
}

static int take_text(struct spec_reader *reader, const struct spec_word *word,
		     const struct node *node, const char *text, const char **to)
{
	reader->creates = true;
	if (!text || !*text)
		return word_fault(reader, word, node);
	*to = text;
	return 0;
}

static int take_key(struct spec_reader *reader, const struct spec_word *word,
		    const struct node *node, const char *text)
{
	return take_text(reader, word, node, text, &reader->types.key);
}

static int take_value(struct spec_reader *reader, const struct spec_word *word,
		      const struct node *node, const char *text)
{
	return take_text(reader, word, node, text, &reader->types.value);
}

static int take_btf(struct spec_reader *reader, const struct spec_word *word,
		    const struct node *node, const char *text)
{
	return take_text(reader, word, node, text, &reader->types.btf);
}

static int take_entries(struct spec_reader *reader, const struct spec_word *word,
			const struct node *node, const char *text)
{
	reader->creates = true;
	return take_u32(reader, word, node, text, &reader->spec.max_entries);
}

static int add_flags(struct spec_reader *reader, const char *text)
{
	uint32_t flags;
	int error = map_flags_parse(text, &flags, reader->fault);

	if (!error)
		reader->spec.map_flags |= flags;
	return error;
}

static int take_flags(struct spec_reader *reader, const struct spec_word *word,
		      const struct node *node, const char *text)
{
	int error = 0;

	reader->creates = true;
	if (text)
		return add_flags(reader, text);
	if (node->kind != NODE_LIST)
		return word_fault(reader, word, node);
	for (const struct node *flag = node->first; flag && !error; flag = flag->next) {
		error = word_text(reader, word, flag, &text);
		if (!error)
			error = text ? add_flags(reader, text) : word_fault(reader, word, flag);
	}
	return error;
}

/* As bpf_obj_name_cpy() has it. */
static bool is_object_name(const char *text)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	size_t length = strspn(text, taken);

	return !text[length] && length < OBJECT_NAME_MAX;
}

static int take_name(struct spec_reader *reader, const struct spec_word *word,
		     const struct node *node, const char *text)
{
	reader->creates = true;
	if (!text || !is_object_name(text))
		return word_fault(reader, word, node);
	memcpy(reader->spec.name, text, strlen(text) + 1);
	return 0;
}

static int take_dev(struct spec_reader *reader, const struct spec_word *word,
		    const struct node *node, const char *text)
{
	struct device_info device;
	int error;

	reader->creates = true;
	if (!text || !*text)
		return word_fault(reader, word, node);
	error = device_find(reader->backend, text, &device);
	if (error)
		return fault_set(reader->fault, -error,
				 "dev=%.40s: there is no interface of that name", text);
	reader->spec.ifindex = device.ifindex;
	return 0;
}

static int take_extra(struct spec_reader *reader, const struct spec_word *word,
		      const struct node *node, const char *text)
{
	reader->creates = true;
	return take_number(reader, word, node, text, UINT64_MAX, &reader->spec.map_extra);
}

static int take_numa(struct spec_reader *reader, const struct spec_word *word,
		     const struct node *node, const char *text)
{
	reader->creates = true;
	reader->spec.map_flags |= BPF_F_NUMA_NODE;
	return take_u32(reader, word, node, text, &reader->spec.numa_node);
}

/* --- objects that are there already --- */

static const char *const kind_words[] = {
	[OBJECT_MAP] = "map",
	[OBJECT_PROG] = "program",
	[OBJECT_LINK] = "link",
};

static int open_id(struct spec_reader *reader, enum object_kind kind, uint64_t id,
		   struct handle **handle)
{
	int error = id > UINT32_MAX ? -ENOENT
				    : object_open(reader->backend, kind, (uint32_t)id, 0, handle);

	if (error == -ENOENT)
		return fault_set(reader->fault, ENOENT, "there is no %s with the id %llu",
				 kind_words[kind], (unsigned long long)id);
	if (error)
		return fault_set(reader->fault, -error, "%s %llu cannot be opened: %s",
				 kind_words[kind], (unsigned long long)id, strerror(-error));
	return 0;
}

static int open_pin(struct spec_reader *reader, const char *path, struct handle **handle)
{
	int error = pin_open(reader->backend, pin_path(reader->backend, path), 0, handle);

	if (!error)
		return 0;
	return fault_set(reader->fault, -error, "pinned=%.120s cannot be opened: %s", path,
			 strerror(-error));
}

static int check_alone(struct spec_reader *reader, const struct spec_word *word)
{
	if (reader->object)
		return fault_set(reader->fault, EINVAL, "%s= and %s= name two objects: give one",
				 reader->object, word->name);
	reader->object = word->name;
	return 0;
}

static int take_object(struct spec_reader *reader, const struct spec_word *word,
		       const struct node *node, const char *text)
{
	uint64_t id;
	int error = check_alone(reader, word);

	if (!error)
		error = take_number(reader, word, node, text, UINT64_MAX, &id);
	return error ? error : open_id(reader, word->kind, id, &reader->opened);
}

static int take_pinned(struct spec_reader *reader, const struct spec_word *word,
		       const struct node *node, const char *text)
{
	int error = check_alone(reader, word);

	if (!error && (!text || !*text))
		error = word_fault(reader, word, node);
	return error ? error : open_pin(reader, text, &reader->opened);
}

/* The template of a map-in-map: an id, a pin, or a SPEC that is used for this and forgotten. */
static int take_inner(struct spec_reader *reader, const struct spec_word *word,
		      const struct node *node, const char *text)
{
	cleanup_free char *format = NULL;
	uint64_t id;
	int error;

	reader->creates = true;
	if (node->kind == NODE_OBJECT)
		error = spec_create(reader, node, &reader->inner, &format);
	else if (!text || !*text)
		error = word_fault(reader, word, node);
	else if (parse_u64(text, strlen(text), &id))
		error = open_id(reader, OBJECT_MAP, id, &reader->inner);
	else
		error = open_pin(reader, strncmp(text, "pinned=", 7) ? text : text + 7,
				 &reader->inner);
	if (error) {
		fault_prefix(reader->fault, "inner");
		return error;
	}
	if (reader->inner->kind != OBJECT_MAP)
		return fault_set(reader->fault, EINVAL, "inner=%.120s is no map",
				 text ? text : "...");
	reader->spec.inner_map_fd = handle_fd(reader->inner);
	return 0;
}

static const struct spec_word spec_words[] = {
	{"type", "the name of a map type", take_type, OBJECT_MAP},
	{"key", "a number of bytes or a type", take_key, OBJECT_MAP},
	{"value", "a number of bytes or a type", take_value, OBJECT_MAP},
	{"entries", "a number from 0 to 4294967295", take_entries, OBJECT_MAP},
	{"flags", "names of flags or a number", take_flags, OBJECT_MAP},
	{"name", "at most 15 letters, digits, '_' and '.'", take_name, OBJECT_MAP},
	{"dev", "the name of an interface", take_dev, OBJECT_MAP},
	{"inner", "the id or the pin of a map, or a SPEC", take_inner, OBJECT_MAP},
	{"btf", "a file or the id of a BTF object", take_btf, OBJECT_BTF},
	{"extra", "a number", take_extra, OBJECT_MAP},
	{"numa", "the number of a NUMA node", take_numa, OBJECT_MAP},
	{"map", "the id of a map", take_object, OBJECT_MAP},
	{"prog", "the id of a program", take_object, OBJECT_PROG},
	{"link", "the id of a link", take_object, OBJECT_LINK},
	{"pinned", "a path", take_pinned, OBJECT_MAP},
};
enum { SPEC_WORDS = sizeof(spec_words) / sizeof(spec_words[0]) };

/* --- all of them --- */

static const struct spec_word *find_word(const struct node *node)
{
	for (size_t i = 0; i < SPEC_WORDS; i++)
		if (strlen(spec_words[i].name) == node->name_length &&
		    memcmp(spec_words[i].name, node->name, node->name_length) == 0)
			return &spec_words[i];
	return NULL;
}

static int take_one(struct spec_reader *reader, const struct node *tree, const struct node *node)
{
	const struct spec_word *word = find_word(node);
	const char *text;
	char excerpt[EXCERPT_MAX];
	int error;

	if (!word)
		return fault_set(reader->fault, EINVAL,
				 "there is no word '%s=' at position %u: expected type key value "
				 "entries flags name dev inner btf extra numa, or one of map prog "
				 "link pinned",
				 text_excerpt(excerpt, node->name, node->name_length),
				 node->name_position + 1);
	if (node_find(tree, node->name, node->name_length) != node)
		return fault_set(reader->fault, EINVAL, "%s= is given twice at position %u",
				 word->name, node->name_position + 1);
	error = word_text(reader, word, node, &text);
	return error ? error : word->take(reader, word, node, text);
}

int spec_take_words(struct spec_reader *reader, const struct node *tree)
{
	if (!tree->first)
		return fault_set(reader->fault, EINVAL,
				 "expected a SPEC such as type=hash key=4 value=8 entries=1024, or "
				 "map=ID, prog=ID, link=ID, pinned=PATH");
	for (const struct node *node = tree->first; node; node = node->next) {
		int error = take_one(reader, tree, node);

		if (error)
			return error;
	}
	if (reader->object && reader->creates)
		return fault_set(reader->fault, EINVAL,
				 "%s= names an object that is there: no other word fits beside it",
				 reader->object);
	return 0;
}
