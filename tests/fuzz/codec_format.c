// SPDX-License-Identifier: BSD-2-Clause
/*
 * Type expressions: a format that is taken is described by a format that is taken, with the same
 * description. The first byte is the size of keys and values.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "../text/fake.h"
#include "codec_subject.h"

static struct codec *try_format(struct fake *fake, const char *format)
{
	const struct codec_options options = {.format = format};
	struct fault fault = FAULT_INIT;
	struct codec *codec = NULL;

	if (codec_open(&fake->map, &options, &codec, &fault) && !fault.text[0])
		subject_differs("an error without a sentence", format, "");
	return codec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct codec *codec, *again = NULL;
	struct fake fake;
	char *text;

	if (!size)
		return 0;
	fake_init(&fake, BPF_MAP_TYPE_HASH, data[0] % 64 + 1, data[0] % 64 + 1);
	text = subject_text(data, size);
	codec = try_format(&fake, text);
	if (codec) {
		again = try_format(&fake, codec_format(codec));
		if (!again || strcmp(codec_format(codec), codec_format(again)) != 0)
			subject_differs("format", text, codec_format(codec));
	}
	codec_put(codec);
	codec_put(again);
	free(text);
	return 0;
}
