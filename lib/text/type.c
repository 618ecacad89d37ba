// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include "text/characters.h"
#include "text/type.h"

/* Types of no bytes (empty structs) can be nested into any number of nodes. */
enum { WEIGHT_FREE = 65536, WEIGHT_PER_BYTE = 8 };

struct type *type_make(struct arena *arena, enum type_kind kind, uint32_t size, const char *name)
{
	struct type *type = arena_take_zero(arena, sizeof(*type));

	if (!type)
		return NULL;
	type->kind = kind;
	type->size = size;
	type->name = name;
	type->weight = 1;
	return type;
}

const struct type *type_of_size(struct arena *arena, uint32_t size)
{
	static const char *const names[] = {[1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64"};

	if (size <= 8 && size && names[size])
		return type_make(arena, TYPE_INTEGER, size, names[size]);
	return type_make(arena, TYPE_HEX, size, "hex");
}

const struct type *type_array(struct arena *arena, const struct type *element, uint32_t count)
{
	uint64_t size = (uint64_t)element->size * count;
	struct type *type;

	if (size > UINT32_MAX)
		return NULL;
	type = type_make(arena, TYPE_ARRAY, (uint32_t)size, "an array");
	if (!type)
		return NULL;
	type->element = element;
	type->count = element->size ? count : 0;
	type->stride = element->size;
	type->is_bytes = element->kind == TYPE_INTEGER && element->size == 1;
	type->weight = type->is_bytes ? 1 : 1 + element->weight * type->count;
	return type;
}

const struct type *type_percpu(struct arena *arena, const struct type *element, unsigned cpus)
{
	uint32_t stride = (element->size + 7) & ~7u;
	struct type *type = type_make(arena, TYPE_PERCPU, stride * cpus, element->name);

	if (!type)
		return NULL;
	type->element = element;
	type->count = cpus;
	type->stride = stride;
	return type;
}

bool type_is_sane(const struct type *type)
{
	return type->weight <= WEIGHT_FREE + (uint64_t)type->size * WEIGHT_PER_BYTE;
}

bool type_has_text(const struct type *type)
{
	if (type->kind == TYPE_ARRAY)
		return type->is_bytes || (type->count && type_has_text(type->element));
	if (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION)
		return true;
	for (uint32_t i = 0; i < type->member_count; i++)
		if (type_has_text(type->members[i].type))
			return true;
	return false;
}

/* --- gaps --- */

static void cover_bit(unsigned char *cover, uint32_t bit)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	cover[bit / 8] |= (unsigned char)(1 << bit % 8);
#else
	cover[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
#endif
}

static bool cover_member(unsigned char *cover, uint32_t size, const struct member *member)
{
	if (member->bit_size) {
		if ((uint64_t)member->bit_offset + member->bit_size > (uint64_t)size * 8)
			return false;
		for (unsigned i = 0; i < member->bit_size; i++)
			cover_bit(cover, member->bit_offset + i);
		return true;
	}
	if (member->offset > size || member->type->size > size - member->offset)
		return false;
	memset(cover + member->offset, 0xff, member->type->size);
	return true;
}

/* With gaps NULL only counts. */
static uint32_t list_gaps(const unsigned char *cover, uint32_t size, struct gap *gaps)
{
	uint32_t count = 0;

	for (uint32_t at = 0; at < size;) {
		uint32_t start = at;

		if (cover[at] == 0xff) {
			at++;
			continue;
		}
		while (at < size && cover[at] == cover[start])
			at++;
		if (gaps)
			gaps[count] = (struct gap){start, at - start, (uint8_t)~cover[start]};
		count++;
	}
	return count;
}

static bool find_gaps(struct arena *arena, struct type *type, unsigned char *cover)
{
	struct gap *gaps;

	for (uint32_t i = 0; i < type->member_count; i++)
		if (!cover_member(cover, type->size, &type->members[i]))
			return false;
	type->gap_count = list_gaps(cover, type->size, NULL);
	gaps = arena_take(arena, type->gap_count * sizeof(*gaps));
	if (!gaps)
		return false;
	list_gaps(cover, type->size, gaps);
	type->gaps = gaps;
	return true;
}

/* --- names --- */

struct names {
	const struct member **list;
	size_t count, room;
};

/* The members by whose names a text calls them: those of anonymous ones are among them. */
static bool collect_names(const struct type *type, struct names *names)
{
	for (uint32_t i = 0; i < type->member_count; i++) {
		const struct member *member = &type->members[i];

		if (!member->name_length) {
			if (member->type->kind == TYPE_SPECIAL)
				continue;
			if (member->type->kind != TYPE_STRUCT && member->type->kind != TYPE_UNION)
				return false;
			if (!collect_names(member->type, names))
				return false;
			continue;
		}
		if (names->count == names->room)
			return false;
		names->list[names->count++] = member;
	}
	return true;
}

static size_t count_names(const struct type *type)
{
	size_t count = 0;

	for (uint32_t i = 0; i < type->member_count; i++) {
		const struct member *member = &type->members[i];

		if (member->name_length)
			count++;
		else if (member->type->kind == TYPE_STRUCT || member->type->kind == TYPE_UNION)
			count += count_names(member->type);
	}
	return count;
}

static int compare_names(const void *left, const void *right)
{
	const struct member *a = *(const struct member *const *)left;
	const struct member *b = *(const struct member *const *)right;

	return strcmp(a->name, b->name);
}

/* Each named once, and no name that looks like something else ("0" is a CPU, ".8" a gap). */
static bool names_are_distinct(const struct type *type)
{
	struct names names = {NULL, 0, count_names(type)};
	bool distinct = false;

	names.list = malloc((names.room ? names.room : 1) * sizeof(*names.list));
	if (!names.list || !collect_names(type, &names))
		goto out;
	qsort(names.list, names.count, sizeof(*names.list), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.list[i]->name;

		if (is_digit(name[0]) || name[0] == '.' ||
		    utf8_check(name, names.list[i]->name_length) < names.list[i]->name_length)
			goto out;
		if (i && strcmp(names.list[i - 1]->name, name) == 0)
			goto out;
	}
	distinct = true;
out:
	free(names.list);
	return distinct;
}

const struct type *type_seal(struct arena *arena, struct type *type)
{
	unsigned char *cover = calloc(1, type->size ? type->size : 1);
	bool good = cover && names_are_distinct(type) && find_gaps(arena, type, cover);

	free(cover);
	for (uint32_t i = 0; good && i < type->member_count; i++) {
		uint64_t weight = type->weight + type->members[i].type->weight;

		type->weight = weight < type->weight ? UINT64_MAX : weight;
	}
	/* Bytes that no member tells are bytes. */
	if (good && type_is_sane(type) && (type_has_text(type) || !type->size))
		return type;
	return type_make(arena, TYPE_HEX, type->size, type->name);
}

/* --- bits and numbers --- */

uint64_t sign_extend(uint64_t number, unsigned bits)
{
	uint64_t top = 1ull << (bits - 1);

	return bits >= 64 ? number : (number ^ top) - top;
}

/* Bit i of the number, counted from its lowest, is where in memory? */
static uint32_t bit_place(uint32_t bit_offset, unsigned bits, unsigned i)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	(void)bits;
	return bit_offset + i;
#else
	return (bit_offset + bits - 1 - i) ^ 7;
#endif
}

uint64_t bits_read(const unsigned char *bytes, uint32_t bit_offset, unsigned bits, bool is_signed)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bits; i++) {
		uint32_t place = bit_place(bit_offset, bits, i);

		value |= (uint64_t)(bytes[place / 8] >> place % 8 & 1) << i;
	}
	return is_signed ? sign_extend(value, bits) : value;
}

void bits_write(unsigned char *bytes, uint32_t bit_offset, unsigned bits, uint64_t value)
{
	for (unsigned i = 0; i < bits; i++) {
		uint32_t place = bit_place(bit_offset, bits, i);
		unsigned char mask = (unsigned char)(1 << place % 8);

		if (value >> i & 1)
			bytes[place / 8] |= mask;
		else
			bytes[place / 8] &= (unsigned char)~mask;
	}
}

uint64_t bytes_number(const unsigned char *bytes, uint32_t size)
{
	uint8_t n8;
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	switch (size) {
	case 1:
		memcpy(&n8, bytes, 1);
		return n8;
	case 2:
		memcpy(&n16, bytes, 2);
		return n16;
	case 4:
		memcpy(&n32, bytes, 4);
		return n32;
	default:
		memcpy(&n64, bytes, 8);
		return n64;
	}
}

void number_bytes(unsigned char *bytes, uint32_t size, uint64_t number)
{
	uint8_t n8 = (uint8_t)number;
	uint16_t n16 = (uint16_t)number;
	uint32_t n32 = (uint32_t)number;

	switch (size) {
	case 1:
		memcpy(bytes, &n8, 1);
		break;
	case 2:
		memcpy(bytes, &n16, 2);
		break;
	case 4:
		memcpy(bytes, &n32, 4);
		break;
	default:
		memcpy(bytes, &number, 8);
	}
}
