// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "text/characters.h"
#include "text/type_words.h"

enum { TYPE_DEPTH_MAX = 32, TYPE_SIZE_MAX = 1 << 30 };

struct word {
	const char *name;
	enum type_kind kind;
	uint32_t size; /* 0: the brackets or the map say it */
	uint32_t alignment;
	bool is_signed;
};

static const struct word words[] = {
	{"u8", TYPE_INTEGER, 1, 1, false},	{"u16", TYPE_INTEGER, 2, 2, false},
	{"u32", TYPE_INTEGER, 4, 4, false},	{"u64", TYPE_INTEGER, 8, 8, false},
	{"u128", TYPE_INTEGER, 16, 16, false},	{"s8", TYPE_INTEGER, 1, 1, true},
	{"s16", TYPE_INTEGER, 2, 2, true},	{"s32", TYPE_INTEGER, 4, 4, true},
	{"s64", TYPE_INTEGER, 8, 8, true},	{"s128", TYPE_INTEGER, 16, 16, true},
	{"be16", TYPE_BIG_ENDIAN, 2, 2, false}, {"be32", TYPE_BIG_ENDIAN, 4, 4, false},
	{"be64", TYPE_BIG_ENDIAN, 8, 8, false}, {"f32", TYPE_FLOAT, 4, 4, false},
	{"f64", TYPE_FLOAT, 8, 8, false},	{"bool", TYPE_BOOL, 1, 1, false},
	{"ipv4", TYPE_IPV4, 4, 4, false},	{"ipv6", TYPE_IPV6, 16, 4, false},
	{"mac", TYPE_MAC, 6, 1, false},		{"lpm4", TYPE_PREFIX4, 8, 4, false},
	{"lpm6", TYPE_PREFIX6, 20, 4, false},	{"str", TYPE_TEXT, 0, 1, false},
	{"char", TYPE_TEXT, 0, 1, false},	{"hex", TYPE_HEX, 0, 1, false},
};
enum { WORD_COUNT = sizeof(words) / sizeof(words[0]) };

struct parser {
	struct arena *arena;
	const char *text;
	size_t at, length;
	unsigned depth;
	uint32_t size; /* of the whole, for "str" and "hex"; 0: not known */
	bool packed;   /* every struct */
	struct fault *fault;
};

static int parse_type(struct parser *parser, const struct type **type);

static char peek(const struct parser *parser)
{
	return parser->at < parser->length ? parser->text[parser->at] : '\0';
}

static int parse_fault(struct parser *parser, const char *expected)
{
	char excerpt[EXCERPT_MAX];

	if (parser->at >= parser->length)
		return fault_set(parser->fault, EINVAL,
				 "expected %s, but the type ends at position %zu", expected,
				 parser->at + 1);
	return fault_set(
		parser->fault, EINVAL, "expected %s, got '%s' at position %zu", expected,
		text_excerpt(excerpt, parser->text + parser->at, parser->length - parser->at),
		parser->at + 1);
}

/* --- structs --- */

/* Bytes; in C on the machines BPF runs on. */
static uint32_t type_alignment(const struct type *type)
{
	uint32_t most = 1;

	switch (type->kind) {
	case TYPE_ARRAY:
		return type_alignment(type->element);
	case TYPE_STRUCT:
		/* What has been packed has no alignment: its members lie as they lie. */
		for (uint32_t i = 0; i < type->member_count; i++) {
			uint32_t one = type_alignment(type->members[i].type);

			if (type->members[i].offset % one)
				return 1;
			most = one > most ? one : most;
		}
		return type->size % most ? 1 : most;
	default:
		for (size_t i = 0; i < WORD_COUNT; i++)
			if (words[i].kind == type->kind &&
			    (!words[i].size || words[i].size == type->size))
				return words[i].alignment;
		return 1;
	}
}

/* A list of members while their number is not known yet. */
struct members {
	struct member *list;
	uint32_t count, room;
};

static struct member *add_member(struct arena *arena, struct members *members)
{
	if (members->count == members->room) {
		uint32_t room = members->room ? 2 * members->room : 8;
		struct member *list = arena_take(arena, room * sizeof(*list));

		if (!list)
			return NULL;
		if (members->count)
			memcpy(list, members->list, members->count * sizeof(*list));
		members->list = list;
		members->room = room;
	}
	members->list[members->count] = (struct member){0};
	return &members->list[members->count++];
}

static int parse_member(struct parser *parser, struct members *members)
{
	size_t length = identifier_length(parser->text + parser->at, parser->length - parser->at);
	const char *name = arena_copy(parser->arena, parser->text + parser->at, length);
	struct member *member = add_member(parser->arena, members);

	if (!member || !name)
		return -ENOMEM;
	if (!length)
		return parse_fault(parser, "the name of a member");
	for (uint32_t i = 0; i + 1 < members->count; i++)
		if (strcmp(members->list[i].name, name) == 0)
			return fault_set(parser->fault, EINVAL,
					 "member '%.40s' is there twice at position %zu", name,
					 parser->at + 1);
	parser->at += length;
	if (peek(parser) != ':')
		return parse_fault(parser, "':' and a type after the name of a member");
	parser->at++;
	member->name = name;
	member->name_length = (uint32_t)length;
	member->plain_name = true;
	return parse_type(parser, &member->type);
}

/*
 * What is far too long for its map is refused before anything is made of it: sealing looks at every
 * byte. Packed it may still fit, and padding makes at most this of it.
 */
#define PADDED(size) ((uint64_t)(size)*16 + 16)
static int check_size(const struct parser *parser, uint64_t size)
{
	if (size > TYPE_SIZE_MAX)
		return fault_set(parser->fault, EINVAL, "the type has more than %u bytes",
				 TYPE_SIZE_MAX);
	if (parser->size && size > PADDED(parser->size))
		return fault_set(parser->fault, EINVAL,
				 "the type has %u bytes or more, expected %u", (uint32_t)size,
				 parser->size);
	return 0;
}

/* Offsets as a C compiler gives them. */
static int lay_out(struct parser *parser, struct type *type, struct members *members, bool packed)
{
	uint64_t offset = 0;
	uint32_t most = 1;

	for (uint32_t i = 0; i < members->count; i++) {
		struct member *member = &members->list[i];
		uint32_t alignment = packed ? 1 : type_alignment(member->type);

		offset = (offset + alignment - 1) / alignment * alignment;
		member->offset = (uint32_t)offset;
		offset += member->type->size;
		most = alignment > most ? alignment : most;
		int error = check_size(parser, offset);
		if (error)
			return error;
	}
	type->size = (uint32_t)((offset + most - 1) / most * most);
	type->members = members->list;
	type->member_count = members->count;
	return 0;
}

static int parse_struct(struct parser *parser, bool packed, const struct type **result)
{
	struct type *type = type_make(parser->arena, TYPE_STRUCT, 0, "the struct");
	struct members members = {NULL, 0, 0};
	int error;

	if (!type)
		return -ENOMEM;
	do {
		parser->at++; /* the brace or the comma */
		error = parse_member(parser, &members);
		if (error)
			return error;
	} while (peek(parser) == ',');
	if (peek(parser) != '}')
		return parse_fault(parser, "',' or '}'");
	parser->at++;
	error = lay_out(parser, type, &members, packed || parser->packed);
	if (error)
		return error;
	*result = type_seal(parser->arena, type);
	return *result ? 0 : -ENOMEM;
}

/* --- scalars and arrays --- */

static bool is_word(const struct parser *parser, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(parser->text + parser->at, word, length) == 0;
}

static int parse_count(struct parser *parser, uint32_t *count)
{
	size_t start = ++parser->at;
	uint64_t number;

	while (is_digit(peek(parser)))
		parser->at++;
	if (!parse_u64(parser->text + start, parser->at - start, &number) || !number ||
	    number > TYPE_SIZE_MAX) {
		parser->at = start;
		return parse_fault(parser, "a count from 1 up");
	}
	if (peek(parser) != ']')
		return parse_fault(parser, "']'");
	parser->at++;
	*count = (uint32_t)number;
	return 0;
}

static int parse_scalar(struct parser *parser, const struct word *word, size_t length,
			const struct type **result)
{
	bool whole = parser->at == 0 && length == parser->length;
	uint32_t size = word->size;
	struct type *type;

	parser->at += length;
	if (!size && whole && parser->size) {
		size = parser->size;
	} else if (!size) {
		int error;

		if (peek(parser) != '[')
			return parse_fault(parser, "'[' and the number of bytes");
		error = parse_count(parser, &size);
		if (error)
			return error;
	}
	type = type_make(parser->arena, word->kind, size, word->name);
	if (!type)
		return -ENOMEM;
	type->is_signed = word->is_signed;
	*result = type;
	return 0;
}

static int parse_base(struct parser *parser, const struct type **type)
{
	size_t length = identifier_length(parser->text + parser->at, parser->length - parser->at);
	char excerpt[EXCERPT_MAX];

	if (peek(parser) == '{')
		return parse_struct(parser, false, type);
	if (!length)
		return parse_fault(parser, "a type");
	if (is_word(parser, length, "packed")) {
		parser->at += length;
		if (peek(parser) != '{')
			return parse_fault(parser, "'{' after packed");
		return parse_struct(parser, true, type);
	}
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (is_word(parser, length, words[i].name))
			return parse_scalar(parser, &words[i], length, type);
	return fault_set(parser->fault, EINVAL,
			 "there is no type '%s' at position %zu: expected u8 to u128, s8 to s128, "
			 "be16 to be64, f32, f64, bool, ipv4, ipv6, mac, lpm4, lpm6, str, hex, "
			 "{NAME:TYPE,...} or TYPE[COUNT]",
			 text_excerpt(excerpt, parser->text + parser->at, length), parser->at + 1);
}

/* u32[2][3]: the last count is the innermost. */
static int parse_counts(struct parser *parser, const struct type **type)
{
	const struct type *element = *type;
	uint32_t count = 0;
	int error = parse_count(parser, &count);

	if (!error && peek(parser) == '[') {
		if (++parser->depth > TYPE_DEPTH_MAX)
			return fault_set(parser->fault, EINVAL, "nested more than %d deep",
					 TYPE_DEPTH_MAX);
		error = parse_counts(parser, &element);
		parser->depth--;
	}
	if (error)
		return error;
	if ((uint64_t)element->size * count > TYPE_SIZE_MAX)
		return fault_set(parser->fault, EINVAL, "the type has more than %u bytes",
				 TYPE_SIZE_MAX);
	*type = type_array(parser->arena, element, count);
	return *type ? 0 : -ENOMEM;
}

static int parse_type(struct parser *parser, const struct type **type)
{
	int error;

	if (++parser->depth > TYPE_DEPTH_MAX)
		return fault_set(parser->fault, EINVAL, "nested more than %d deep at position %zu",
				 TYPE_DEPTH_MAX, parser->at + 1);
	error = parse_base(parser, type);
	if (!error && peek(parser) == '[')
		error = parse_counts(parser, type);
	parser->depth--;
	return error;
}

static int parse_whole(struct arena *arena, const char *text, size_t length, uint32_t size,
		       bool packed, const struct type **type, struct fault *fault)
{
	struct parser parser = {arena, text, 0, length, 0, size, packed, fault};
	int error = parse_type(&parser, type);

	if (!error && parser.at < length)
		return parse_fault(&parser, "the end of the type");
	if (!error && !type_is_sane(*type))
		return fault_set(fault, EINVAL, "the type has too many members");
	return error;
}

int type_words_parse(struct arena *arena, const char *text, size_t length, uint32_t size,
		     const struct type **type, struct fault *fault)
{
	const struct type *packed;
	int error = parse_whole(arena, text, length, size, false, type, fault);

	if (error || !size || (*type)->size == size)
		return error;
	error = parse_whole(arena, text, length, size, true, &packed, fault);
	if (!error && packed->size == size) {
		*type = packed;
		return 0;
	}
	return fault_set(fault, EINVAL, "the type has %u bytes, expected %u", (*type)->size, size);
}

/* --- and back --- */

static bool print_struct(const struct type *type, struct buffer *out)
{
	uint64_t natural = 0, packed = 0;
	bool is_natural = true, is_packed = true;
	uint32_t most = 1;
	size_t start = out->length;

	buffer_append_char(out, '{');
	for (uint32_t i = 0; i < type->member_count; i++) {
		const struct member *member = &type->members[i];
		uint32_t alignment = type_alignment(member->type);

		if (member->bit_size || !is_identifier(member->name, member->name_length))
			return false;
		natural = (natural + alignment - 1) / alignment * alignment;
		is_natural &= natural == member->offset;
		is_packed &= packed == member->offset;
		natural = (uint64_t)member->offset + member->type->size;
		packed = natural;
		most = alignment > most ? alignment : most;
		if (i)
			buffer_append_char(out, ',');
		buffer_append(out, member->name, member->name_length);
		buffer_append_char(out, ':');
		if (!type_words_print(member->type, out))
			return false;
	}
	buffer_append_char(out, '}');
	is_natural &= (natural + most - 1) / most * most == type->size;
	is_packed &= packed == type->size;
	if (!is_natural && is_packed && buffer_reserve(out, 6)) {
		memmove(out->data + start + 6, out->data + start, out->length - start);
		memcpy(out->data + start, "packed", 6);
		buffer_commit(out, 6);
	}
	return type->member_count && (is_natural || is_packed);
}

static bool print_array(const struct type *type, struct buffer *out)
{
	const struct type *innermost = type;

	if (!type->count)
		return false;
	while (innermost->kind == TYPE_ARRAY)
		innermost = innermost->element;
	if (!type_words_print(innermost, out))
		return false;
	for (; type->kind == TYPE_ARRAY; type = type->element)
		buffer_append_format(out, "[%u]", type->count);
	return true;
}

bool type_words_print(const struct type *type, struct buffer *out)
{
	if (type->kind == TYPE_STRUCT)
		return print_struct(type, out);
	if (type->kind == TYPE_ARRAY)
		return print_array(type, out);
	for (size_t i = 0; i < WORD_COUNT; i++) {
		const struct word *word = &words[i];

		if (word->kind != type->kind || word->is_signed != type->is_signed ||
		    (word->size && word->size != type->size))
			continue;
		buffer_append_string(out, word->name);
		if (!word->size)
			buffer_append_format(out, "[%u]", type->size);
		return type->size > 0;
	}
	return false;
}
