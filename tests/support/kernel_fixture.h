/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel backend for tests: on a bpffs of their own that goes with the process. */
#ifndef BPFUSE_TESTS_KERNEL_FIXTURE_H
#define BPFUSE_TESTS_KERNEL_FIXTURE_H

#include <bpfuse/backend.h>

/* Why bpf(2) or a mount cannot be used here, for a test that skips; NULL: they can. */
const char *kernel_missing(void);
/*
 * Moves the process into a mount namespace of its own (once), mounts a bpffs there and opens it.
 * Everything is gone when the process ends. Ends the process with a sentence on failure.
 */
struct backend *kernel_fixture_open(void);
/* Where it is mounted. */
const char *kernel_fixture_directory(void);
/* criterion's main(); the second one skips (77) where bpf(2) is missing. */
int tests_main(int argc, char **argv);
int kernel_tests_main(int argc, char **argv);

#endif
