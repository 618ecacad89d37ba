/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements of the maps of tests/bpf/types.bpf.c, as text. */
#ifndef BPFUSE_TESTS_TYPES_SAMPLES_H
#define BPFUSE_TESTS_TYPES_SAMPLES_H

#include <stdbool.h>

struct sample {
	const char *map;	 /* sections: ".bss" */
	const char *key, *value; /* as they are written and must read; per-CPU: of one CPU */
	bool alone;		 /* bpftool cannot print this */
};

/* Ends with one whose map is NULL. */
extern const struct sample types_samples[];

#endif
