/* SPDX-License-Identifier: BSD-2-Clause */
/* What a codec is made of; everything here is written once, in codec_open(). */
#ifndef BPFUSE_TEXT_CODEC_H
#define BPFUSE_TEXT_CODEC_H

#include <stdatomic.h>
#include <bpfuse/codec.h>
#include "text/arena.h"
#include "text/type.h"

struct codec {
	atomic_uint references;
	struct arena arena; /* all below lives in it */
	struct backend *backend;
	struct handle *forms; /* a map with forms of its own (map_parse_value()), or NULL */
	struct map_info info;
	const struct map_type *map_type;
	const struct type *key;	     /* as JSON */
	const struct type *key_name; /* as a file name: a prefix where the key is one */
	const struct type *value;    /* all CPUs of it */
	const struct type *element;  /* of one CPU; the value itself where there is only one */
	bool hex_keys, has_lock;
	const char *format, *note, *key_type_name, *value_type_name;
};

/* Room for the nodes of most elements, on the stack of whoever prints or parses. */
enum { CODEC_STACK = 4096 };

#endif
