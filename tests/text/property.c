// SPDX-License-Identifier: BSD-2-Clause
/*
 * parse(print(bytes)) == bytes, for generated types and random bytes: as a key's name, as a key
 * and a value in JSON, as an entry's line. What is printed is also judged from outside: names by
 * the rules of file names, values by another JSON parser. BPFUSE_SEED repeats a run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <linux/bpf.h>
#include "fake.h"

enum {
	TYPES = 2200,
	BYTES_EACH = 60,
	SIZE_MAX_TYPE = 160,
	TEXT_MAX = 1 << 16,
};

static uint64_t state;

static uint64_t random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t below(uint32_t count)
{
	return (uint32_t)(random_u64() >> 33) % count;
}

/* --- types in BTF --- */

static int make_type(struct btf *btf, unsigned depth);

static const char *unique_name(void)
{
	static unsigned counter;
	static char name[32];

	snprintf(name, sizeof(name), "n%u", counter++);
	return name;
}

static int make_int(struct btf *btf)
{
	static const struct {
		const char *name;
		int size, encoding;
	} ints[] = {
		{"unsigned char", 1, 0},	  {"signed char", 1, BTF_INT_SIGNED},
		{"char", 1, BTF_INT_SIGNED},	  {"unsigned short", 2, 0},
		{"short", 2, BTF_INT_SIGNED},	  {"unsigned int", 4, 0},
		{"int", 4, BTF_INT_SIGNED},	  {"unsigned long", 8, 0},
		{"long", 8, BTF_INT_SIGNED},	  {"unsigned __int128", 16, 0},
		{"__int128", 16, BTF_INT_SIGNED}, {"_Bool", 1, BTF_INT_BOOL},
		{"wide_bool", 4, BTF_INT_BOOL},
	};
	uint32_t i = below(sizeof(ints) / sizeof(ints[0]));

	return btf__add_int(btf, ints[i].name, (size_t)ints[i].size, ints[i].encoding);
}

static int make_enum(struct btf *btf)
{
	uint32_t size = 1u << below(4);
	int id;

	if (below(2)) {
		id = btf__add_enum64(btf, unique_name(), size, below(2));
		for (uint32_t i = below(5); i > 0; i--)
			btf__add_enum64_value(btf, unique_name(),
					      below(2) ? random_u64() : (uint64_t)below(4));
		return id;
	}
	id = btf__add_enum(btf, unique_name(), size);
	for (uint32_t i = below(5); i > 0; i--)
		btf__add_enum_value(btf, unique_name(), (int64_t)below(5) - 2);
	return id;
}

static int make_array(struct btf *btf, unsigned depth)
{
	int index = btf__add_int(btf, "__ARRAY_SIZE_TYPE__", 4, 0);
	int element =
		below(3) ? make_type(btf, depth + 1) : btf__add_int(btf, "char", 1, BTF_INT_SIGNED);

	return btf__add_array(btf, index, element, below(7));
}

/* Types that the codec knows by name. */
static int make_known(struct btf *btf)
{
	static const char *const typedefs[] = {"__be16", "__be32", "__be64", "in_addr_t"};
	static const int sizes[] = {2, 4, 8, 4};
	uint32_t i = below(7);
	int byte, index, id;

	if (i < 4)
		return btf__add_typedef(btf, typedefs[i],
					btf__add_int(btf, "uint", (size_t)sizes[i], 0));
	byte = btf__add_int(btf, "unsigned char", 1, 0);
	index = btf__add_int(btf, "__ARRAY_SIZE_TYPE__", 4, 0);
	if (i == 4)
		return btf__add_typedef(btf, "mac", btf__add_array(btf, index, byte, 6));
	id = btf__add_array(btf, index, byte, i == 5 ? 4 : 16);
	btf__add_struct(btf, i == 5 ? "in_addr" : "in6_addr", i == 5 ? 4 : 16);
	btf__add_field(btf, "bytes", id, 0, 0);
	return id + 1;
}

struct field {
	int type;
	char name[32];
	uint32_t bytes;		   /* of its type */
	uint32_t bit_offset, bits; /* bits 0: no bit-field */
};

/* Structs and unions may be anonymous, integers bit-fields. */
static struct field make_field(struct btf *btf, unsigned depth)
{
	struct field field = {.type = make_type(btf, depth + 1)};
	const struct btf_type *type = btf__type_by_id(btf, (uint32_t)field.type);

	field.bytes = (uint32_t)btf__resolve_size(btf, (uint32_t)field.type);
	snprintf(field.name, sizeof(field.name), "%s", unique_name());
	if (below(8) == 0 && btf_is_composite(type))
		field.name[0] = '\0';
	if (below(4) == 0 && btf_is_int(type) && field.bytes <= 8)
		field.bits = 1 + below(field.bytes * 8);
	return field;
}

/* Behind `bit`, with a gap now and then; returns where the field ends. */
static uint32_t place_field(struct field *field, uint32_t bit, bool is_union)
{
	if (field->bits)
		bit += below(3);
	else
		bit = (bit + 7) / 8 * 8 + (below(5) == 0 ? 8 * below(4) : 0);
	field->bit_offset = is_union ? 0 : bit;
	return field->bit_offset + (field->bits ? field->bits : field->bytes * 8);
}

/* BTF wants all other types to be there before the struct begins. */
static int make_struct(struct btf *btf, unsigned depth)
{
	struct field fields[8];
	uint32_t count = below(6), bit = 0, size = 0;
	bool is_union = below(4) == 0;
	int id;

	for (uint32_t i = 0; i < count; i++) {
		fields[i] = make_field(btf, depth);
		bit = place_field(&fields[i], bit, is_union);
		if ((bit + 7) / 8 > size)
			size = (bit + 7) / 8;
	}
	size += below(4) == 0 ? below(4) : 0;
	id = is_union ? btf__add_union(btf, unique_name(), size)
		      : btf__add_struct(btf, unique_name(), size);
	for (uint32_t i = 0; i < count; i++)
		btf__add_field(btf, fields[i].name[0] ? fields[i].name : NULL, fields[i].type,
			       fields[i].bit_offset, fields[i].bits);
	return id;
}

static int make_type(struct btf *btf, unsigned depth)
{
	switch (below(depth < 4 ? 10 : 6)) {
	case 0:
	case 1:
		return make_int(btf);
	case 2:
		return make_enum(btf);
	case 3:
		return btf__add_float(btf, "real", below(2) ? 4 : 8);
	case 4:
		return make_known(btf);
	case 5:
		return below(2) ? btf__add_ptr(btf, 0) : btf__add_const(btf, make_int(btf));
	case 6:
		return make_array(btf, depth);
	default:
		return make_struct(btf, depth);
	}
}

/* --- bytes --- */

static void fill_bytes(unsigned char *bytes, size_t size)
{
	uint32_t way = below(5);

	memset(bytes, 0, size);
	for (size_t i = 0; i < size; i++) {
		if (way == 0 || (way == 1 && below(4) == 0))
			bytes[i] = (unsigned char)random_u64();
		else if (way == 2)
			bytes[i] = (unsigned char)(0x20 + below(0x60));
		else if (way == 3 && i % 4 == 0)
			bytes[i] = (unsigned char)below(3);
	}
	if (way == 2 && size > 1)
		memset(bytes + size / 2, 0, size - size / 2);
}

/* --- what must hold --- */

static unsigned long pairs;

static void report(const struct codec *codec, const char *what, const char *text,
		   const unsigned char *bytes, size_t size, const char *sentence)
{
	fprintf(stderr, "%s does not read back: %s\n  %s\n  bytes ", what, text, sentence);
	for (size_t i = 0; i < size; i++)
		fprintf(stderr, "%02x", bytes[i]);
	fprintf(stderr, "\n  format %s\n", codec_format(codec));
	cr_assert(false, "not injective");
}

static void check_name(const struct codec *codec, const unsigned char *key, struct buffer *out)
{
	unsigned char back[SIZE_MAX_TYPE];
	size_t size = codec_key_bytes(codec);
	struct fault fault = FAULT_INIT;
	const char *name = name_of(codec, key, out);
	int error;

	cr_assert(out->length > 0 && out->length <= CODEC_NAME_MAX, "%s", name);
	cr_assert(name[0] != '.' && strlen(name) == out->length, "%s", name);
	for (size_t i = 0; i < out->length; i++)
		cr_assert(name[i] != '/' && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f, "%s",
			  name);
	error = codec_parse_name(codec, name, back, &fault);
	if (error == -ESRCH) {
		buffer_reset(out);
		cr_assert_eq(codec_print_full_name(codec, key, out), 0);
		cr_assert(out->length > CODEC_NAME_MAX);
		error = codec_parse_name(codec, out->data, back, &fault);
	}
	if (error || memcmp(back, key, size) != 0)
		report(codec, "name", out->data, key, size, fault.text);
	pairs++;
}

static void check_json(const struct codec *codec, bool is_value, const unsigned char *bytes,
		       struct buffer *out)
{
	unsigned char back[4 * SIZE_MAX_TYPE];
	size_t size = is_value ? codec_value_bytes(codec) : codec_key_bytes(codec);
	struct fault fault = FAULT_INIT;
	json_error_t wrong;
	json_t *json;
	int error;

	buffer_reset(out);
	error = is_value ? codec_print_value(codec, bytes, out)
			 : codec_print_key_json(codec, bytes, out);
	cr_assert_eq(error, 0);
	json = json_loadb(out->data, out->length,
			  JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES |
				  JSON_ALLOW_NUL,
			  &wrong);
	cr_assert(json, "%s: %s", wrong.text, out->data);
	json_decref(json);
	cr_assert(!memchr(out->data, '\n', out->length));
	error = is_value ? parse_value(codec, out->data, back, &fault)
			 : codec_parse_key_json(codec, out->data, out->length, back, &fault);
	if (error || memcmp(back, bytes, size) != 0)
		report(codec, is_value ? "value" : "key", out->data, bytes, size, fault.text);
	pairs++;
}

static void check_element(const struct codec *codec, const unsigned char *key,
			  const unsigned char *value, bool as_json, struct buffer *out)
{
	unsigned char key_back[SIZE_MAX_TYPE], value_back[4 * SIZE_MAX_TYPE];
	struct value_input input = {.bytes = value_back};
	struct fault fault = FAULT_INIT;
	int error;

	buffer_reset(out);
	error = as_json ? codec_print_element_json(codec, key, value, out)
			: codec_print_entry(codec, key, value, out);
	cr_assert_eq(error, 0);
	error = as_json ? codec_parse_element_json(codec, out->data, out->length, key_back, NULL,
						   &input, &fault)
			: codec_parse_entry(codec, out->data, out->length - 1, key_back, NULL,
					    &input, &fault);
	if (error || memcmp(key_back, key, codec_key_bytes(codec)) != 0 ||
	    memcmp(value_back, value, codec_value_bytes(codec)) != 0)
		report(codec, as_json ? "element" : "entry", out->data, key, codec_key_bytes(codec),
		       fault.text);
}

static void check_type(uint32_t map_type, const struct btf *btf, uint32_t id, uint32_t size,
		       struct buffer *out)
{
	uint32_t length;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, map_type, size, size);
	fake.btf_data = btf__raw_data(btf, &length);
	fake.btf_length = length;
	fake.info.btf_id = 1;
	fake.info.btf_key_type_id = fake.info.btf_value_type_id = id;
	codec = fake_codec(&fake, NULL);
	cr_assert_null(codec_note(codec), "%s", codec_note(codec));
	for (int i = 0; i < BYTES_EACH / 3; i++) {
		unsigned char key[SIZE_MAX_TYPE], value[4 * SIZE_MAX_TYPE];

		fill_bytes(key, size);
		fill_bytes(value, codec_value_bytes(codec));
		check_name(codec, key, out);
		check_json(codec, false, key, out);
		check_json(codec, true, value, out);
		check_element(codec, key, value, i % 2, out);
	}
	codec_put(codec);
}

Test(property, what_is_printed_reads_back)
{
	const char *seed = getenv("BPFUSE_SEED");
	struct buffer out = BUFFER_INIT;

	state = seed ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15ull;
	for (int i = 0; i < TYPES; i++) {
		struct btf *btf = btf__new_empty();
		int id = make_type(btf, 0);
		int64_t size = btf__resolve_size(btf, (uint32_t)id);

		if (id > 0 && size > 0 && size <= SIZE_MAX_TYPE)
			check_type(i % 5 ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_PERCPU_HASH, btf,
				   (uint32_t)id, (uint32_t)size, &out);
		else
			i--;
		btf__free(btf);
	}
	printf("%lu pairs of a type and bytes\n", pairs);
	cr_assert(pairs >= 100000, "%lu", pairs);
	buffer_free(&out);
}
