// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <jansson.h>
#include <bpfuse/cleanup.h>
#include "image/btf_json.h"

/* Types nest a few levels; BTF that somebody made may nest for ever. */
#define DEPTH_MAX 64

struct printing {
	const struct btf *btf;
	const unsigned char *bytes;
	size_t size;
	struct buffer *out;
	unsigned depth;
};

static bool type_print(struct printing *printing, uint32_t type_id, uint64_t bit_offset,
		       uint32_t bits);

static void print_string(struct buffer *out, const char *text, size_t length)
{
	json_t *string = json_stringn(text, length); /* NULL: not UTF-8 */
	cleanup_free char *quoted =
		string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	buffer_append_string(out, quoted ? quoted : "\"\"");
	json_decref(string);
}

static bool fits(const struct printing *printing, uint64_t bit_offset, uint64_t bits)
{
	return bit_offset <= 8 * (uint64_t)printing->size &&
	       bits <= 8 * (uint64_t)printing->size - bit_offset;
}

/* `bits` (at most 64) from bit_offset on, as a number of the machine's byte order. */
static uint64_t bits_read(const struct printing *printing, uint64_t bit_offset, uint32_t bits)
{
	uint64_t value = 0;
	unsigned char bytes[9] = {0};
	size_t length = (bit_offset % 8 + bits + 7) / 8;

	memcpy(bytes, printing->bytes + bit_offset / 8, length);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, bytes, sizeof(value));
	value >>= bit_offset % 8;
	if (bit_offset % 8)
		value |= (uint64_t)bytes[8] << (64 - bit_offset % 8);
#else
	for (size_t i = 0; i < length && i < sizeof(value); i++)
		value = value << 8 | bytes[i];
	value >>= 8 * length - bit_offset % 8 - bits;
#endif
	return bits < 64 ? value & ((1ull << bits) - 1) : value;
}

static int64_t sign_extend(uint64_t value, uint32_t bits)
{
	return bits < 64 ? (int64_t)(value << (64 - bits)) >> (64 - bits) : (int64_t)value;
}

static bool int_print(struct printing *printing, const struct btf_type *type, uint64_t bit_offset,
		      uint32_t bits)
{
	bool field = bits && bits != 8 * type->size;
	uint8_t encoding = btf_int_encoding(type);
	uint64_t value;

	bit_offset += btf_int_offset(type);
	bits = bits ? bits : btf_int_bits(type);
	field |= bits % 8 != 0;
	if (bits > 128 || !fits(printing, bit_offset, bits))
		return false;
	if (bits > 64) {
		buffer_append_format(printing->out, "\"0x%" PRIx64 "%016" PRIx64 "\"",
				     bits_read(printing, bit_offset + 64, bits - 64),
				     bits_read(printing, bit_offset, 64));
		return true;
	}
	value = bits_read(printing, bit_offset, bits);
	if (field)
		buffer_append_format(printing->out, "\"0x%" PRIx64 "\"", value);
	else if (encoding & BTF_INT_BOOL)
		buffer_append_string(printing->out, value ? "true" : "false");
	else if ((encoding & BTF_INT_CHAR) && isprint((int)(value & 0xff)))
		print_string(printing->out, (const char[]){(char)value}, 1);
	else if (encoding & BTF_INT_SIGNED)
		buffer_append_format(printing->out, "%" PRId64, sign_extend(value, bits));
	else
		buffer_append_u64(printing->out, value);
	return true;
}

static bool enum_print(struct printing *printing, const struct btf_type *type, uint64_t bit_offset,
		       uint32_t bits)
{
	uint32_t width = bits ? bits : 8 * type->size;
	int64_t value;

	if (width > 64 || !fits(printing, bit_offset, width))
		return false;
	if (bits) { /* a bit-field of any type is a hexadecimal number */
		buffer_append_format(printing->out, "\"0x%" PRIx64 "\"",
				     bits_read(printing, bit_offset, width));
		return true;
	}
	value = sign_extend(bits_read(printing, bit_offset, width), width);
	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		int64_t known = btf_is_enum(type) ? btf_enum(type)[i].val
						  : (int64_t)btf_enum64_value(&btf_enum64(type)[i]);
		uint32_t name = btf_is_enum(type) ? btf_enum(type)[i].name_off
						  : btf_enum64(type)[i].name_off;
		const char *text = btf__name_by_offset(printing->btf, name);

		if (known == value && text) {
			print_string(printing->out, text, strlen(text));
			return true;
		}
	}
	buffer_append_format(printing->out, "%" PRId64, value);
	return true;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			return false;
	return true;
}

/* An array of one-byte characters whose last one is NUL is text, if it can be printed. */
static bool text_print(struct printing *printing, const struct btf_array *array,
		       uint64_t bit_offset)
{
	int id = btf__resolve_type(printing->btf, array->type);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(printing->btf, (uint32_t)id);
	const char *name = type ? btf__name_by_offset(printing->btf, type->name_off) : NULL;
	const char *text = (const char *)printing->bytes + bit_offset / 8;

	if (!type || !btf_is_int(type) || type->size != 1 || !name || !array->nelems ||
	    (strcmp(name, "char") != 0 && !(btf_int_encoding(type) & BTF_INT_CHAR)) ||
	    bit_offset % 8 || !fits(printing, bit_offset, 8 * (uint64_t)array->nelems) ||
	    text[array->nelems - 1] || !is_printable(text))
		return false;
	print_string(printing->out, text, strlen(text));
	return true;
}

static bool array_print(struct printing *printing, const struct btf_type *type, uint64_t bit_offset)
{
	const struct btf_array *array = btf_array(type);
	int64_t size = btf__resolve_size(printing->btf, array->type);
	bool good = true;

	if (text_print(printing, array, bit_offset))
		return true;
	if (size < 0 || !fits(printing, bit_offset, 8 * (uint64_t)size * array->nelems))
		return false;
	buffer_append_char(printing->out, '[');
	for (uint32_t i = 0; good && i < array->nelems; i++) {
		if (i)
			buffer_append_char(printing->out, ',');
		good = type_print(printing, array->type, bit_offset + 8 * (uint64_t)size * i, 0);
	}
	buffer_append_char(printing->out, ']');
	return good;
}

static bool struct_print(struct printing *printing, const struct btf_type *type,
			 uint64_t bit_offset)
{
	bool good = true;

	buffer_append_char(printing->out, '{');
	for (uint16_t i = 0; good && i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *name = btf__name_by_offset(printing->btf, member->name_off);

		if (i)
			buffer_append_char(printing->out, ',');
		print_string(printing->out, name ? name : "", name ? strlen(name) : 0);
		buffer_append_char(printing->out, ':');
		good = type_print(printing, member->type,
				  bit_offset + btf_member_bit_offset(type, i),
				  btf_member_bitfield_size(type, i));
	}
	buffer_append_char(printing->out, '}');
	return good;
}

static bool datasec_print(struct printing *printing, const struct btf_type *type,
			  uint64_t bit_offset)
{
	const char *section = btf__name_by_offset(printing->btf, type->name_off);
	bool good = true;

	buffer_append_char(printing->out, '{');
	print_string(printing->out, section ? section : "", section ? strlen(section) : 0);
	buffer_append_string(printing->out, ":[");
	for (uint16_t i = 0; good && i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *place = &btf_var_secinfos(type)[i];

		if (i)
			buffer_append_char(printing->out, ',');
		good = type_print(printing, place->type, bit_offset + 8 * (uint64_t)place->offset,
				  0);
	}
	buffer_append_string(printing->out, "]}");
	return good;
}

static bool var_print(struct printing *printing, const struct btf_type *type, uint64_t bit_offset)
{
	const char *name = btf__name_by_offset(printing->btf, type->name_off);
	bool good;

	buffer_append_char(printing->out, '{');
	print_string(printing->out, name ? name : "", name ? strlen(name) : 0);
	buffer_append_char(printing->out, ':');
	good = type_print(printing, type->type, bit_offset, 0);
	buffer_append_char(printing->out, '}');
	return good;
}

/* A pointer of a program is one of the kernel's machine: 8 bytes, which bpftool shows as a number.
 */
static bool pointer_print(struct printing *printing, uint64_t bit_offset)
{
	if (!fits(printing, bit_offset, 64))
		return false;
	buffer_append_u64(printing->out, bits_read(printing, bit_offset, 64));
	return true;
}

static bool kind_print(struct printing *printing, const struct btf_type *type, uint64_t bit_offset,
		       uint32_t bits)
{
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return int_print(printing, type, bit_offset, bits);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return enum_print(printing, type, bit_offset, bits);
	case BTF_KIND_ARRAY:
		return array_print(printing, type, bit_offset);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return struct_print(printing, type, bit_offset);
	case BTF_KIND_DATASEC:
		return datasec_print(printing, type, bit_offset);
	case BTF_KIND_VAR:
		return var_print(printing, type, bit_offset);
	case BTF_KIND_PTR:
		return pointer_print(printing, bit_offset);
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return type_print(printing, type->type, bit_offset, bits);
	default:
		return false;
	}
}

static bool type_print(struct printing *printing, uint32_t type_id, uint64_t bit_offset,
		       uint32_t bits)
{
	const struct btf_type *type = btf__type_by_id(printing->btf, type_id);
	bool good;

	if (!type || !type_id || printing->depth >= DEPTH_MAX)
		return false;
	printing->depth++;
	good = kind_print(printing, type, bit_offset, bits);
	printing->depth--;
	return good;
}

bool btf_json_print(const struct btf *btf, uint32_t type_id, const void *bytes, size_t size,
		    struct buffer *out)
{
	struct printing printing = {.btf = btf, .bytes = bytes, .size = size, .out = out};

	return type_print(&printing, type_id, 0, 0);
}
