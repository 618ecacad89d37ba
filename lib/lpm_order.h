/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order in which an LPM trie gives its keys: trie_get_next_key() walks it in postorder, so a
 * prefix comes behind all that are longer and begin with it, others by their first bit that
 * differs. It depends on nothing but the keys.
 */
#ifndef BPFUSE_LPM_ORDER_H
#define BPFUSE_LPM_ORDER_H

#include <stddef.h>

/* Negative: `a` is given before `b`; 0: the map takes them for the same key; else positive. */
int lpm_order(const void *a, const void *b, size_t key_size);

#endif
