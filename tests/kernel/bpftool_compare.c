// SPDX-License-Identifier: BSD-2-Clause
#include <arpa/inet.h>
#include <byteswap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "bpftool_compare.h"

json_t *bpftool_try_dump(uint32_t id)
{
	char command[80];
	json_t *dump;
	FILE *pipe;

	snprintf(command, sizeof(command), "bpftool -j map dump id %u", id);
	pipe = popen(command, "r");
	if (!pipe)
		return NULL;
	dump = json_loadf(pipe, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, NULL);
	pclose(pipe);
	return dump;
}

json_t *bpftool_dump(uint32_t id)
{
	json_t *dump = bpftool_try_dump(id);

	cr_assert(dump != NULL, "bpftool cannot dump the map %u", id);
	return dump;
}

static double number_of(const json_t *json)
{
	if (json_is_boolean(json))
		return json_is_true(json);
	return json_is_string(json) ? strtod(json_string_value(json), NULL) /* "0x.." */
				    : json_number_value(json);
}

static bool same(const char *name, const json_t *ours, const json_t *theirs);

/*
 * Anonymous members: bpftool nests each under "", and of several of one name its reader keeps one.
 * Ours are all in `ours` itself.
 */
static bool same_members(const json_t *ours, json_t *theirs, size_t *count, bool *anonymous)
{
	const char *name;
	json_t *value;

	json_object_foreach (theirs, name, value) {
		if (!*name || strcmp(name, "(anon)") == 0) {
			*anonymous = true;
			if (!same_members(ours, value, count, anonymous))
				return false;
			continue;
		}
		(*count)++;
		if (json_object_get(ours, name) && same(name, json_object_get(ours, name), value))
			continue;
		printf("member %s differs\n", name);
		return false;
	}
	return true;
}

static bool same_object(const json_t *ours, json_t *theirs)
{
	bool anonymous = false;
	size_t count = 0;

	return json_is_object(theirs) && same_members(ours, theirs, &count, &anonymous) &&
	       (anonymous || count == json_object_size(ours));
}

static bool same_list(const char *name, const json_t *ours, const json_t *theirs)
{
	/* bpftool does not know how long a variable's flexible tail is. */
	if (strcmp(name, "elements") == 0)
		return json_array_size(theirs) == 0;
	if (json_array_size(ours) != json_array_size(theirs))
		return false;
	for (size_t i = 0; i < json_array_size(ours); i++)
		if (!same(name, json_array_get(ours, i), json_array_get(theirs, i)))
			return false;
	return true;
}

/* Text that has no NUL at its end is a list of characters there. */
static bool same_text(const char *text, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (json_is_string(one) ? json_string_value(one)[0] != text[i]
					: (int)number_of(one) != text[i])
			return false;
	}
	return text[json_array_size(list)] == '\0';
}

/* An address is what its bytes are there. */
static bool same_address(const char *text, const json_t *theirs)
{
	const json_t *number = json_object_get(theirs, "s_addr");
	unsigned char address[16], mac[6];

	if (number)
		return inet_pton(AF_INET, text, address) == 1 &&
		       *(uint32_t *)address == (uint32_t)number_of(number);
	if (json_is_object(theirs)) {
		const json_t *bytes = json_object_get(json_object_get(theirs, "in6_u"), "u6_addr8");

		if (inet_pton(AF_INET6, text, address) != 1)
			return false;
		for (size_t i = 0; i < 16; i++)
			if ((int)number_of(json_array_get(bytes, i)) != address[i])
				return false;
		return true;
	}
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		return same_text(text, theirs);
	for (size_t i = 0; i < 6; i++)
		if ((int)number_of(json_array_get(theirs, i)) != mac[i])
			return false;
	return true;
}

static double host_order(const char *name, double number)
{
	if (strcmp(name, "be_mark") == 0)
		return bswap_32((uint32_t)number);
	if (strcmp(name, "be_cookie") == 0)
		return (double)bswap_64((uint64_t)number);
	return strncmp(name, "be_", 3) == 0 ? bswap_16((uint16_t)number) : number;
}

/* Bit-fields and pointers are hexadecimal strings there, and signed bit-fields are unsigned. */
static bool same_number(const char *name, const json_t *ours, const json_t *theirs)
{
	double number = json_is_boolean(ours) ? json_is_true(ours) : json_number_value(ours);
	double other = host_order(name, number_of(theirs));

	if (json_is_string(theirs) && strcmp(json_string_value(theirs), "(nil)") == 0)
		return number == 0;
	if (json_is_string(theirs) && strncmp(json_string_value(theirs), "0x", 2) != 0)
		return json_string_value(theirs)[0] == (char)number || /* char */
		       strcmp(json_string_value(theirs), "\\0") == 0;
	return number == other || (number < 0 && json_is_string(theirs));
}

static bool same(const char *name, const json_t *ours, const json_t *theirs)
{
	if (json_is_null(ours)) /* the kernel's own */
		return true;
	if (json_is_object(ours))
		return same_object(ours, (json_t *)theirs);
	if (json_is_array(ours))
		return json_is_array(theirs) && same_list(name, ours, theirs);
	if (!json_is_string(ours))
		return same_number(name, ours, theirs);
	if (json_is_string(theirs)) {
		/* The name of an enumerator, and in a bit-field its number. */
		if (strncmp(json_string_value(theirs), "0x", 2) == 0)
			return true;
		return strcmp(json_string_value(ours), json_string_value(theirs)) == 0;
	}
	return same_address(json_string_value(ours), theirs);
}

/* A section is a list of objects of one variable each. */
static json_t *merge_section(json_t *formatted)
{
	json_t *merged = json_object(), *list, *one;
	const char *name;
	size_t i;

	json_object_foreach (formatted, name, list) {
		json_array_foreach (list, i, one)
			json_object_update(merged, one);
	}
	return merged;
}

/* Of one CPU after the other. */
static bool same_cpus(const json_t *ours, json_t *theirs)
{
	if (!json_is_array(ours) || json_array_size(ours) != json_array_size(theirs))
		return false;
	for (size_t i = 0; i < json_array_size(ours); i++)
		if (!same("", json_array_get(ours, i),
			  json_object_get(json_array_get(theirs, i), "value")))
			return false;
	return true;
}

static bool is_section(const json_t *value)
{
	const char *name = json_object_iter_key(json_object_iter((json_t *)value));

	return name && name[0] == '.';
}

static bool same_value(const json_t *ours, json_t *formatted)
{
	json_t *theirs = json_object_get(formatted, "value");
	bool equal;

	if (!theirs)
		return same_cpus(ours, json_object_get(formatted, "values"));
	if (!is_section(theirs))
		return same("", ours, theirs);
	theirs = merge_section(theirs);
	equal = same("", ours, theirs);
	json_decref(theirs);
	return equal;
}

bool bpftool_agrees(const json_t *ours, const json_t *theirs)
{
	return same("", ours, theirs);
}

bool bpftool_shows(const json_t *dump, const json_t *element)
{
	json_t *one;
	size_t i;

	json_array_foreach (dump, i, one) {
		json_t *formatted = json_object_get(one, "formatted");

		if (same("", json_object_get(element, "key"), json_object_get(formatted, "key")) &&
		    same_value(json_object_get(element, "value"), formatted))
			return true;
	}
	return false;
}

json_t *load_element(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);

	cr_assert(json != NULL, "%s: %s", text, error.text);
	return json;
}
