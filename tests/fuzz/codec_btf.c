// SPDX-License-Identifier: BSD-2-Clause
/*
 * BTF, as a file or another tool may give it: whatever it says, a codec opens, and what it prints
 * it reads back. The first byte is a type id, the second the size of keys and values.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "../text/fake.h"
#include "codec_subject.h"

static void check_value(const struct codec *codec, unsigned char fill)
{
	unsigned char value[SUBJECT_BYTES], again[SUBJECT_BYTES];
	struct fault fault = FAULT_INIT;
	struct buffer out = BUFFER_INIT;

	memset(value, fill, sizeof(value));
	if (codec_print_key_json(codec, value, &out) ||
	    codec_parse_key_json(codec, out.data, out.length, again, &fault) ||
	    memcmp(value, again, codec_key_bytes(codec)) != 0)
		subject_differs("key", out.data, fault.text);
	buffer_reset(&out);
	if (codec_print_full_name(codec, value, &out) ||
	    codec_parse_name(codec, out.data, again, &fault) ||
	    memcmp(value, again, codec_key_bytes(codec)) != 0)
		subject_differs("name", out.data, fault.text);
	buffer_reset(&out);
	if (codec_print_value(codec, value, &out))
		subject_differs("value", out.data, "");
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault = FAULT_INIT;
	struct codec *codec;
	struct fake fake;
	uint32_t length;

	if (size < 2)
		return 0;
	length = data[1] % SUBJECT_BYTES + 1;
	fake_init(&fake, BPF_MAP_TYPE_HASH, length, length);
	fake.btf_data = data + 2;
	fake.btf_length = size - 2;
	fake.info.btf_id = 1;
	fake.info.btf_key_type_id = fake.info.btf_value_type_id = data[0];
	if (codec_open(&fake.map, NULL, &codec, &fault))
		subject_differs("BTF is refused", fault.text, "");
	check_value(codec, 0);
	check_value(codec, 0x41);
	check_value(codec, 0xff);
	codec_put(codec);
	return 0;
}
