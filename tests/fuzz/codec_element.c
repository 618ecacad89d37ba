// SPDX-License-Identifier: BSD-2-Clause
/* Members of `entries.json`: what is taken prints as one that is taken for the same element. */
#include <stdlib.h>
#include <string.h>
#include "codec_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codec = subject_codec(data, size);
	unsigned char key[2][SUBJECT_BYTES], value[2][SUBJECT_BYTES];
	struct value_input input = {.bytes = value[0]};
	struct buffer json = BUFFER_INIT;
	struct fault fault = FAULT_INIT;
	char *text;

	if (!codec)
		return 0;
	text = subject_text(data, size);
	if (codec_parse_element_json(codec, text, size - 1, key[0], NULL, &input, &fault) == 0 &&
	    !subject_is_reference(codec)) {
		struct value_input again = {.bytes = value[1]};

		if (codec_print_element_json(codec, key[0], value[0], &json) ||
		    codec_parse_element_json(codec, json.data, json.length, key[1], NULL, &again,
					     &fault) ||
		    memcmp(key[0], key[1], codec_key_bytes(codec)) != 0 ||
		    memcmp(value[0], value[1], codec_value_bytes(codec)) != 0)
			subject_differs("element", text, json.data);
	}
	value_input_release(&input);
	buffer_free(&json);
	free(text);
	return 0;
}
