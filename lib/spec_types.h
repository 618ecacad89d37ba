/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes and types of a SPEC's keys and values: numbers, words of the codec, names in BTF. */
#ifndef BPFUSE_SPEC_TYPES_H
#define BPFUSE_SPEC_TYPES_H

#include <bpfuse/backend.h>

/* As the SPEC says them; NULL where it does not. */
struct spec_types {
	const char *key, *value;
	const char *btf; /* a file, or the id of a BTF object */
};

/*
 * Completes `spec`: sizes, and BTF with its type ids. Where there is BTF that defines a map of
 * spec->name, what the SPEC does not say is taken from there. *btf is the handle behind
 * spec->btf_fd, the caller's; *format is malloc'ed, or NULL if no words of the codec were used.
 */
int spec_types_apply(struct backend *backend, const struct spec_types *types, struct map_spec *spec,
		     struct handle **btf, char **format, struct fault *fault);

#endif
