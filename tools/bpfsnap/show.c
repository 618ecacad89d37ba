// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <bpfuse/buffer.h>
#include <bpfuse/cleanup.h>
#include "bpfsnap.h"

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* What another machine wrote may hold anything; a table is lines, and no terminal obeys it. */
static void strings_tidy(json_t *json)
{
	struct buffer text = BUFFER_INIT;
	const char *name;
	json_t *entry;
	size_t i;

	if (json_is_object(json)) {
		json_object_foreach (json, name, entry)
			strings_tidy(entry);
	} else if (json_is_array(json)) {
		json_array_foreach (json, i, entry)
			strings_tidy(entry);
	} else if (json_is_string(json)) {
		buffer_append_printable(&text, json_string_value(json), json_string_length(json));
		json_string_set_nocheck(json, text.data ? text.data : "");
	}
	buffer_free(&text);
}

static void head_print(const json_t *snapshot)
{
	static const char *const lines[] = {"label", "time", "kernel", "tool"};
	const json_t *base = json_object_get(snapshot, "base");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (*text_of(snapshot, lines[i]))
			printf("%-8s %s\n", lines[i], text_of(snapshot, lines[i]));
	printf("%-8s %s", "format", text_of(snapshot, "format"));
	if (json_object_get(snapshot, "possible_cpus"))
		printf(", %lld possible CPUs", number_of(snapshot, "possible_cpus"));
	putchar('\n');
	if (base)
		printf("%-8s %s\n", "base", text_of(base, "directory"));
}

static void map_print(const json_t *map)
{
	char sizes[32], counts[48];

	snprintf(sizes, sizeof(sizes), "%lld/%lld", number_of(map, "key_size"),
		 number_of(map, "value_size"));
	snprintf(counts, sizeof(counts), "%lld/%lld", number_of(map, "elements"),
		 number_of(map, "max_entries"));
	printf("%-32s %6lld %-18s %10s %20s %-6s %s%s%s\n", text_of(map, "path"),
	       number_of(map, "id"), text_of(map, "type"), sizes, counts,
	       json_is_true(json_object_get(map, "contents")) ? text_of(map, "promise") : "-",
	       json_is_true(json_object_get(map, "frozen")) ? "frozen " : "",
	       strcmp(text_of(map, "flags"), "0") ? text_of(map, "flags") : "",
	       text_of(map, "device"));
}

static void tree_print(const json_t *tree)
{
	const json_t *node;
	size_t i;

	json_array_foreach (tree, i, node) {
		const char *target = text_of(node, "target");

		printf("%-8s %04o %5lld %5lld %s%s%s", text_of(node, "kind"),
		       (unsigned)number_of(node, "mode"), number_of(node, "uid"),
		       number_of(node, "gid"), text_of(node, "path"), *target ? " -> " : "",
		       target);
		if (json_object_get(node, "id"))
			printf(" (id %lld)", number_of(node, "id"));
		putchar('\n');
	}
}

static void snapshot_print(const json_t *snapshot)
{
	const json_t *entry;
	size_t i;

	head_print(snapshot);
	printf("\n%-32s %6s %-18s %10s %20s %-6s %s\n", "MAP", "ID", "TYPE", "KEY/VALUE",
	       "ELEMENTS/MAX", "DUMP", "FLAGS");
	json_array_foreach (json_object_get(snapshot, "maps"), i, entry)
		map_print(entry);
	printf("\n%-8s %4s %5s %5s %s\n", "KIND", "MODE", "UID", "GID", "NAME");
	tree_print(json_object_get(snapshot, "tree"));
	json_array_foreach (json_object_get(snapshot, "omitted"), i, entry)
		printf("%sleft out: %s: %s\n", i ? "" : "\n", text_of(entry, "what"),
		       text_of(entry, "why"));
}

int verb_show(int argc, char **argv)
{
	cleanup_with(snapshot_closep) struct image *image = NULL;
	struct input input = {0};
	json_t *snapshot;
	bool json = false;
	const struct verb_option options[] = {
		{"directory", 'D', .text = &input.directory},
		{"input", 'i', .text = &input.stream},
		{"json", .flag = &json},
		{"base", .list = &input.bases},
		{NULL},
	};

	if (input_parse("show", argc, argv, options, &input))
		return usage("show");
	if (input_open(&input, SNAPSHOT_HEADS, false, &image))
		return EXIT_FAILED;
	snapshot = snapshot_describe(image);
	if (json) {
		json_dumpf(snapshot, stdout, JSON_INDENT(1));
		putchar('\n');
	} else {
		strings_tidy(snapshot);
		snapshot_print(snapshot);
	}
	json_decref(snapshot);
	return output_end(EXIT_COMPLETE, EXIT_FAILED);
}
