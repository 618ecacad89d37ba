/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes to tree and tree to bytes: a pair of functions for each kind of type.
 *
 * render() makes a node, or NULL where the type cannot express the bytes (a value that it has no
 * text for, padding that is not zero); then the hex form stands in, or the parent gives up if the
 * member has no name to show it under. accept() writes type->size bytes, which are zero before,
 * or says in one sentence which member, what was expected, what came, and where.
 */
#ifndef BPFUSE_TEXT_KIND_H
#define BPFUSE_TEXT_KIND_H

#include <bpfuse/backend.h>
#include <bpfuse/codec.h>
#include <bpfuse/fault.h>
#include "text/tree.h"
#include "text/type.h"

struct renderer {
	struct arena *arena;
	struct backend *backend; /* for what references refer to; may be NULL */
	bool fell_back;		 /* the hex form stood in somewhere */
	bool failed;		 /* no memory */
};

struct acceptor {
	struct arena *arena;
	struct backend *backend;
	const struct codec_current *current; /* may be NULL */
	struct value_input *input;	     /* keeps the handles of references; NULL for keys */
	struct fault *fault;
};

/* The way to a member, for sentences: "src.port", "v[2]". */
struct where {
	const struct where *up;
	const char *name; /* NULL: an index */
	size_t length;
	size_t index;
};

/* Never NULL but for lack of memory: the type's text, or the hex form. */
struct node *render(struct renderer *renderer, const struct type *type, const unsigned char *bytes);
/* NULL where the type cannot express the bytes: no hex form for the whole. */
struct node *render_exact(struct renderer *renderer, const struct type *type,
			  const unsigned char *bytes);
int accept_node(struct acceptor *acceptor, const struct where *where, const struct type *type,
		const struct node *node, unsigned char *bytes);

/* Returns -EINVAL; "member: SENTENCE at position N". */
int accept_fault(struct acceptor *acceptor, const struct where *where, const struct node *node,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The common sentence: "expected EXPECTED, got NODE". */
int accept_mismatch(struct acceptor *acceptor, const struct where *where, const struct node *node,
		    const char *expected);

struct kind {
	struct node *(*render)(struct renderer *renderer, const struct type *type,
			       const unsigned char *bytes);
	int (*accept)(struct acceptor *acceptor, const struct where *where, const struct type *type,
		      const struct node *node, unsigned char *bytes);
};

extern const struct kind kind_integer, kind_bool, kind_enum, kind_float, kind_big_endian;
extern const struct kind kind_ipv4, kind_ipv6, kind_mac, kind_prefix4, kind_prefix6,
	kind_prefix_bytes;
extern const struct kind kind_text, kind_hex, kind_special;
extern const struct kind kind_array, kind_struct, kind_union, kind_section, kind_percpu;
extern const struct kind kind_map_reference, kind_prog_reference, kind_devmap, kind_cpumap;

/* Puts descriptors in the place of the ids that a value holds (codec_take_value()). */
int accept_ids(struct acceptor *acceptor, const struct type *type, unsigned char *bytes);

/* A number that fits the size and sign, from a word or a string; else the sentence for it. */
int accept_number(struct acceptor *acceptor, const struct where *where, const struct node *node,
		  uint32_t size, bool is_signed, uint64_t *number);
/* The text of a word or string node; false for other nodes. */
static inline bool node_has_text(const struct node *node)
{
	return node->kind == NODE_STRING || node->kind == NODE_WORD;
}

#endif
