// SPDX-License-Identifier: BSD-2-Clause
/* Integers, booleans, enums, floats and numbers in network order. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text/characters.h"
#include "text/kind.h"

/* --- integers --- */

static struct node *render_wide(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	struct node *node = node_make(renderer->arena, NODE_WIDE);

	if (!node)
		return NULL;
	memcpy(&node->wide, bytes, sizeof(node->wide));
	node->negative = type->is_signed && node->wide >> 127;
	if (node->negative)
		node->wide = -node->wide;
	return node;
}

static struct node *render_integer(struct renderer *renderer, const struct type *type,
				   const unsigned char *bytes)
{
	uint64_t number;

	if (type->size == 16)
		return render_wide(renderer, type, bytes);
	number = bytes_number(bytes, type->size);
	if (type->is_signed)
		return node_number(renderer->arena, NODE_SIGNED,
				   sign_extend(number, type->size * 8));
	return node_number(renderer->arena, NODE_UNSIGNED, number);
}

/* What the type can hold, for the sentence. */
static int range_fault(struct acceptor *acceptor, const struct where *where,
		       const struct node *node, uint32_t size, bool is_signed)
{
	char low[48] = "0", high[48], excerpt[EXCERPT_MAX];
	unsigned bits = size * 8 - is_signed;
	wide_t most = bits == 128 ? ~(wide_t)0 : ((wide_t)1 << bits) - 1;

	*print_wide(high, most) = '\0';
	if (is_signed) {
		low[0] = '-';
		*print_wide(low + 1, most + 1) = '\0';
	}
	return accept_fault(acceptor, where, node, "%s is out of range: expected %s to %s",
			    text_excerpt(excerpt, node->text, node->length), low, high);
}

/* Not a number at all, or a number and more behind it. */
static int no_number_fault(struct acceptor *acceptor, const struct where *where,
			   const struct node *node)
{
	struct node rest = *node;
	char excerpt[EXCERPT_MAX];
	size_t length = 0;
	bool negative;
	wide_t number;

	while (length < node->length && !is_space(node->text[length]))
		length++;
	if (length == node->length || node->kind != NODE_WORD || node->from_name ||
	    parse_number(node->text, length, &negative, &number) == NUMBER_NONE)
		return accept_mismatch(acceptor, where, node, "a number");
	while (length < node->length && is_space(node->text[length]))
		length++;
	rest.position += length;
	return accept_fault(acceptor, where, &rest, "trailing text '%s' behind the number",
			    text_excerpt(excerpt, node->text + length, node->length - length));
}

/* As accept_number(), for up to 128 bits; two's complement. */
static int accept_wide(struct acceptor *acceptor, const struct where *where,
		       const struct node *node, uint32_t size, bool is_signed, wide_t *number)
{
	unsigned bits = size * 8 - is_signed;
	enum number_result result;
	char excerpt[EXCERPT_MAX];
	bool negative;
	wide_t most;

	if (!node_has_text(node))
		return accept_mismatch(acceptor, where, node, "a number");
	result = parse_number(node->text, node->length, &negative, number);
	if (result == NUMBER_NONE)
		return no_number_fault(acceptor, where, node);
	if (result == NUMBER_BIG || (size <= 8 && *number >> 64))
		return accept_fault(acceptor, where, node, "%s needs more than %d bits",
				    text_excerpt(excerpt, node->text, node->length),
				    size <= 8 ? 64 : 128);
	most = bits == 128 ? ~(wide_t)0 : ((wide_t)1 << bits) - 1;
	if (negative ? *number > (is_signed ? most + 1 : 0) : *number > most)
		return range_fault(acceptor, where, node, size, is_signed);
	if (negative)
		*number = -*number;
	return 0;
}

int accept_number(struct acceptor *acceptor, const struct where *where, const struct node *node,
		  uint32_t size, bool is_signed, uint64_t *number)
{
	wide_t wide;
	int error = accept_wide(acceptor, where, node, size, is_signed, &wide);

	if (!error)
		*number = (uint64_t)wide;
	return error;
}

static int accept_integer(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *node, unsigned char *bytes)
{
	wide_t number;
	int error = accept_wide(acceptor, where, node, type->size, type->is_signed, &number);

	if (error)
		return error;
	if (type->size == 16)
		memcpy(bytes, &number, sizeof(number));
	else
		number_bytes(bytes, type->size, (uint64_t)number);
	return 0;
}

const struct kind kind_integer = {render_integer, accept_integer};

/* --- booleans: a byte that is neither 0 nor 1 shows as the number it is --- */

static struct node *render_bool(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	uint64_t number = bytes_number(bytes, type->size);

	return node_number(renderer->arena, number > 1 ? NODE_UNSIGNED : NODE_BOOL, number);
}

static int accept_bool(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct node *node, unsigned char *bytes)
{
	uint64_t number = node_is_text(node, "true");
	bool negative;
	wide_t wide;
	int error = 0;

	if (!number && !node_is_text(node, "false")) {
		if (!node_has_text(node) ||
		    parse_number(node->text, node->length, &negative, &wide) == NUMBER_NONE)
			return accept_mismatch(acceptor, where, node, "true or false");
		error = accept_number(acceptor, where, node, type->size, false, &number);
	}
	if (!error)
		number_bytes(bytes, type->size, number);
	return error;
}

const struct kind kind_bool = {render_bool, accept_bool};

/* --- enums --- */

static struct node *render_enum(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	uint64_t number = bytes_number(bytes, type->size);

	for (uint32_t i = 0; i < type->enumerator_count; i++)
		if (type->enumerators[i].value == number)
			return node_text(renderer->arena, NODE_STRING, type->enumerators[i].name,
					 type->enumerators[i].name_length);
	if (type->is_signed)
		return node_number(renderer->arena, NODE_SIGNED,
				   sign_extend(number, type->size * 8));
	return node_number(renderer->arena, NODE_UNSIGNED, number);
}

static int enum_fault(struct acceptor *acceptor, const struct where *where, const struct type *type,
		      const struct node *node)
{
	char expected[160];
	size_t used = 0;

	for (uint32_t i = 0; i < type->enumerator_count && used < sizeof(expected) - 40; i++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%.24s, ",
					 type->enumerators[i].name);
	snprintf(expected + used, sizeof(expected) - used, "%sor a number",
		 used >= sizeof(expected) - 40 ? "... " : "");
	return accept_mismatch(acceptor, where, node, expected);
}

static int accept_enum(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct node *node, unsigned char *bytes)
{
	uint64_t number;
	bool negative;
	wide_t wide;
	int error;

	if (!node_has_text(node))
		return enum_fault(acceptor, where, type, node);
	for (uint32_t i = 0; i < type->enumerator_count; i++) {
		const struct enumerator *one = &type->enumerators[i];

		if (one->name_length == node->length &&
		    memcmp(one->name, node->text, node->length) == 0) {
			number_bytes(bytes, type->size, one->value);
			return 0;
		}
	}
	if (parse_number(node->text, node->length, &negative, &wide) == NUMBER_NONE)
		return enum_fault(acceptor, where, type, node);
	/* BTF before kernel 6.0 does not tell signed enums from unsigned ones. */
	error = accept_number(acceptor, where, node, type->size, type->is_signed || negative,
			      &number);
	if (!error)
		number_bytes(bytes, type->size, number);
	return error;
}

const struct kind kind_enum = {render_enum, accept_enum};

/* --- numbers in network order --- */

static void reverse(unsigned char *to, const unsigned char *from, uint32_t size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (uint32_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
#else
	memcpy(to, from, size);
#endif
}

static struct node *render_big_endian(struct renderer *renderer, const struct type *type,
				      const unsigned char *bytes)
{
	unsigned char host[8];

	reverse(host, bytes, type->size);
	return node_number(renderer->arena, NODE_UNSIGNED, bytes_number(host, type->size));
}

static int accept_big_endian(struct acceptor *acceptor, const struct where *where,
			     const struct type *type, const struct node *node, unsigned char *bytes)
{
	unsigned char host[8];
	uint64_t number;
	int error = accept_number(acceptor, where, node, type->size, false, &number);

	if (error)
		return error;
	number_bytes(host, type->size, number);
	reverse(bytes, host, type->size);
	return 0;
}

const struct kind kind_big_endian = {render_big_endian, accept_big_endian};

/* --- floats: the shortest decimal that reads back as the same bits --- */

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The decimal point must be a point, whatever locale the program runs in. */
static locale_t enter_c_locale(void)
{
	pthread_once(&c_locale_once, make_c_locale);
	return uselocale(c_locale);
}

static void print_float(char *text, size_t size, double number, bool is_double)
{
	locale_t old = enter_c_locale();

	for (int digits = is_double ? 15 : 6; digits <= 17; digits++) {
		snprintf(text, size, "%.*g", digits, number);
		if (is_double ? strtod(text, NULL) == number : strtof(text, NULL) == (float)number)
			break;
	}
	uselocale(old);
}

static struct node *render_float(struct renderer *renderer, const struct type *type,
				 const unsigned char *bytes)
{
	float single;
	double number;
	char text[40], *copy;

	if (type->size == 4) {
		memcpy(&single, bytes, sizeof(single));
		number = (double)single;
	} else {
		memcpy(&number, bytes, sizeof(number));
	}
	/* JSON has no infinities, and not-a-number has many. */
	if (!isfinite(number))
		return NULL;
	print_float(text, sizeof(text), number, type->size == 8);
	copy = arena_copy(renderer->arena, text, strlen(text));
	return copy ? node_text(renderer->arena, NODE_LITERAL, copy, strlen(text)) : NULL;
}

static bool parse_float(const char *text, bool is_double, double *number)
{
	locale_t old = enter_c_locale();
	char *end;

	*number = is_double ? strtod(text, &end) : (double)strtof(text, &end);
	uselocale(old);
	return end != text && *end == '\0';
}

static int accept_float(struct acceptor *acceptor, const struct where *where,
			const struct type *type, const struct node *node, unsigned char *bytes)
{
	const char *text;
	double number;
	float single;

	if (!node_has_text(node))
		return accept_mismatch(acceptor, where, node, "a number");
	text = arena_copy(acceptor->arena, node->text, node->length);
	if (!text)
		return -ENOMEM;
	/* strtod() would take more than JSON has. */
	if (strlen(text) != node->length || strspn(text, "0123456789+-.eE") != node->length ||
	    !parse_float(text, type->size == 8, &number))
		return accept_mismatch(acceptor, where, node, "a number");
	if (!isfinite(number))
		return accept_fault(acceptor, where, node, "out of range for a float of %u bits",
				    type->size * 8);
	single = (float)number;
	if (type->size == 4)
		memcpy(bytes, &single, sizeof(single));
	else
		memcpy(bytes, &number, sizeof(number));
	return 0;
}

const struct kind kind_float = {render_float, accept_float};
