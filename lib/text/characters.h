/* SPDX-License-Identifier: BSD-2-Clause */
/* What printing and parsing share about single characters and digits. */
#ifndef BPFUSE_TEXT_CHARACTERS_H
#define BPFUSE_TEXT_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text/tree.h"

enum {
	CLASS_JSON_ESCAPE = 1,	  /* needs a backslash in a JSON string */
	CLASS_NAME_ESCAPE = 2,	  /* %XX in every name: '/', '%', control characters */
	CLASS_NAME_SEPARATOR = 4, /* ',' and '=': %XX in a member's name or value */
	CLASS_NAME_DOT = 8,	  /* '.': %XX in a member's name */
	CLASS_WORD_END = 16,	  /* ends a JSON word: white space, NUL and , : ] } [ { " */
	CLASS_HIGH = 32,	  /* not ASCII */
};
extern const uint8_t character_classes[256];

static inline unsigned has_class(char c, unsigned classes)
{
	return character_classes[(unsigned char)c] & classes;
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* 0 to 15, or -1. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* How many bytes at the beginning of text are a C identifier; 0: it does not begin with one. */
size_t identifier_length(const char *text, size_t length);
/* A C identifier, which is what names of members and of enumerators must be. */
bool is_identifier(const char *text, size_t length);

/* The offset of the first byte that is not UTF-8; length if all is. */
size_t utf8_check(const char *text, size_t length);
/* Writes 1 to 4 bytes. */
size_t utf8_encode(uint32_t code, char *to);

/* For a sentence: the text without control characters and cut to what a reader wants to see. */
#define EXCERPT_MAX 44
const char *text_excerpt(char excerpt[EXCERPT_MAX], const char *text, size_t length);

/* Exactly 2 * size hexadecimal digits to bytes. */
bool hex_decode(const char *digits, size_t length, unsigned char *bytes, size_t size);

/* Writes the digits of a number, returns the end. At most 20 characters. */
char *print_u64(char *to, uint64_t number);
/* At most 39 characters. */
char *print_wide(char *to, wide_t number);
/* Four numbers and dots, at most 15 characters. */
char *print_ipv4(char *to, const unsigned char address[4]);

enum number_result {
	NUMBER_OK,
	NUMBER_NONE, /* no number */
	NUMBER_BIG,  /* more than 128 bits */
};

/* "[-]digits" or "[-]0xdigits", all of the text. */
enum number_result parse_number(const char *text, size_t length, bool *negative, wide_t *number);
/* The same for numbers that must be unsigned and fit into 64 bits. */
bool parse_u64(const char *text, size_t length, uint64_t *number);
/* Strict: four decimal numbers without leading zeros. */
bool parse_ipv4(const char *text, size_t length, unsigned char address[4]);

#endif
