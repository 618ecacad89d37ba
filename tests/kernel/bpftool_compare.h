/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our text beside that of `bpftool -j map dump`: the same values, but for the spellings that
 * bpfuse-formats(5) lists. Numbers are compared as doubles.
 */
#ifndef BPFUSE_TESTS_BPFTOOL_COMPARE_H
#define BPFUSE_TESTS_BPFTOOL_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

/* The caller's: json_decref(). Fails the test if bpftool does. */
json_t *bpftool_dump(uint32_t id);
/* NULL if it does. */
json_t *bpftool_try_dump(uint32_t id);
/* Our JSON, read so that no number is too large. */
json_t *load_element(const char *text);
/* Are one value of ours and one "formatted" by bpftool the same? */
bool bpftool_agrees(const json_t *ours, const json_t *theirs);
/* Is our {"key":K,"value":V} among the dump's "formatted" ones? */
bool bpftool_shows(const json_t *dump, const json_t *element);

#endif
