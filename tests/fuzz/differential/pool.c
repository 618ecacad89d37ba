// SPDX-License-Identifier: BSD-2-Clause
/* What keys and values are made of. */
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "side_parts.h"

/* What values of a type can name: mostly what fits, and a little of what does not. */
static enum thing pool_kind(const struct plan *plan, unsigned at)
{
	static const enum thing others[] = {THING_CLOSED,   THING_XDP,	     THING_SCHED_CLS,
					    THING_MAP_HASH, THING_MAP_ARRAY, THING_STDIN};
	const struct subject *subject = plan->subject;

	if (plan->wrong_things)
		return others[at % 6];
	if (subject->value == THING_DEVICE || subject->value == THING_QUEUE) {
		static const enum thing progs[] = {THING_XDP_DEVMAP, THING_XDP_CPUMAP,
						   THING_XDP_DEVMAP_FRAGS, THING_XDP_DEVMAP};

		return at < 4 ? progs[at] : others[at - 4];
	}
	return at < 4 ? subject->value : others[at - 4];
}

static uint32_t map_or_prog_id(struct side *side, int number)
{
	uint32_t id = 0;

	return side->world->identify(side->world, number, &id) ? 0 : id;
}

int pool_fill(struct side *side)
{
	const struct subject *subject = side->plan->subject;

	for (unsigned i = 0; i < POOL; i++) {
		int error;

		side->things[i] = -1;
		if (subject->value == THING_NONE)
			continue;
		error = side->world->make(side->world, pool_kind(side->plan, i), &side->things[i]);
		if (error)
			return error;
		side->ids[i] = map_or_prog_id(side, side->things[i]);
	}
	return 0;
}

static void key_index(const struct side *side, uint8_t n, unsigned char *key)
{
	uint32_t max = side->plan->max_entries;
	const uint32_t indexes[KEYS] = {0, 1, 2, 3,	  4,   5,	6,
					7, 8, 9, max - 1, max, max + 5, UINT32_MAX};

	memcpy(key, &indexes[n], sizeof(uint32_t));
}

/* Prefixes that contain each other, share beginnings, differ only behind the prefix. */
static void key_prefix(const struct side *side, uint8_t n, unsigned char *key)
{
	static const struct {
		uint8_t length, bytes[2];
	} prefixes[KEYS] = {
		{0, {0, 0}},	   {1, {0x80, 0}},     {4, {0xa0, 0}}, {8, {0xa5, 0}},
		{8, {0xa5, 0xff}}, {9, {0xa5, 0x80}},  {9, {0xa5, 0}}, {16, {0xa5, 0x5a}},
		{7, {0xa4, 0}},	   {8, {0x12, 0x34}},  {5, {0x18, 0}}, {3, {0x20, 0}},
		{255, {1, 1}},	   {12, {0xa5, 0x50}},
	};
	uint32_t bits = 8 * (side->info.key_size - 4), length = prefixes[n].length;

	/* 255 stands for one bit too many */
	length = length == 255 ? bits + 1 : length > bits ? bits : length;
	memcpy(key, &length, sizeof(length));
	key[4] = prefixes[n].bytes[0];
	if (side->info.key_size > 5)
		key[5] = prefixes[n].bytes[1];
}

void key_make(struct side *side, uint8_t n, unsigned char *key)
{
	n %= KEYS;
	memset(key, 0, side->info.key_size);
	if (map_type_get(side->info.type)->indexed)
		key_index(side, n, key);
	else if (side->info.type == BPF_MAP_TYPE_LPM_TRIE)
		key_prefix(side, n, key);
	else if (side->plan->subject->key && side->info.key_size == 4)
		memcpy(key, &(int){1000000}, 4); /* a number that is not open */
	else
		for (uint32_t i = 0; i < side->info.key_size; i++)
			key[i] = (unsigned char)(i ? n * 7 + i : n);
}

static void value_number(struct side *side, uint8_t n, unsigned char *value)
{
	const struct subject *subject = side->plan->subject;
	uint32_t number = (uint32_t)side->things[n % POOL];

	if (subject->value == THING_DEVICE) {
		const uint32_t devices[] = {1, side->ifindex, 0, 99999, 1, 1, side->ifindex};

		number = devices[n % 7];
	} else if (subject->value == THING_QUEUE) {
		const uint32_t queues[] = {192, 1, 0, 16384, 16385, 192, 64};

		number = queues[n % 7];
	}
	memcpy(value, &number, sizeof(number));
	if (side->info.value_size == 8 &&
	    (subject->value == THING_DEVICE || subject->value == THING_QUEUE)) {
		int prog = n % 2 ? side->things[n / 2 % POOL] : 0;

		memcpy(value + 4, &prog, sizeof(prog));
	}
}

void value_make(struct side *side, uint8_t n, unsigned char *value)
{
	n %= VALUES;
	memset(value, 0, side->value_bytes);
	if (side->plan->subject->value != THING_NONE && side->info.value_size >= 4)
		value_number(side, n, value);
	else
		for (size_t i = 0; i < side->value_bytes; i++)
			value[i] = (unsigned char)(n * 16 + i / 8);
}

const void *key_pointer(const struct side *side, const unsigned char *key)
{
	return side->info.key_size ? key : NULL;
}
