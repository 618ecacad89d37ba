/* SPDX-License-Identifier: BSD-2-Clause */
/* What sections share with structs: a member at a time. */
#ifndef BPFUSE_TEXT_COMPOUND_H
#define BPFUSE_TEXT_COMPOUND_H

#include "text/kind.h"

bool gap_is_zero(const struct gap *gap, const unsigned char *bytes);
struct node *render_member(struct renderer *renderer, const struct member *member,
			   const unsigned char *bytes);
/* bytes are those of the whole struct. */
int accept_member(struct acceptor *acceptor, const struct where *where, const struct member *member,
		  const struct node *node, unsigned char *bytes);

#endif
