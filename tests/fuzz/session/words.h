/* SPDX-License-Identifier: BSD-2-Clause */
/* What the inputs of the session target choose from. Only add at the ends: inputs count places. */
#ifndef FUZZ_SESSION_WORDS_H
#define FUZZ_SESSION_WORDS_H

#include <stddef.h>
#include <stdint.h>

extern const char *const session_names[]; /* in directories */
extern const size_t session_name_count;
extern const char *const session_texts[]; /* to write, and targets of links */
extern const size_t session_text_count;
extern const char *const session_paths[]; /* from the root of scenario.json */
extern const size_t session_path_count;

const char *session_opcode_name(uint32_t opcode);

#endif
