/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bpf_redirect_map() would do on a devmap or devmap_hash, without a packet.
 *
 * A request is words: "key=3 flags=broadcast,exclude_ingress ingress=eth0". The low two bits of
 * flags (a number among the flags' words) are the return code when the lookup fails, as in
 * kernel/net/core/filter.c and __bpf_xdp_redirect_map().
 */
#ifndef BPFUSE_REDIRECT_H
#define BPFUSE_REDIRECT_H

#include <bpfuse/backend.h>
#include <bpfuse/buffer.h>

#pragma GCC visibility push(default)

/*
 * Appends one line of JSON, without newline: {"action":"XDP_REDIRECT","targets":["eth1"]}.
 * -EINVAL and a sentence when the request cannot be read; -EOPNOTSUPP for other map types; else
 * what reading the map answers, but for -ENOENT: no entry is an answer, too.
 */
int redirect_simulate(struct handle *map, const char *request, size_t length, struct buffer *out,
		      struct fault *fault);

#pragma GCC visibility pop

#endif
