/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash that puts keys into buckets: Bob Jenkins's lookup3 (public domain), which the kernel
 * calls jhash. With BPF_F_ZERO_SEED the order of a walk is therefore the kernel's own.
 */
#ifndef BPFUSE_EMU_KEY_HASH_H
#define BPFUSE_EMU_KEY_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t key_hash(const void *key, size_t length, uint32_t seed);
/* A seed nobody can guess, so that nobody can choose colliding keys. */
uint32_t key_hash_seed(void);

#endif
