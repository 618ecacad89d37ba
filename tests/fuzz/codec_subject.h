/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of the text codec share: the first byte of the input chooses among maps
 * of many types, the rest is text. Codecs are opened once.
 */
#ifndef BPFUSE_TESTS_FUZZ_CODEC_SUBJECT_H
#define BPFUSE_TESTS_FUZZ_CODEC_SUBJECT_H

#include <stdint.h>
#include <bpfuse/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUBJECT_BYTES = 256 }; /* more than any key or value of theirs has */

/* NULL for an empty input. */
const struct codec *subject_codec(const uint8_t *data, size_t size);
/* What is behind the choosing byte, as a string of its own: free() it. */
char *subject_text(const uint8_t *data, size_t size);
/* Ends the process, with both: they should have been equal. */
void subject_differs(const char *what, const char *text, const char *printed)
	__attribute__((noreturn));
/* Values refer to other objects: what is read back is not what was written. */
bool subject_is_reference(const struct codec *codec);

#endif
