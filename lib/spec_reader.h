/* SPDX-License-Identifier: BSD-2-Clause */
/* What spec.c and spec_words.c share: a SPEC while it is read. */
#ifndef BPFUSE_SPEC_READER_H
#define BPFUSE_SPEC_READER_H

#include <bpfuse/backend.h>
#include <bpfuse/spec.h>
#include "spec_types.h"
#include "text/arena.h"
#include "text/tree.h"

struct spec_reader {
	struct backend *backend;
	struct arena *arena;
	struct fault *fault;
	const struct spec_device_gate *gate; /* may be NULL */
	unsigned depth;			     /* inner maps may have SPECs of their own */
	struct map_spec spec;
	struct spec_types types;
	bool creates;		    /* a word of a map to be made was there */
	const char *object;	    /* "map", "prog", "link", "pinned": the word that names one */
	struct handle *inner, *btf; /* held until the map is made */
	struct handle *opened;
};

/* spec_words.c: every word of the tree into the reader, or -errno and a sentence. */
int spec_take_words(struct spec_reader *reader, const struct node *tree);
/*
 * spec.c: the map, or the object that is there already, of a SPEC within `outer`'s. *format is
 * malloc'ed, or NULL.
 */
int spec_create(struct spec_reader *outer, const struct node *tree, struct handle **map,
		char **format);

#endif
