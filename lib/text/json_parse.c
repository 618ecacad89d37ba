// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "text/characters.h"
#include "text/json.h"

struct scanner {
	struct arena *arena;
	const char *text;
	size_t at, length;
	unsigned depth;
	struct fault *fault;
};

static int scan_value(struct scanner *scanner, struct node **node);

static bool at_end(const struct scanner *scanner)
{
	return scanner->at == scanner->length;
}

static char peek(const struct scanner *scanner)
{
	return scanner->at < scanner->length ? scanner->text[scanner->at] : '\0';
}

static void skip_space(struct scanner *scanner)
{
	while (!at_end(scanner) && is_space(scanner->text[scanner->at]))
		scanner->at++;
}

/* "expected X, got Y at position N"; positions count bytes from 1. */
static int scan_fault(struct scanner *scanner, const char *expected)
{
	size_t position = scanner->at + 1;
	char c = peek(scanner);

	if (at_end(scanner))
		return fault_set(scanner->fault, EINVAL,
				 "expected %s, but the text ends at position %zu", expected,
				 position);
	if (is_control(c) || (unsigned char)c >= 0x80)
		return fault_set(scanner->fault, EINVAL,
				 "expected %s, got the byte 0x%02x at position %zu", expected,
				 (unsigned char)c, position);
	return fault_set(scanner->fault, EINVAL, "expected %s, got '%c' at position %zu", expected,
			 c, position);
}

static int scan_hex4(struct scanner *scanner, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++, scanner->at++) {
		int digit = at_end(scanner) ? -1 : hex_digit(scanner->text[scanner->at]);

		if (digit < 0)
			return scan_fault(scanner, "four hexadecimal digits after \\u");
		*code = *code << 4 | (uint32_t)digit;
	}
	return 0;
}

/* Behind "\u": one code point, of two escapes if it is above U+FFFF. */
static int scan_unicode(struct scanner *scanner, char **to)
{
	uint32_t code, low;
	int error = scan_hex4(scanner, &code);

	if (error)
		return error;
	if (code >= 0xd800 && code < 0xdc00) {
		if (scanner->length - scanner->at < 2 ||
		    memcmp(scanner->text + scanner->at, "\\u", 2) != 0)
			return scan_fault(scanner, "the second half of a surrogate pair");
		scanner->at += 2;
		error = scan_hex4(scanner, &low);
		if (error)
			return error;
		if (low < 0xdc00 || low > 0xdfff)
			return scan_fault(scanner, "the second half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (code >= 0xdc00 && code <= 0xdfff) {
		return scan_fault(scanner, "the first half of a surrogate pair before the second");
	}
	*to += utf8_encode(code, *to);
	return 0;
}

static int scan_escape(struct scanner *scanner, char **to)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = peek(scanner);
	const char *found = c ? strchr(letters, c) : NULL;

	if (c == 'u') {
		scanner->at++;
		return scan_unicode(scanner, to);
	}
	if (!found)
		return scan_fault(scanner, "one of \"\\/bfnrtu after the backslash");
	*(*to)++ = meant[found - letters];
	scanner->at++;
	return 0;
}

/* Behind the quote; `end` is where the closing quote stands. */
static int scan_escaped(struct scanner *scanner, size_t end, const char **text, size_t *length)
{
	/* No escape is longer decoded than written. */
	char *copy = arena_take(scanner->arena, end - scanner->at + 1);
	char *to = copy;

	if (!copy)
		return -ENOMEM;
	while (scanner->at < end) {
		char c = scanner->text[scanner->at++];
		int error;

		if (c != '\\') {
			*to++ = c;
			continue;
		}
		error = scan_escape(scanner, &to);
		if (error)
			return error;
	}
	*text = copy;
	*length = (size_t)(to - copy);
	return 0;
}

/* Finds the closing quote; escaped and high: there are backslashes, bytes that are not ASCII. */
static int string_end(struct scanner *scanner, size_t *end, bool *escaped, bool *high)
{
	const char *text = scanner->text;
	size_t at = scanner->at;
	unsigned seen = 0;

	for (; at < scanner->length && text[at] != '"'; at++) {
		unsigned class = has_class(text[at], CLASS_JSON_ESCAPE | CLASS_HIGH);

		seen |= class;
		if (!(class & CLASS_JSON_ESCAPE))
			continue;
		if (text[at] != '\\') {
			scanner->at = at;
			return scan_fault(scanner, "control characters as escapes in a string");
		}
		at += at + 1 < scanner->length;
	}
	if (at >= scanner->length) {
		scanner->at = scanner->length;
		return scan_fault(scanner, "a closing quote");
	}
	*end = at;
	*escaped = seen & CLASS_JSON_ESCAPE;
	*high = seen & CLASS_HIGH;
	return 0;
}

static int utf8_fault(struct scanner *scanner, size_t at)
{
	return fault_set(scanner->fault, EINVAL, "invalid UTF-8: byte 0x%02x at position %zu",
			 (unsigned char)scanner->text[at], at + 1);
}

static int scan_string(struct scanner *scanner, const char **text, size_t *length)
{
	size_t end = 0, bad;
	bool escaped = false, high = false;
	int error;

	scanner->at++;
	error = string_end(scanner, &end, &escaped, &high);
	if (error)
		return error;
	bad = high ? utf8_check(scanner->text + scanner->at, end - scanner->at) : end - scanner->at;
	if (bad < end - scanner->at)
		return utf8_fault(scanner, scanner->at + bad);
	if (escaped) {
		error = scan_escaped(scanner, end, text, length);
	} else {
		*text = scanner->text + scanner->at;
		*length = end - scanner->at;
	}
	scanner->at = end + 1;
	return error;
}

static int scan_word(struct scanner *scanner, struct node **node)
{
	size_t start = scanner->at;

	while (!at_end(scanner) && !has_class(scanner->text[scanner->at], CLASS_WORD_END))
		scanner->at++;
	if (scanner->at == start)
		return scan_fault(scanner, "a value");
	*node = node_text(scanner->arena, NODE_WORD, scanner->text + start, scanner->at - start);
	return *node ? 0 : -ENOMEM;
}

static int scan_member(struct scanner *scanner, struct node **child)
{
	const char *name;
	size_t length, position = scanner->at;
	int error;

	if (peek(scanner) != '"')
		return scan_fault(scanner, "the name of a member, in quotes");
	error = scan_string(scanner, &name, &length);
	if (error)
		return error;
	skip_space(scanner);
	if (peek(scanner) != ':')
		return scan_fault(scanner, "':' after the name of a member");
	scanner->at++;
	error = scan_value(scanner, child);
	if (error)
		return error;
	node_name(*child, name, length);
	(*child)->name_position = position;
	return 0;
}

static int scan_children(struct scanner *scanner, struct node *group)
{
	char close = group->kind == NODE_OBJECT ? '}' : ']';
	struct node *child = NULL;
	int error;

	skip_space(scanner);
	if (peek(scanner) == close) {
		scanner->at++;
		return 0;
	}
	for (;;) {
		skip_space(scanner);
		error = group->kind == NODE_OBJECT ? scan_member(scanner, &child)
						   : scan_value(scanner, &child);
		if (error)
			return error;
		node_append(group, child);
		skip_space(scanner);
		if (peek(scanner) == close) {
			scanner->at++;
			return 0;
		}
		if (peek(scanner) != ',')
			return scan_fault(scanner, close == '}' ? "',' or '}'" : "',' or ']'");
		scanner->at++;
	}
}

static int scan_group(struct scanner *scanner, struct node **node)
{
	enum node_kind kind = peek(scanner) == '{' ? NODE_OBJECT : NODE_LIST;
	int error;

	if (scanner->depth == JSON_DEPTH_MAX)
		return fault_set(scanner->fault, EINVAL, "nested more than %d deep at position %zu",
				 JSON_DEPTH_MAX, scanner->at + 1);
	*node = node_group(scanner->arena, kind);
	if (!*node)
		return -ENOMEM;
	scanner->at++;
	scanner->depth++;
	error = scan_children(scanner, *node);
	scanner->depth--;
	return error;
}

static int scan_value(struct scanner *scanner, struct node **node)
{
	size_t position, length;
	const char *text;
	int error;

	skip_space(scanner);
	position = scanner->at;
	switch (peek(scanner)) {
	case '{':
	case '[':
		error = scan_group(scanner, node);
		break;
	case '"':
		error = scan_string(scanner, &text, &length);
		if (error)
			return error;
		*node = node_text(scanner->arena, NODE_STRING, text, length);
		error = *node ? 0 : -ENOMEM;
		break;
	default:
		error = scan_word(scanner, node);
	}
	if (!error)
		(*node)->position = position;
	return error;
}

/* What is left of the text, as one word. */
static int scan_rest(struct scanner *scanner, struct node **node)
{
	const char *text = scanner->text + scanner->at;
	size_t length = scanner->length - scanner->at;
	size_t bad = utf8_check(text, length);

	if (bad < length)
		return utf8_fault(scanner, scanner->at + bad);
	*node = node_text(scanner->arena, NODE_WORD, text, length);
	if (!*node)
		return -ENOMEM;
	(*node)->position = scanner->at;
	return 0;
}

static bool begins_json(char c, enum json_words words)
{
	return c == '"' || (words == JSON_WORDS && (c == '{' || c == '['));
}

int json_parse(struct arena *arena, const char *text, size_t length, enum json_words words,
	       struct node **tree, struct fault *fault)
{
	struct scanner scanner = {arena, text, 0, length, 0, fault};
	char excerpt[EXCERPT_MAX];
	int error;

	while (scanner.length && is_space(text[scanner.length - 1]))
		scanner.length--;
	skip_space(&scanner);
	if (!begins_json(peek(&scanner), words))
		return scan_rest(&scanner, tree);
	error = scan_value(&scanner, tree);
	if (error)
		return error;
	skip_space(&scanner);
	if (!at_end(&scanner))
		return fault_set(
			fault, EINVAL, "trailing text '%s' at position %zu",
			text_excerpt(excerpt, text + scanner.at, scanner.length - scanner.at),
			scanner.at + 1);
	return 0;
}
