/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of a JSON object that somebody else wrote: present or not, of the type and range. */
#ifndef IMAGE_JSON_READ_H
#define IMAGE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <bpfuse/fault.h>

/* 1: there; 0: not there (or null), *out unchanged; -EINVAL and a sentence: something else. */
int json_read_u32(const json_t *object, const char *name, uint32_t *out, struct fault *fault);
int json_read_u64(const json_t *object, const char *name, uint64_t *out, struct fault *fault);
int json_read_bool(const json_t *object, const char *name, bool *out, struct fault *fault);
/* *out lives as long as the object. */
int json_read_string(const json_t *object, const char *name, const char **out, struct fault *fault);
int json_read_array(const json_t *object, const char *name, json_t **out, struct fault *fault);
/* The string copied into text of `size` bytes; too long is an error. */
int json_read_text(const json_t *object, const char *name, char *text, size_t size,
		   struct fault *fault);
/* Makes "not there" an error as well: 0 or -EINVAL. */
int json_read_required(int result, const char *name, struct fault *fault);

#endif
