// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "../text/fake.h"
#include "codec_subject.h"

static const struct {
	uint32_t map_type, key_size, value_size;
	const char *format;
} subjects[] = {
	{BPF_MAP_TYPE_HASH, 4, 8, NULL},
	{BPF_MAP_TYPE_HASH, 3, 5, NULL},
	{BPF_MAP_TYPE_HASH, 4, 4, "key=s32 value=s32"},
	{BPF_MAP_TYPE_HASH, 16, 16, "key=u128 value=s128"},
	{BPF_MAP_TYPE_HASH, 1, 1, "key=bool value=bool"},
	{BPF_MAP_TYPE_HASH, 8, 8, "key=f64 value=f64"},
	{BPF_MAP_TYPE_HASH, 4, 4, "key=ipv4 value=f32"},
	{BPF_MAP_TYPE_HASH, 16, 16, "key=ipv6 value=str"},
	{BPF_MAP_TYPE_HASH, 6, 6, "key=mac value=mac"},
	{BPF_MAP_TYPE_HASH, 8, 8, "key=str value=be64"},
	{BPF_MAP_TYPE_HASH, 100, 100, "key=str[100] value=str[100]"},
	{BPF_MAP_TYPE_HASH, 8, 8, "key={saddr:ipv4,dport:be16} value={a:u8,b:u32}"},
	{BPF_MAP_TYPE_HASH, 12, 12,
	 "key={src:{addr:ipv4,port:be16},v:u16[2]} value={s:str[4],n:s16[2],m:u8[4]}"},
	{BPF_MAP_TYPE_HASH, 12, 12, "key=u16[2][3] value={a:{b:{c:u8[3]}}}[4]"},
	{BPF_MAP_TYPE_LPM_TRIE, 8, 4, NULL},
	{BPF_MAP_TYPE_LPM_TRIE, 20, 4, NULL},
	{BPF_MAP_TYPE_LPM_TRIE, 7, 4, NULL},
	{BPF_MAP_TYPE_PERCPU_HASH, 4, 4, NULL},
	{BPF_MAP_TYPE_PERCPU_HASH, 4, 8, "value=u32[2]"},
	{BPF_MAP_TYPE_PERCPU_HASH, 4, 8, "value=str"},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, NULL},
	{BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, NULL},
	{BPF_MAP_TYPE_DEVMAP, 4, 8, NULL},
	{BPF_MAP_TYPE_CPUMAP, 4, 8, NULL},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static struct fake fakes[SUBJECTS];
static struct codec *codecs[SUBJECTS];

const struct codec *subject_codec(const uint8_t *data, size_t size)
{
	unsigned i = size ? data[0] % SUBJECTS : 0;

	if (!size)
		return NULL;
	if (!codecs[i]) {
		fake_init(&fakes[i], subjects[i].map_type, subjects[i].key_size,
			  subjects[i].value_size);
		codecs[i] = fake_codec(&fakes[i], subjects[i].format);
	}
	return codecs[i];
}

bool subject_is_reference(const struct codec *codec)
{
	for (unsigned i = 0; i < SUBJECTS; i++)
		if (codecs[i] == codec)
			return map_type_get(subjects[i].map_type)->value != VALUE_PLAIN;
	return false;
}

char *subject_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size);

	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	return text;
}

void subject_differs(const char *what, const char *text, const char *printed)
{
	fprintf(stderr, "%s: '%s' was taken, and printed as '%s', which is not the same\n", what,
		text, printed);
	abort();
}
