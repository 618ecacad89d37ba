// SPDX-License-Identifier: BSD-2-Clause
/* What a step gave, as text in which only what must be the same is left. */
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "side_parts.h"

void answer_error(struct buffer *answer, int error)
{
	buffer_append_string(answer, error_name(-error));
}

/* An id as the number of the thing that has it. */
static void answer_id(struct side *side, struct buffer *answer, uint32_t id)
{
	for (unsigned i = 0; id && i < POOL; i++) {
		if (side->ids[i] == id) {
			buffer_append_format(answer, " thing %u", i);
			return;
		}
	}
	buffer_append_format(answer, id ? " unknown thing" : " none");
}

static void answer_device(struct side *side, struct buffer *answer, uint32_t ifindex)
{
	if (ifindex == 1)
		buffer_append_string(answer, " lo");
	else if (ifindex == side->ifindex)
		buffer_append_string(answer, " device");
	else
		buffer_append_format(answer, " device %u", ifindex);
}

void answer_value(struct side *side, struct buffer *answer, const unsigned char *value)
{
	uint32_t words[2] = {0};

	memcpy(words, value, side->info.value_size < 8 ? 4 : 8);
	switch (map_type_get(side->info.type)->value) {
	case VALUE_MAP:
	case VALUE_PROG:
		answer_id(side, answer, words[0]);
		return;
	case VALUE_DEVMAP:
		answer_device(side, answer, words[0]);
		break;
	case VALUE_CPUMAP:
		buffer_append_format(answer, " %u", words[0]);
		break;
	case VALUE_FD:
		buffer_append_string(answer, " something");
		return;
	default:
		buffer_append_char(answer, ' ');
		buffer_append_hex(answer, value, side->value_bytes);
		return;
	}
	if (side->info.value_size == 8)
		answer_id(side, answer, words[1]);
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

void lines_add(struct lines *lines, struct side *side, const unsigned char *key,
	       const unsigned char *value)
{
	struct buffer line = BUFFER_INIT;

	buffer_append_string(&line, " [");
	buffer_append_hex(&line, key, side->info.key_size);
	if (value)
		answer_value(side, &line, value);
	buffer_append_string(&line, "]");
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 16;
		lines->items = realloc(lines->items, lines->room * sizeof(*lines->items));
	}
	lines->items[lines->count++] = line.data;
}

void lines_give(struct lines *lines, struct buffer *answer, bool sorted)
{
	if (sorted && lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	for (size_t i = 0; i < lines->count; i++) {
		buffer_append_string(answer, lines->items[i]);
		free(lines->items[i]);
	}
	free(lines->items);
}

bool is_ordered(const struct side *side)
{
	return map_type_get(side->info.type)->indexed || side->info.type == BPF_MAP_TYPE_LPM_TRIE;
}

bool is_bucketed(const struct side *side)
{
	const struct map_type *type = map_type_get(side->info.type);

	return (type->batch & BATCH_LOOKUP) && !is_ordered(side);
}
