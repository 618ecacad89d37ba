// SPDX-License-Identifier: BSD-2-Clause
/* Addresses, and the prefixes of addresses that are an LPM trie's keys. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "text/characters.h"
#include "text/kind.h"

static struct node *string_node(struct arena *arena, enum node_kind kind, const char *text,
				size_t length)
{
	char *copy = arena_copy(arena, text, length);

	return copy ? node_text(arena, kind, copy, length) : NULL;
}

static bool parse_ipv6(const char *text, size_t length, unsigned char address[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(AF_INET6, copy, address) == 1;
}

/* --- IPv4, IPv6 --- */

static struct node *render_ipv4(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	char text[16];

	return string_node(renderer->arena, NODE_STRING, text,
			   (size_t)(print_ipv4(text, bytes) - text));
}

static int accept_ipv4(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct node *node, unsigned char *bytes)
{
	if (node_has_text(node) && parse_ipv4(node->text, node->length, bytes))
		return 0;
	return accept_mismatch(acceptor, where, node, "an IPv4 address such as 10.0.0.1");
}

const struct kind kind_ipv4 = {render_ipv4, accept_ipv4};

static struct node *render_ipv6(struct renderer *renderer, const struct type *type,
				const unsigned char *bytes)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return string_node(renderer->arena, NODE_STRING, text, strlen(text));
}

static int accept_ipv6(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct node *node, unsigned char *bytes)
{
	if (node_has_text(node) && parse_ipv6(node->text, node->length, bytes))
		return 0;
	return accept_mismatch(acceptor, where, node, "an IPv6 address such as 2001:db8::1");
}

const struct kind kind_ipv6 = {render_ipv6, accept_ipv6};

/* --- Ethernet --- */

static struct node *render_mac(struct renderer *renderer, const struct type *type,
			       const unsigned char *bytes)
{
	static const char digits[] = "0123456789abcdef";
	char text[18];

	for (int i = 0; i < 6; i++) {
		text[3 * i] = digits[bytes[i] >> 4];
		text[3 * i + 1] = digits[bytes[i] & 15];
		text[3 * i + 2] = ':';
	}
	return string_node(renderer->arena, NODE_STRING, text, 17);
}

static int accept_mac(struct acceptor *acceptor, const struct where *where, const struct type *type,
		      const struct node *node, unsigned char *bytes)
{
	bool good = node_has_text(node) && node->length == 17;

	for (size_t i = 0; good && i < 6; i++)
		good = hex_decode(node->text + 3 * i, 2, bytes + i, 1) &&
		       (i == 5 || node->text[3 * i + 2] == ':' || node->text[3 * i + 2] == '-');
	if (good)
		return 0;
	return accept_mismatch(acceptor, where, node, "a MAC address such as 02:00:00:00:00:01");
}

const struct kind kind_mac = {render_mac, accept_mac};

/* --- prefixes: struct bpf_lpm_trie_key, a length in host order and the data behind it --- */

static struct node *prefix_node(struct renderer *renderer, const unsigned char *bytes,
				uint32_t bits, const char *text, size_t length)
{
	uint32_t prefix = (uint32_t)bytes_number(bytes, 4);
	struct node *node;

	if (prefix > bits)
		return NULL;
	node = string_node(renderer->arena, NODE_PREFIX, text, length);
	if (node)
		node->prefix = prefix;
	return node;
}

static struct node *render_prefix4(struct renderer *renderer, const struct type *type,
				   const unsigned char *bytes)
{
	char text[16];

	return prefix_node(renderer, bytes, 32, text, (size_t)(print_ipv4(text, bytes + 4) - text));
}

static struct node *render_prefix6(struct renderer *renderer, const struct type *type,
				   const unsigned char *bytes)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, bytes + 4, text, sizeof(text));
	return prefix_node(renderer, bytes, 128, text, strlen(text));
}

static struct node *render_prefix_bytes(struct renderer *renderer, const struct type *type,
					const unsigned char *bytes)
{
	struct buffer text = BUFFER_INIT;
	struct node *node;

	buffer_append_string(&text, "hex-");
	buffer_append_hex(&text, bytes + 4, type->size - 4);
	node = buffer_error(&text)
		       ? NULL
		       : prefix_node(renderer, bytes, (type->size - 4) * 8, text.data, text.length);
	buffer_free(&text);
	return node;
}

/* Splits at '/' or '_'; -EINVAL with the sentence if the length is missing or too long. */
static int split_prefix(struct acceptor *acceptor, const struct where *where,
			const struct node *node, uint32_t bits, const char *expected,
			size_t *address_length, unsigned char *bytes)
{
	size_t at = node_has_text(node) ? node->length : 0;
	uint64_t prefix;

	while (at && node->text[at - 1] != '/' && node->text[at - 1] != '_')
		at--;
	if (!at || !parse_u64(node->text + at, node->length - at, &prefix))
		return accept_mismatch(acceptor, where, node, expected);
	if (prefix > bits)
		return accept_fault(acceptor, where, node,
				    "a prefix of %llu bits: expected at most %u",
				    (unsigned long long)prefix, bits);
	number_bytes(bytes, 4, prefix);
	*address_length = at - 1;
	return 0;
}

static int accept_prefix4(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *node, unsigned char *bytes)
{
	static const char expected[] = "a prefix such as 10.0.0.0_8";
	size_t length = 0;
	int error = split_prefix(acceptor, where, node, 32, expected, &length, bytes);

	if (!error && !parse_ipv4(node->text, length, bytes + 4))
		error = accept_mismatch(acceptor, where, node, expected);
	return error;
}

static int accept_prefix6(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *node, unsigned char *bytes)
{
	static const char expected[] = "a prefix such as 2001:db8::_32";
	size_t length = 0;
	int error = split_prefix(acceptor, where, node, 128, expected, &length, bytes);

	if (!error && !parse_ipv6(node->text, length, bytes + 4))
		error = accept_mismatch(acceptor, where, node, expected);
	return error;
}

static int accept_prefix_bytes(struct acceptor *acceptor, const struct where *where,
			       const struct type *type, const struct node *node,
			       unsigned char *bytes)
{
	uint32_t size = type->size - 4;
	char expected[64];
	size_t length = 0;
	int error;

	snprintf(expected, sizeof(expected), "hex- with %u digits, _ and a prefix length",
		 2 * size);
	error = split_prefix(acceptor, where, node, size * 8, expected, &length, bytes);
	if (!error && (length < 4 || memcmp(node->text, "hex-", 4) != 0 ||
		       !hex_decode(node->text + 4, length - 4, bytes + 4, size)))
		error = accept_mismatch(acceptor, where, node, expected);
	return error;
}

const struct kind kind_prefix4 = {render_prefix4, accept_prefix4};
const struct kind kind_prefix6 = {render_prefix6, accept_prefix6};
const struct kind kind_prefix_bytes = {render_prefix_bytes, accept_prefix_bytes};
