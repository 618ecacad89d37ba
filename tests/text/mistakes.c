// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each mistake is refused, with a sentence of its own: which member, what was expected, what came,
 * and where. MISTAKES=show prints what is said, in the table's order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/spec.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include "fake.h"

enum how { VALUE, NAME, FORMAT, SPEC, ENTRY, ELEMENT, PERCPU, DEVMAP, CPUMAP, PROGS, MAPS };

struct mistake {
	enum how how;
	const char *type; /* of key and value */
	const char *text, *sentence;
};

static const struct mistake mistakes[] = {
#include "mistakes_table.h"
};

static const uint32_t map_types[] = {
	[VALUE] = BPF_MAP_TYPE_HASH,	     [NAME] = BPF_MAP_TYPE_HASH,
	[FORMAT] = BPF_MAP_TYPE_HASH,	     [SPEC] = BPF_MAP_TYPE_HASH,
	[ENTRY] = BPF_MAP_TYPE_HASH,	     [ELEMENT] = BPF_MAP_TYPE_HASH,
	[PERCPU] = BPF_MAP_TYPE_PERCPU_HASH, [DEVMAP] = BPF_MAP_TYPE_DEVMAP,
	[CPUMAP] = BPF_MAP_TYPE_CPUMAP,	     [PROGS] = BPF_MAP_TYPE_PROG_ARRAY,
	[MAPS] = BPF_MAP_TYPE_HASH_OF_MAPS,
};

/* The size of a type in words, by asking which one fits. */
static uint32_t size_of(const char *type)
{
	static const struct {
		const char *type;
		uint32_t size;
	} known[] = {
		{"u8", 1},
		{"s8", 1},
		{"bool", 1},
		{"u16", 2},
		{"s16", 2},
		{"be16", 2},
		{"be64", 8},
		{"u64", 8},
		{"s64", 8},
		{"f64", 8},
		{"mac", 6},
		{"ipv6", 16},
		{"u128", 16},
		{"s128", 16},
		{"lpm4", 8},
		{"lpm6", 20},
		{"hex[3]", 3},
		{"u8[3]", 3},
		{"u32[2][2]", 16},
		{"u32[2]", 8},
		{"{x:{y:u8}}", 1},
		{"{saddr:ipv4,dport:be16}", 8},
		{"{v:u16[2],w:{x:u8,y:u8}}", 6},
		{"{src:{addr:ipv4,port:be16},v:u16[2]}", 12},
	};

	for (size_t i = 0; type && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, type) == 0)
			return known[i].size;
	return 4;
}

static int try_spec(struct fake *fake, const char *text, struct fault *fault)
{
	struct handle *handle;
	char *format = NULL;
	int error = spec_open(&fake->backend, text, strlen(text), &handle, &format, NULL, fault);

	if (!error)
		handle_close(handle);
	free(format);
	return error;
}

static int try_format(struct fake *fake, const char *text, struct fault *fault)
{
	const struct codec_options options = {.format = text};
	struct codec *codec = NULL;
	int error = codec_open(&fake->map, &options, &codec, fault);

	codec_put(codec);
	return error;
}

static int try_text(struct fake *fake, const struct mistake *mistake, struct fault *fault)
{
	unsigned char key[64], value[64];
	struct value_input input = {.bytes = value};
	char format[256];
	struct codec *codec;
	int error;

	snprintf(format, sizeof(format), "%s%s%s%s",
		 mistake->how < PERCPU && mistake->type ? "key=" : "",
		 mistake->how < PERCPU && mistake->type ? mistake->type : "",
		 mistake->type ? " value=" : "", mistake->type ? mistake->type : "");
	codec = fake_codec(fake, format);
	if (mistake->how == NAME)
		error = codec_parse_name(codec, mistake->text, key, fault);
	else if (mistake->how == ENTRY)
		error = codec_parse_entry(codec, mistake->text, strlen(mistake->text), key, NULL,
					  &input, fault);
	else if (mistake->how == ELEMENT)
		error = codec_parse_element_json(codec, mistake->text, strlen(mistake->text), key,
						 NULL, &input, fault);
	else
		error = parse_value(codec, mistake->text, value, fault);
	value_input_release(&input);
	codec_put(codec);
	return error;
}

static int try_mistake(const struct mistake *mistake, struct fault *fault)
{
	uint32_t size = size_of(mistake->type);
	struct fake fake;
	int error;

	fake_init(&fake, map_types[mistake->how], mistake->how < PERCPU ? size : 4, size);
	if (mistake->how == DEVMAP || mistake->how == CPUMAP)
		fake.info.value_size = 8;
	if (mistake->how == SPEC)
		error = try_spec(&fake, mistake->text, fault);
	else if (mistake->how == FORMAT)
		error = try_format(&fake, mistake->text, fault);
	else
		error = try_text(&fake, mistake, fault);
	cr_expect_eq(fake.open_handles, 0, "%s: %d handles are left open", mistake->text,
		     fake.open_handles);
	return error;
}

Test(mistakes, are_explained)
{
	bool show = getenv("MISTAKES") != NULL;

	cr_assert(sizeof(mistakes) / sizeof(mistakes[0]) >= 200);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *mistake = &mistakes[i];
		struct fault fault = FAULT_INIT;
		int error = try_mistake(mistake, &fault);

		if (show) {
			fprintf(stderr, "%zu\t%d\t%s\n", i, error, fault.text);
			continue;
		}
		cr_expect(error < 0, "'%s' is taken", mistake->text);
		cr_expect_str_eq(fault.text, mistake->sentence, "'%s': '%s' is not '%s'",
				 mistake->text, fault.text, mistake->sentence);
	}
}
