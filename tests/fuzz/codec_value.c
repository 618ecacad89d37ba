// SPDX-License-Identifier: BSD-2-Clause
/* Values: what is taken prints as a text that is taken for the same value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "codec_subject.h"

static int read_current(void *context, void *value)
{
	memset(value, 0, codec_value_bytes(context));
	return 0;
}

static int parse(const struct codec *codec, const char *text, size_t length, void *value)
{
	struct codec_current current = {read_current, (void *)codec};
	struct value_input input = {.bytes = value};
	struct fault fault = FAULT_INIT;
	int error = codec_parse_value(codec, text, length, &current, &input, &fault);

	if (error && error != -ENOMEM && !fault.text[0])
		subject_differs("an error without a sentence", text, "");
	value_input_release(&input);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codec = subject_codec(data, size);
	unsigned char value[SUBJECT_BYTES], again[SUBJECT_BYTES];
	struct buffer out = BUFFER_INIT;
	char *text;

	if (!codec)
		return 0;
	text = subject_text(data, size);
	if (parse(codec, text, size - 1, value) == 0 && !subject_is_reference(codec)) {
		if (codec_print_value(codec, value, &out) ||
		    parse(codec, out.data, out.length, again) ||
		    memcmp(value, again, codec_value_bytes(codec)) != 0)
			subject_differs("value", text, out.data);
	}
	buffer_free(&out);
	free(text);
	return 0;
}
