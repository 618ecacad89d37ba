// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include "text/characters.h"

#define CONTROL (CLASS_JSON_ESCAPE | CLASS_NAME_ESCAPE)
#define SPACE (CONTROL | CLASS_WORD_END)

const uint8_t character_classes[256] = {
	[0x00] = SPACE,
	[0x01 ... 0x08] = CONTROL,
	['\t'] = SPACE,
	['\n'] = SPACE,
	[0x0b ... 0x0c] = CONTROL,
	['\r'] = SPACE,
	[0x0e ... 0x1f] = CONTROL,
	[' '] = CLASS_WORD_END,
	['"'] = CLASS_JSON_ESCAPE | CLASS_WORD_END,
	['%'] = CLASS_NAME_ESCAPE,
	[','] = CLASS_NAME_SEPARATOR | CLASS_WORD_END,
	['.'] = CLASS_NAME_DOT,
	['/'] = CLASS_NAME_ESCAPE,
	[':'] = CLASS_WORD_END,
	['='] = CLASS_NAME_SEPARATOR,
	['['] = CLASS_WORD_END,
	['\\'] = CLASS_JSON_ESCAPE,
	[']'] = CLASS_WORD_END,
	['{'] = CLASS_WORD_END,
	['}'] = CLASS_WORD_END,
	[0x7f] = CLASS_NAME_ESCAPE,
	[0x80 ... 0xff] = CLASS_HIGH,
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t identifier_length(const char *text, size_t length)
{
	size_t end = 0;

	while (end < length && (is_letter(text[end]) || (end && is_digit(text[end]))))
		end++;
	return end;
}

bool is_identifier(const char *text, size_t length)
{
	return length && identifier_length(text, length) == length;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the UTF-8 sequence that begins here; 0 if it is not one (RFC 3629). */
static size_t utf8_length(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0], second;
	size_t need;

	if (first < 0x80)
		return 1;
	need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || need > length)
		return 0;
	for (size_t i = 1; i < need; i++)
		if (!is_continuation(text[i]))
			return 0;
	second = (unsigned char)text[1];
	/* Overlong forms, surrogates, and what lies behind U+10FFFF. */
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	return need;
}

size_t utf8_check(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		size_t step = utf8_length(text + at, length - at);

		if (!step)
			return at;
		at += step;
	}
	return length;
}

size_t utf8_encode(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

const char *text_excerpt(char excerpt[EXCERPT_MAX], const char *text, size_t length)
{
	const size_t room = EXCERPT_MAX - 4;
	size_t at = 0;

	while (at < length && at < room) {
		size_t step = utf8_length(text + at, length - at);

		if (at + step > room)
			break;
		if (step < 2) {
			excerpt[at] = step && !is_control(text[at]) ? text[at] : '?';
			at++;
			continue;
		}
		memcpy(excerpt + at, text + at, step);
		at += step;
	}
	memcpy(excerpt + at, at < length ? "..." : "", at < length ? 4 : 1);
	return excerpt;
}

bool hex_decode(const char *digits, size_t length, unsigned char *bytes, size_t size)
{
	if (length / 2 != size || length % 2)
		return false;
	for (size_t i = 0; i < length; i++)
		if (hex_digit(digits[i]) < 0)
			return false;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(hex_digit(digits[2 * i]) << 4 |
					   hex_digit(digits[2 * i + 1]));
	return true;
}

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
				  "2021222324252627282930313233343536373839"
				  "4041424344454647484950515253545556575859"
				  "6061626364656667686970717273747576777879"
				  "8081828384858687888990919293949596979899";

char *print_u64(char *to, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	while (number >= 100) {
		at -= 2;
		memcpy(digits + at, digit_pairs + 2 * (number % 100), 2);
		number /= 100;
	}
	if (number >= 10) {
		at -= 2;
		memcpy(digits + at, digit_pairs + 2 * number, 2);
	} else {
		digits[--at] = (char)('0' + number);
	}
	memcpy(to, digits + at, sizeof(digits) - at);
	return to + (sizeof(digits) - at);
}

char *print_wide(char *to, wide_t number)
{
	const uint64_t chunk = 10000000000000000000ull; /* 10^19, the most that 64 bits hold */
	uint64_t low;

	if (!(number >> 64))
		return print_u64(to, (uint64_t)number);
	to = print_wide(to, number / chunk);
	low = (uint64_t)(number % chunk);
	for (int i = 18; i >= 0; i--) {
		to[i] = (char)('0' + low % 10);
		low /= 10;
	}
	return to + 19;
}

char *print_ipv4(char *to, const unsigned char address[4])
{
	for (int i = 0; i < 4; i++) {
		to = print_u64(to, address[i]);
		*to++ = '.';
	}
	return to - 1;
}

/* Digits that 64 bits surely hold; false: there is something else among them. */
static bool parse_short(const char *text, size_t length, wide_t *number)
{
	uint64_t small = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9)
			return false;
		small = small * 10 + digit;
	}
	*number = small;
	return true;
}

static enum number_result parse_long(const char *text, size_t length, unsigned base, wide_t *number)
{
	const wide_t max = ~(wide_t)0;
	enum number_result result = NUMBER_OK;
	wide_t made = 0;

	for (size_t i = 0; i < length; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || digit >= (int)base)
			return NUMBER_NONE;
		/* Divisions of 128 bits are dear. */
		if (i >= 16 && made > (max - (unsigned)digit) / base)
			result = NUMBER_BIG;
		made = made * base + (unsigned)digit;
	}
	*number = made;
	return result;
}

enum number_result parse_number(const char *text, size_t length, bool *negative, wide_t *number)
{
	unsigned base = 10;
	size_t at = 0;

	*negative = length && text[0] == '-';
	at += *negative;
	if (length - at > 2 && text[at] == '0' && (text[at + 1] == 'x' || text[at + 1] == 'X')) {
		base = 16;
		at += 2;
	}
	if (at == length)
		return NUMBER_NONE;
	if (base == 10 && length - at < 20 && parse_short(text + at, length - at, number))
		return NUMBER_OK;
	return parse_long(text + at, length - at, base, number);
}

bool parse_u64(const char *text, size_t length, uint64_t *number)
{
	bool negative;
	wide_t wide;

	if (parse_number(text, length, &negative, &wide) != NUMBER_OK || negative || wide >> 64)
		return false;
	*number = (uint64_t)wide;
	return true;
}

bool parse_ipv4(const char *text, size_t length, unsigned char address[4])
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		size_t start;
		unsigned value = 0;

		if (i && (at == length || text[at++] != '.'))
			return false;
		start = at;
		while (at < length && is_digit(text[at]) && at - start < 3)
			value = value * 10 + (unsigned)(text[at++] - '0');
		if (at == start || value > 255 || (text[start] == '0' && at - start > 1))
			return false;
		address[i] = (unsigned char)value;
	}
	return at == length;
}
