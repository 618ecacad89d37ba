// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include "text/btf_names.h"
#include "text/characters.h"
#include "text/type_btf.h"

enum { MAC_SIZE = 6 };

struct compiler {
	struct arena *arena;
	const struct btf *btf;
	/* Finished types by id: where special fields are plain, and where they are special. */
	const struct type **done[2];
	unsigned char *busy; /* a type that contains itself has no end */
	uint32_t count;
	uint32_t most; /* bytes of the map's key or value */
};

static const struct type *compile(struct compiler *compiler, uint32_t id, bool special,
				  unsigned depth);

static bool is_mac_array(const struct type *type)
{
	return type->kind == TYPE_ARRAY && type->is_bytes && type->count == MAC_SIZE &&
	       !type->element->is_signed;
}

static const struct type *typedef_type(struct compiler *compiler, const char *name,
				       const struct type *type)
{
	const char *base = name + strspn(name, "_");
	bool is_number = type->kind == TYPE_INTEGER && !type->is_signed;

	if (is_number && name + 2 >= base &&
	    ((strcmp(base, "be16") == 0 && type->size == 2) ||
	     (strcmp(base, "be32") == 0 && type->size == 4) ||
	     (strcmp(base, "be64") == 0 && type->size == 8)))
		return type_make(compiler->arena, TYPE_BIG_ENDIAN, type->size,
				 type->size == 2   ? "be16"
				 : type->size == 4 ? "be32"
						   : "be64");
	if (is_number && type->size == 4 && strcmp(name, "in_addr_t") == 0)
		return type_make(compiler->arena, TYPE_IPV4, 4, "ipv4");
	if (is_mac_array(type) && btf_names_mac(name))
		return type_make(compiler->arena, TYPE_MAC, MAC_SIZE, "mac");
	return type;
}

/* NULL: no struct that has a meaning of its own. */
static const struct type *known_struct(struct compiler *compiler, const char *name, uint32_t size,
				       bool special)
{
	static const struct {
		const char *name, *words;
		enum type_kind kind;
		uint32_t size;
	} known[] = {
		{"in_addr", "ipv4", TYPE_IPV4, 4},
		{"in6_addr", "ipv6", TYPE_IPV6, 16},
		{"ether_addr", "mac", TYPE_MAC, MAC_SIZE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0 && size == known[i].size)
			return type_make(compiler->arena, known[i].kind, size, known[i].words);
	if (special && btf_names_special(name))
		return type_make(compiler->arena, TYPE_SPECIAL, size,
				 arena_copy(compiler->arena, name, strlen(name)));
	return NULL;
}

/* --- a kind at a time --- */

/* The BTF goes away before the types do. */
static const char *copy_name(struct compiler *compiler, uint32_t offset)
{
	const char *name = btf_name(compiler->btf, offset);

	return arena_copy(compiler->arena, name, strlen(name));
}

static const struct type *compile_int(struct compiler *compiler, const struct btf_type *type)
{
	uint32_t size = type->size;
	bool is_bool = btf_int_encoding(type) & BTF_INT_BOOL;
	struct type *made;

	if (size != 1 && size != 2 && size != 4 && size != 8 && (size != 16 || is_bool))
		return type_make(compiler->arena, TYPE_HEX, size, "hex");
	made = type_make(compiler->arena, is_bool ? TYPE_BOOL : TYPE_INTEGER, size,
			 copy_name(compiler, type->name_off));
	if (made && !made->name)
		return NULL;
	if (made && !is_bool)
		made->is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;
	return made;
}

static bool is_char(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, btf_strip(btf, id));

	return type && btf_is_int(type) && type->size == 1 &&
	       !(btf_int_encoding(type) & BTF_INT_BOOL) &&
	       ((btf_int_encoding(type) & BTF_INT_CHAR) ||
		strcmp(btf_name(btf, type->name_off), "char") == 0);
}

static const struct type *too_long(struct compiler *compiler, uint64_t size)
{
	return type_make(compiler->arena, TYPE_HEX, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
			 "hex");
}

static const struct type *compile_elements(struct compiler *compiler, uint32_t element_id,
					   uint32_t count, bool special, unsigned depth)
{
	const struct type *element, *array;

	if (is_char(compiler->btf, element_id))
		return count > compiler->most
			       ? too_long(compiler, count)
			       : type_make(compiler->arena, TYPE_TEXT, count, "text");
	element = compile(compiler, element_id, special, depth + 1);
	if (!element)
		return NULL;
	if ((uint64_t)element->size * count > compiler->most)
		return too_long(compiler, (uint64_t)element->size * count);
	array = type_array(compiler->arena, element, count);
	if (array && !type_is_sane(array))
		return type_make(compiler->arena, TYPE_HEX, array->size, "hex");
	return array;
}

static const struct type *compile_array(struct compiler *compiler, const struct btf_type *type,
					bool special, unsigned depth)
{
	const struct btf_array *array = btf_array(type);

	return compile_elements(compiler, array->type, array->nelems, special, depth);
}

/* "struct flow", in the arena. */
static const char *tagged_name(struct compiler *compiler, const struct btf_type *type)
{
	const char *tag = btf_is_union(type) ? "union" : btf_is_struct(type) ? "struct" : "enum";
	const char *name = btf_name(compiler->btf, type->name_off);
	size_t tag_length = strlen(tag), length = strlen(name);
	char *words;

	if (!length)
		return btf_is_union(type)    ? "the union"
		       : btf_is_struct(type) ? "the struct"
					     : "the enum";
	words = arena_take(compiler->arena, tag_length + length + 2);
	if (!words)
		return NULL;
	memcpy(words, tag, tag_length);
	words[tag_length] = ' ';
	memcpy(words + tag_length + 1, name, length + 1);
	return words;
}

static bool compile_member(struct compiler *compiler, const struct btf_type *parent, uint32_t index,
			   bool special, unsigned depth, struct member *made)
{
	const struct btf_member *member = btf_members(parent) + index;
	uint32_t bit_offset = btf_member_bit_offset(parent, index);
	uint32_t bit_size = btf_member_bitfield_size(parent, index);
	const struct btf_type *type;
	const char *name = btf_name(compiler->btf, member->name_off);

	made->type = compile(compiler, member->type, special, depth + 1);
	made->name = arena_copy(compiler->arena, name, strlen(name));
	if (!made->type || !made->name)
		return false;
	made->name_length = (uint32_t)strlen(name);
	made->plain_name = is_identifier(name, made->name_length);
	/* Before kind_flag the int type itself says where in it the bits are. */
	type = btf__type_by_id(compiler->btf, btf_strip(compiler->btf, member->type));
	if (!bit_size && type && btf_is_int(type) && btf_int_bits(type) != type->size * 8) {
		bit_offset += btf_int_offset(type);
		bit_size = btf_int_bits(type);
	}
	if (is_mac_array(made->type) && btf_names_mac(name)) {
		made->type = type_make(compiler->arena, TYPE_MAC, MAC_SIZE, "mac");
		if (!made->type)
			return false;
	}
	made->offset = bit_offset / 8;
	if (!bit_size && bit_offset % 8)
		bit_size = made->type->size * 8;
	made->bit_offset = bit_offset;
	made->bit_size = (uint8_t)bit_size;
	return true;
}

static bool can_be_bits(const struct member *member)
{
	return (member->type->kind == TYPE_INTEGER || member->type->kind == TYPE_BOOL ||
		member->type->kind == TYPE_ENUM) &&
	       member->type->size <= 8 && member->bit_size <= member->type->size * 8;
}

static const struct type *compile_struct(struct compiler *compiler, const struct btf_type *type,
					 bool special, unsigned depth)
{
	bool is_union = btf_is_union(type);
	uint32_t count = btf_vlen(type);
	struct member *members = arena_take_zero(compiler->arena, count * sizeof(*members));
	const char *name = tagged_name(compiler, type);
	struct type *made;

	made = type_make(compiler->arena, is_union ? TYPE_UNION : TYPE_STRUCT, type->size, name);
	if (!members || !name || !made)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		if (!compile_member(compiler, type, i, special && !is_union, depth, &members[i]))
			return NULL;
		if (members[i].bit_size && !can_be_bits(&members[i]))
			return type_make(compiler->arena, TYPE_HEX, type->size, name);
	}
	made->members = members;
	made->member_count = count;
	return type_seal(compiler->arena, made);
}

/* --- enums --- */

static uint64_t enum_value(const struct btf_type *type, uint32_t index)
{
	uint64_t value;

	if (btf_is_enum64(type))
		value = btf_enum64_value(btf_enum64(type) + index);
	else
		value = (uint64_t)(int64_t)btf_enum(type)[index].val;
	return type->size < 8 ? value & ((1ull << type->size * 8) - 1) : value;
}

static uint32_t enum_name(const struct btf_type *type, uint32_t index)
{
	return btf_is_enum64(type) ? btf_enum64(type)[index].name_off
				   : btf_enum(type)[index].name_off;
}

static int compare_enumerators(const void *left, const void *right)
{
	const struct enumerator *a = *(const struct enumerator *const *)left;
	const struct enumerator *b = *(const struct enumerator *const *)right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a > b) - (a < b);
}

/* Of two of one name only the first is a name, as a reader of the text will take it. */
static bool drop_doubles(struct enumerator *list, uint32_t *count)
{
	const struct enumerator **sorted = malloc((*count + 1) * sizeof(*sorted));
	uint32_t kept = 0;

	if (!sorted)
		return false;
	for (uint32_t i = 0; i < *count; i++)
		sorted[i] = &list[i];
	qsort(sorted, *count, sizeof(*sorted), compare_enumerators);
	for (uint32_t i = 1; i < *count; i++)
		if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			list[sorted[i] - list].name_length = 0;
	free(sorted);
	for (uint32_t i = 0; i < *count; i++)
		if (list[i].name_length)
			list[kept++] = list[i];
	*count = kept;
	return true;
}

static const struct type *compile_enum(struct compiler *compiler, const struct btf_type *type)
{
	uint32_t count = btf_vlen(type), used = 0;
	struct enumerator *list = arena_take(compiler->arena, count * sizeof(*list));
	struct type *made;

	if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8)
		return type_make(compiler->arena, TYPE_HEX, type->size, "hex");
	made = type_make(compiler->arena, TYPE_ENUM, type->size, tagged_name(compiler, type));
	if (!list || !made || !made->name)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const char *name = btf_name(compiler->btf, enum_name(type, i));
		size_t length = strlen(name);

		if (!is_identifier(name, length))
			continue;
		list[used].name = arena_copy(compiler->arena, name, length);
		list[used].name_length = (uint32_t)length;
		list[used].value = enum_value(type, i);
		if (!list[used++].name)
			return NULL;
	}
	if (!drop_doubles(list, &used))
		return NULL;
	made->is_signed = btf_kflag(type);
	made->enumerators = list;
	made->enumerator_count = used;
	return made;
}

/* --- sections --- */

/* The struct again, its last array as long as `room` allows; NULL if there is no such array. */
static const struct type *extend_tail(struct compiler *compiler, const struct type *type,
				      uint32_t room)
{
	const struct member *last = type->kind == TYPE_STRUCT && type->member_count
					    ? &type->members[type->member_count - 1]
					    : NULL;
	const struct type *tail = last && !last->bit_size ? last->type : NULL;
	struct type *longer;
	struct member *members;
	uint32_t length;

	if (!tail || tail->size || (tail->kind != TYPE_ARRAY && tail->kind != TYPE_TEXT))
		return NULL;
	length = room - last->offset;
	if (tail->kind == TYPE_ARRAY && tail->element->size)
		tail = type_array(compiler->arena, tail->element, length / tail->element->size);
	else if (tail->kind == TYPE_TEXT)
		tail = type_make(compiler->arena, TYPE_TEXT, length, "text");
	members = arena_take(compiler->arena, type->member_count * sizeof(*members));
	longer = type_make(compiler->arena, TYPE_STRUCT, room, type->name);
	if (!tail || !members || !longer)
		return NULL;
	memcpy(members, type->members, type->member_count * sizeof(*members));
	members[type->member_count - 1].type = tail;
	longer->members = members;
	longer->member_count = type->member_count;
	return type_seal(compiler->arena, longer);
}

static const struct type *compile_variable(struct compiler *compiler,
					   const struct btf_var_secinfo *info, bool special,
					   unsigned depth)
{
	const struct btf_type *variable = btf__type_by_id(compiler->btf, info->type);
	const struct type *type, *longer;

	if (!variable || !btf_is_var(variable) || info->size > compiler->most)
		return type_make(compiler->arena, TYPE_HEX, info->size, "hex");
	type = compile(compiler, variable->type, special, depth + 1);
	if (!type || type->size == info->size)
		return type;
	longer = info->size > type->size ? extend_tail(compiler, type, info->size) : NULL;
	return longer ? longer : type_make(compiler->arena, TYPE_HEX, info->size, "hex");
}

static const struct type *compile_section(struct compiler *compiler, const struct btf_type *type,
					  bool special, unsigned depth)
{
	const struct btf_var_secinfo *infos = btf_var_secinfos(type);
	uint32_t count = btf_vlen(type);
	struct member *members = arena_take_zero(compiler->arena, count * sizeof(*members));
	struct type *made;

	made = type_make(compiler->arena, TYPE_SECTION, type->size,
			 copy_name(compiler, type->name_off));
	if (!members || !made || !made->name)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const struct btf_type *variable = btf__type_by_id(compiler->btf, infos[i].type);
		const char *name = variable ? btf_name(compiler->btf, variable->name_off) : "";

		members[i].type = compile_variable(compiler, &infos[i], special, depth);
		members[i].name = arena_copy(compiler->arena, name, strlen(name));
		members[i].name_length = (uint32_t)strlen(name);
		members[i].plain_name = is_identifier(name, members[i].name_length);
		members[i].offset = infos[i].offset;
		if (!members[i].type || !members[i].name)
			return NULL;
		if (is_mac_array(members[i].type) && btf_names_mac(name))
			members[i].type = type_make(compiler->arena, TYPE_MAC, MAC_SIZE, "mac");
	}
	made->members = members;
	made->member_count = count;
	return type_seal(compiler->arena, made);
}

/* --- all of them --- */

static const struct type *compile_pointer(struct compiler *compiler, const struct btf_type *type,
					  bool special)
{
	size_t size = btf__pointer_size(compiler->btf);

	if (special && btf_is_kernel_pointer(compiler->btf, type))
		return type_make(compiler->arena, TYPE_SPECIAL, 8, "a kptr");
	return type_make(compiler->arena, TYPE_INTEGER, size == 4 ? 4 : 8, "pointer");
}

static const struct type *compile_typedef(struct compiler *compiler, const struct btf_type *type,
					  bool special, unsigned depth)
{
	const struct type *inner = compile(compiler, type->type, special, depth + 1);

	return inner ? typedef_type(compiler, btf_name(compiler->btf, type->name_off), inner)
		     : NULL;
}

static const struct type *compile_kind(struct compiler *compiler, const struct btf_type *type,
				       bool special, unsigned depth)
{
	const struct type *known;

	if ((btf_is_composite(type) || btf_is_datasec(type)) && type->size > compiler->most)
		return too_long(compiler, type->size);
	if (btf_is_mod(type) || btf_is_var(type))
		return compile(compiler, type->type, special, depth + 1);
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return compile_int(compiler, type);
	case BTF_KIND_PTR:
		return compile_pointer(compiler, type, special);
	case BTF_KIND_ARRAY:
		return compile_array(compiler, type, special, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		known = known_struct(compiler, btf_name(compiler->btf, type->name_off), type->size,
				     special);
		return known ? known : compile_struct(compiler, type, special, depth);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return compile_enum(compiler, type);
	case BTF_KIND_FLOAT:
		return type_make(compiler->arena,
				 type->size == 4 || type->size == 8 ? TYPE_FLOAT : TYPE_HEX,
				 type->size, "float");
	case BTF_KIND_TYPEDEF:
		return compile_typedef(compiler, type, special, depth);
	case BTF_KIND_DATASEC: /* a whole value, or nothing that makes sense */
		return depth ? type_make(compiler->arena, TYPE_HEX, type->size, "hex")
			     : compile_section(compiler, type, special, depth);
	default: /* forward declarations, functions, void: no bytes of their own */
		return type_make(compiler->arena, TYPE_HEX, 0, "hex");
	}
}

static const struct type *compile(struct compiler *compiler, uint32_t id, bool special,
				  unsigned depth)
{
	const struct btf_type *type =
		id < compiler->count ? btf__type_by_id(compiler->btf, id) : NULL;
	const struct type *made;

	if (!type)
		return type_make(compiler->arena, TYPE_HEX, 0, "hex");
	if (compiler->done[special][id])
		return compiler->done[special][id];
	if (depth > BTF_DEPTH_MAX || compiler->busy[id])
		return type_make(compiler->arena, TYPE_HEX, btf_is_composite(type) ? type->size : 0,
				 "hex");
	compiler->busy[id] = 1;
	made = compile_kind(compiler, type, special, depth);
	compiler->busy[id] = 0;
	compiler->done[special][id] = made;
	return made;
}

const struct type *type_from_btf(struct arena *arena, const struct btf *btf, uint32_t id,
				 bool is_value, uint32_t most)
{
	uint32_t count = btf__type_cnt(btf);
	struct compiler compiler = {.arena = arena, .btf = btf, .count = count, .most = most};
	const struct type *type = NULL;

	compiler.done[0] = calloc(count, sizeof(*compiler.done[0]));
	compiler.done[1] = calloc(count, sizeof(*compiler.done[1]));
	compiler.busy = calloc(count, 1);
	if (compiler.done[0] && compiler.done[1] && compiler.busy)
		type = compile(&compiler, id, is_value, 0);
	free(compiler.done[0]);
	free(compiler.done[1]);
	free(compiler.busy);
	if (type && !type_is_sane(type))
		return type_make(arena, TYPE_HEX, type->size, "hex");
	return type;
}
