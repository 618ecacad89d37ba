/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in BTF that mean something: the rules are told in type_btf.h. */
#ifndef BPFUSE_TEXT_BTF_NAMES_H
#define BPFUSE_TEXT_BTF_NAMES_H

#include <stdbool.h>
#include <bpf/btf.h>

/* A member, variable or typedef that is a MAC address if its type allows. */
bool btf_names_mac(const char *name);
/* A struct that only the kernel and its programs may touch. */
bool btf_names_special(const char *name);
/* The same of a pointer: a kptr. */
bool btf_is_kernel_pointer(const struct btf *btf, const struct btf_type *pointer);

#endif
