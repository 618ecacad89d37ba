// SPDX-License-Identifier: BSD-2-Clause
/* Key names: what is taken prints as a name that is taken for the same key. */
#include <stdlib.h>
#include <string.h>
#include "codec_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codec = subject_codec(data, size);
	unsigned char key[SUBJECT_BYTES], again[SUBJECT_BYTES];
	struct buffer name = BUFFER_INIT;
	struct fault fault = FAULT_INIT;
	char *text;

	if (!codec)
		return 0;
	text = subject_text(data, size);
	if (codec_parse_name(codec, text, key, &fault) == 0) {
		if (codec_print_full_name(codec, key, &name) ||
		    codec_parse_name(codec, name.data, again, &fault) ||
		    memcmp(key, again, codec_key_bytes(codec)) != 0)
			subject_differs("name", text, name.data);
	}
	buffer_free(&name);
	free(text);
	return 0;
}
